//! What a remembered session costs, with a million of them.

use std::{hint::black_box, sync::Arc, time::Duration};

use tokio::{runtime::Runtime, task::JoinSet};
use tower_better_auth::{AuthSession, BetterAuth, Cache};

use crate::{
    Figure, figure, process,
    upstream::{self, Cookie},
};

const SESSIONS: u64 = 1_000_000;
const TASKS: u64 = 16;
const TTL: Duration = Duration::from_secs(60 * 60);
/// With room to spare, so that all are kept.
const CAPACITY: u64 = 2_000_000;

/// Beyond the user's own JSON.
pub(crate) const MOST_BYTES_PER_SESSION: f64 = 1_200.0;

/// The JSON that the auth server sends for one session.
pub(crate) fn sizes() -> Vec<Figure> {
    vec![
        (
            "json_of_the_answer_bytes",
            upstream::session(SESSIONS / 2).len() as f64,
        ),
        (
            "json_of_the_user_bytes",
            upstream::user(SESSIONS / 2).len() as f64,
        ),
    ]
}

/// The sessions decoded and held in a list, without a cache.
pub(crate) fn sessions_alone() -> Vec<Figure> {
    let before = process::resident();
    let decode = |number| {
        let session = serde_json::from_str::<AuthSession>(&upstream::session(number));
        Arc::new(session.expect("it can be decoded"))
    };
    let sessions: Vec<_> = (0..SESSIONS).map(decode).collect();
    let grown = process::resident() - before;
    black_box(sessions);
    vec![("rss_of_a_session_alone_bytes", grown / SESSIONS as f64)]
}

/// The same sessions in the cache of a handle.
pub(crate) fn sessions_in_the_cache() -> Vec<Figure> {
    let runtime = Runtime::new().expect("a runtime");
    let (builder, calls) = upstream::builder();
    let builder = builder.cache(Cache::ttl(TTL).capacity(CAPACITY));
    let auth = builder.build().expect("a valid configuration");
    let before = process::resident();
    runtime.block_on(check_all(&auth));
    let grown = process::resident() - before;
    assert_eq!(calls.for_sessions(), SESSIONS);
    runtime.block_on(check_all(&auth));
    assert_eq!(calls.for_sessions(), SESSIONS, "all of them are remembered");
    vec![(
        "rss_of_a_session_in_the_cache_bytes",
        grown / SESSIONS as f64,
    )]
}

async fn check_all(auth: &BetterAuth) {
    let mut running = JoinSet::new();
    for task in 0..TASKS {
        let auth = auth.clone();
        running.spawn(async move {
            for number in (task..SESSIONS).step_by(TASKS as usize) {
                let headers = Cookie::SignedIn(number).headers();
                auth.validate(&headers).await.expect("signed in");
            }
        });
    }
    running.join_all().await;
}

/// What follows from the others.
pub(crate) fn per_session(figures: &[Figure]) -> Vec<Figure> {
    let cached = figure(figures, "rss_of_a_session_in_the_cache_bytes");
    let alone = figure(figures, "rss_of_a_session_alone_bytes");
    let json = figure(figures, "json_of_the_user_bytes");
    vec![
        ("added_by_the_cache_bytes", cached - alone),
        ("bytes_per_session", cached - json),
    ]
}
