//! Everything that can go wrong on the way to the auth server, over a real socket, through the default transport.
//!
//! A failure is a 503 in time, with `Retry-After`, without a word of what was sent or answered, and no handler runs.

mod bodies;
mod clients;
mod decoders;
mod knobs;
mod log;
mod memory;
mod reused;
mod statuses;
#[cfg(any(feature = "rustls", feature = "native-tls"))]
mod tls;
mod unreachable;
mod wire;

use std::time::Duration;

use tokio::task::JoinSet;
use tower_better_auth::{BetterAuth, BetterAuthBuilder};

use crate::support::{
    answer,
    probe::{self, Seen},
    raw_server::{RawServer, Script},
};

const DEADLINE: Duration = Duration::from_millis(300);

/// What a busy machine may add. Both together stay below the default deadline, so that one that is ignored shows.
const EPSILON: Duration = Duration::from_millis(3500);

/// Far from what any answer takes even on a busy machine, so that it is the answer that decides.
const PATIENCE: Duration = Duration::from_secs(20);

/// What an upstream says about itself, which no client may read.
const UPSTREAM_TEXT: &str = "upstream-s3cret";

fn builder(url: impl AsRef<str>) -> BetterAuthBuilder {
    BetterAuth::builder(url).deadline(PATIENCE)
}

/// A name, what the server does, and what the client sees.
type Row = (String, Script, &'static str);

/// Sends a signed-in request for each row to a server of its own, all at once. None waits for its deadline.
async fn each_row(rows: Vec<Row>) {
    each_row_within(PATIENCE, PATIENCE, rows).await;
}

/// The same for servers that keep a client waiting.
async fn each_row_at_the_deadline(rows: Vec<Row>) {
    each_row_within(DEADLINE, DEADLINE + EPSILON, rows).await;
}

async fn each_row_within(deadline: Duration, limit: Duration, rows: Vec<Row>) {
    let mut running = JoinSet::new();
    for (name, script, expected) in rows {
        running.spawn(async move {
            let server = RawServer::start(script).await;
            let builder = BetterAuth::builder(server.url()).deadline(deadline);
            let auth = builder.build().unwrap();
            let (seen, handled) = probe::ask(auth).await;
            assert!(seen.elapsed < limit, "{name} took {:?}", seen.elapsed);
            assert_outcome(&name, &seen, handled, expected);
        });
    }
    while let Some(row) = running.join_next().await {
        row.unwrap();
    }
}

fn assert_outcome(name: &str, seen: &Seen, handled: usize, expected: &str) {
    assert_eq!(seen.summary(), expected, "{name}: {}", seen.text());
    assert_eq!(
        handled,
        usize::from(expected == "200"),
        "{name}: the handler"
    );
    assert_eq!(
        seen.header("retry-after").is_some(),
        expected == UNAVAILABLE,
        "{name}: Retry-After"
    );
    for secret in [
        answer::TOKEN,
        "127.0.0.1",
        "http://",
        UPSTREAM_TEXT,
        "get-session",
    ] {
        assert!(
            !seen.text().contains(secret),
            "{name} tells {secret}: {}",
            seen.text()
        );
    }
}

const UNAVAILABLE: &str = "503 AUTH_SERVICE_UNAVAILABLE";
const SIGNED_OUT: &str = "401 INVALID_SESSION";
const BANNED: &str = "403 USER_BANNED";
const ACTIVE: &str = "200";
