//! Made-up cookies, each of them once, while real sessions are remembered and used now and then.

use std::time::Duration;

use tokio::{runtime::Runtime, task::JoinSet};
use tower_better_auth::{BetterAuth, Cache, RejectionKind};

use crate::{
    Figure, process,
    upstream::{self, Cookie},
};

const SESSIONS: u64 = 1_000;
const TASKS: u64 = 64;
/// A real session is used once in so many made-up ones.
const NOW_AND_THEN: u64 = 1_000;
const TTL: Duration = Duration::from_secs(24 * 60 * 60);
const CAPACITY: u64 = 10_000;

/// At the peak.
pub(crate) const MOST_RSS_GROWTH_MB: f64 = 32.0;

pub(crate) fn flood(is_quick: bool) -> Vec<Figure> {
    let cookies = if is_quick { 1_000_000 } else { 10_000_000 };
    let runtime = Runtime::new().expect("a runtime");
    let (builder, calls) = upstream::builder();
    let builder = builder.cache(Cache::ttl(TTL).capacity(CAPACITY));
    let auth = builder.build().expect("a valid configuration");
    runtime.block_on(use_all_sessions(&auth));
    let before = process::resident();
    runtime.block_on(send(&auth, cookies));
    let (after, peak) = (process::resident(), process::most_resident());
    runtime.block_on(use_all_sessions(&auth));
    vec![
        ("flood_cookies", cookies as f64),
        (
            "flood_upstream_calls",
            (calls.all() - calls.for_sessions()) as f64,
        ),
        ("flood_rss_before_mb", megabytes(before)),
        ("flood_rss_after_mb", megabytes(after)),
        ("flood_rss_peak_mb", megabytes(peak)),
        ("flood_rss_growth_mb", megabytes(peak - before)),
        // Each was asked for once when it was first used.
        ("flood_evicted", (calls.for_sessions() - SESSIONS) as f64),
    ]
}

async fn use_all_sessions(auth: &BetterAuth) {
    for number in 0..SESSIONS {
        use_session(auth, number).await;
    }
}

async fn use_session(auth: &BetterAuth, number: u64) {
    let headers = Cookie::SignedIn(number).headers();
    auth.validate(&headers).await.expect("signed in");
}

async fn send(auth: &BetterAuth, cookies: u64) {
    let mut running = JoinSet::new();
    for task in 0..TASKS {
        let auth = auth.clone();
        running.spawn(async move {
            for number in (task..cookies).step_by(TASKS as usize) {
                make_up(&auth, number).await;
                if number % NOW_AND_THEN == 0 {
                    use_session(&auth, number / NOW_AND_THEN % SESSIONS).await;
                }
            }
        });
    }
    running.join_all().await;
}

async fn make_up(auth: &BetterAuth, number: u64) {
    let headers = Cookie::SignedOut(number).headers();
    let rejection = auth.validate(&headers).await.expect_err("signed out");
    assert_eq!(rejection.kind(), RejectionKind::InvalidSession);
}

fn megabytes(bytes: f64) -> f64 {
    bytes / 1_000_000.0
}
