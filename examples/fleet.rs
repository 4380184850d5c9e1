//! Three processes, one Redis, one Better Auth: a session that ends is refused by all of them at once, although each
//! remembers sessions for five minutes.
//!
//! ```sh
//! cargo run --example fleet
//! ```
//!
//! Needs `redis-server` in the PATH, or the address of a Redis in `REDIS_URL`. With Node, and after `npm install` in
//! `examples/better-auth`, the auth server is a real one, whose plugin tells one of the processes what it revokes.
//! Otherwise it is an embedded one, and one of the processes revokes by itself.
#![allow(clippy::print_stdout)]

use std::{env, error::Error, time::Duration};

#[path = "fleet/better_auth.rs"]
mod better_auth;
#[path = "fleet/child.rs"]
mod child;
#[path = "fleet/redis.rs"]
mod redis;
#[path = "fleet/service.rs"]
mod service;
#[path = "fleet/tour.rs"]
mod tour;

/// How long each process remembers a session.
const TTL: Duration = Duration::from_secs(300);

/// Shared by the fleet: who knows it can read what the processes tell each other.
const FLEET_SECRET: &str = "an example's secret: make your own!!";

/// Shared with the auth server: who knows it can revoke.
const WEBHOOK_SECRET: &str = "whsec_ZXhhbXBsZSBzZWNyZXQsIG1ha2UgeW91ciBvd24h";

type Result<T, E = Box<dyn Error>> = std::result::Result<T, E>;

#[tokio::main]
async fn main() -> Result<()> {
    tracing_subscriber::fmt()
        .with_max_level(tracing::Level::WARN)
        .with_writer(std::io::stderr)
        .init();
    match env::var("FLEET_SERVICE") {
        Ok(listener) => service::serve(&listener).await,
        Err(_) => tour::run().await,
    }
}
