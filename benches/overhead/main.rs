//! What a check costs, in process: each application's time for a request, less that of a bare axum router for the very
//! same request.
//!
//! `cargo bench --bench overhead`. All applications take turns in rounds of half a millisecond; every figure is that of the
//! rounds that nothing disturbed, so that whatever else the machine does says little. The ratios are what to look at.
//! `-- --only <name> <times>` runs one application that often and measures nothing: for a profiler to look at.

// It prints: that is what it is for.
#![allow(clippy::print_stdout)]

mod apps;
mod measure;
mod uncached;

use apps::App;
use measure::{Measured, Rounds};

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let apps = apps::all().await;
    if let [_, name, times, ..] = arguments.as_slice()
        && arguments[0] == "--only"
    {
        let times = times.parse().expect("how often");
        only(apps, name, times).await;
        return;
    }
    let rounds = Rounds::default();
    let measured = rounds.run(apps).await;
    print_table(&measured);
    let uncached = uncached::measure().await;
    println!();
    println!("with a server that computes for a millisecond, p50: {uncached}");
    println!();
    print_ratios(&measured);
    println!("ratio uncached_to_reqwest {:.3}", uncached.ratio());
}

async fn only(apps: Vec<App>, name: &str, times: usize) {
    let known: Vec<_> = apps.iter().map(|app| app.name).collect();
    let app = apps.into_iter().find(|app| app.name == name);
    let mut app = app.unwrap_or_else(|| panic!("no application `{name}` among {known:?}"));
    for _ in 0..times {
        app.serve().await;
    }
}

fn print_table(measured: &[Measured]) {
    println!("{:<24} {:>12} {:>12}", "", "a request", "of it added");
    for Measured { name, total, added } in measured {
        println!("{name:<24} {total:>9.0} ns {added:>9.0} ns");
    }
}

/// What one adds, divided by what another does.
fn print_ratios(measured: &[Measured]) {
    let added = |name: &str| {
        let found = measured.iter().find(|measured| measured.name == name);
        found.expect("an application of that name").added
    };
    for (ratio, of, to) in [
        ("cached_to_eddsa", "cached", "eddsa"),
        ("anonymous_to_hs256", "anonymous", "hs256"),
        ("in_process_to_hs256", "uncached_in_process", "hs256"),
        ("cached_to_hs256", "cached", "hs256"),
        ("cached_with_role_to_hs256", "cached_with_role", "hs256"),
        ("cached_with_layer_to_hs256", "cached_with_layer", "hs256"),
        ("cached_to_axum_login", "cached", "axum_login"),
    ] {
        println!("ratio {ratio} {:.3}", added(of) / added(to));
    }
}
