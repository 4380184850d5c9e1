//! Every kind of Better Auth server that a version can be: plugins, cookie cache, names of the cookies. A version is what
//! is installed where the server is started; `tests/versions` does that for several.

mod cell;
mod probe;

use std::time::Instant;

use futures_util::{StreamExt, stream};

use self::cell::{CACHES, Cell, PLUGINS, Version};

/// What became of a cell.
#[derive(Debug)]
enum Outcome {
    Passed,
    /// The version cannot be used like that, which is as documented, and nobody is let in.
    Skipped(&'static str),
    Failed(String),
}

/// Asks everything of one kind of server.
async fn visit(cell: Cell, version: Version) -> Outcome {
    // A task of its own, so that one cell that fails leaves the others alone.
    let probe = tokio::spawn(probe::probe(cell, version));
    match probe.await {
        Ok(outcome) => outcome,
        Err(error) => Outcome::Failed(words(error.into_panic().as_ref())),
    }
}

fn words(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().cloned();
    text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()))
        .unwrap_or_default()
}

#[expect(clippy::print_stdout, reason = "`tests/versions` reads it")]
async fn visit_all(cells: Vec<Cell>) {
    let version = Version::installed();
    let visits = stream::iter(cells).map(async |cell| {
        let started = Instant::now();
        let outcome = visit(cell, version).await;
        (cell, started.elapsed(), outcome)
    });
    let mut visits = std::pin::pin!(visits.buffer_unordered(2));
    let mut failed = Vec::new();
    while let Some((cell, elapsed, outcome)) = visits.next().await {
        let (word, why) = match outcome {
            Outcome::Passed => ("passed", String::new()),
            Outcome::Skipped(why) => ("skipped", why.to_owned()),
            Outcome::Failed(why) => {
                failed.push(format!("{cell}: {why}"));
                ("failed", why.replace('\n', " "))
            }
        };
        println!("cell {cell} {word} {:.1}s {why}", elapsed.as_secs_f32());
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn each_plugin_each_cookie_cache_and_both_names_of_cookies_pass_once() {
    let cells = PLUGINS.iter().enumerate().map(|(number, plugin)| Cell {
        plugin: *plugin,
        cache: CACHES[number % CACHES.len()],
        https: number % 2 == 1,
    });
    visit_all(cells.collect()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[ignore = "takes a minute: `tests/versions` runs it for each version"]
async fn every_plugin_passes_with_every_cookie_cache_and_both_names_of_cookies() {
    visit_all(Cell::all().collect()).await;
}
