//! How the library behaves with many tasks, many sessions and a flood of made-up cookies, without a network.
//!
//! `cargo bench --bench scale`, or `cargo bench --bench scale -- --quick`. Needs Linux, for `/proc`. What is measured
//! stands in `benches/README.md`.

#![allow(clippy::print_stdout)]
// Counts become figures, and none is too large for it.
#![allow(clippy::cast_precision_loss, clippy::cast_possible_truncation)]

mod flood;
mod memory;
mod process;
mod throughput;
mod upstream;

use std::{env, process::ExitCode};

/// Something measured, and how much it is.
type Figure = (&'static str, f64);

/// The most that a figure may be.
const BARS: [Figure; 3] = [
    ("bytes_per_session", memory::MOST_BYTES_PER_SESSION),
    ("flood_rss_growth_mb", flood::MOST_RSS_GROWTH_MB),
    ("flood_evicted", 0.0),
];

fn main() -> ExitCode {
    let is_quick = env::args().any(|argument| argument == "--quick");
    // What looks at memory has a process of its own, so that it does not see what another part has left behind.
    match process::part().as_deref() {
        None => all(is_quick),
        Some("sessions") => process::report(&memory::sessions_alone()),
        Some("cache") => process::report(&memory::sessions_in_the_cache()),
        Some("flood") => process::report(&flood::flood(is_quick)),
        Some(unknown) => panic!("there is no part `{unknown}`"),
    }
}

fn all(is_quick: bool) -> ExitCode {
    throughput::print_table(is_quick);
    let mut figures = memory::sizes();
    figures.extend(process::run("sessions"));
    figures.extend(process::run("cache"));
    figures.extend(memory::per_session(&figures));
    figures.extend(process::run("flood"));
    judge(&figures)
}

/// Prints all figures, those with a bar last.
fn judge(figures: &[Figure]) -> ExitCode {
    let bar = |name: &str| BARS.iter().find(|(barred, _)| *barred == name);
    let (barred, plain): (Vec<_>, Vec<_>) =
        figures.iter().partition(|(name, _)| bar(name).is_some());
    println!();
    for (name, value) in plain.iter().chain(&barred) {
        println!("{name} {value:.1}");
    }
    let mut is_missed = barred.len() < BARS.len();
    for (name, value) in barred {
        if let Some((_, most)) = bar(name).filter(|(_, most)| value > *most) {
            eprintln!("{name} is {value:.1}, and {most:.1} is the most that it may be");
            is_missed = true;
        }
    }
    if is_missed {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    }
}

fn figure(figures: &[Figure], name: &str) -> f64 {
    let figure = figures.iter().find(|(known, _)| *known == name);
    figure
        .unwrap_or_else(|| panic!("`{name}` was not measured"))
        .1
}
