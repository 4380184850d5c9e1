//! A fleet: several handles in this process, each of which knows nothing of the others but through one Redis.

mod bars;
mod cluster;
mod cryptography;
mod distrust;
mod outages;
mod real_server;
mod revocations;
mod settings;
mod sharing;

use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};
use tower_better_auth::{BetterAuth, BetterAuthBuilder, Cache, Redis};

use crate::support::{answer, app::App, mock::Mock, redis::RedisServer};

const TTL: Duration = Duration::from_secs(60);
const SECRET: &str = "0123456789abcdef0123456789abcdef";
const MILLI: Duration = Duration::from_millis(1);

/// Redis on a machine that is busy with other tests. The default is what `bars` and `settings` are about.
fn redis(url: String) -> Redis {
    Redis::new(url, SECRET).timeout(Duration::from_secs(2))
}

fn builder(mock: &Mock, redis: Redis) -> BetterAuthBuilder {
    mock.builder().cache(Cache::ttl(TTL)).redis(redis)
}

/// One process of the fleet, which hears the others.
async fn process(mock: &Mock, server: &RedisServer) -> (BetterAuth, App) {
    listening(builder(mock, redis(server.url()))).await
}

async fn listening(builder: BetterAuthBuilder) -> (BetterAuth, App) {
    let auth = builder.build().unwrap();
    wake(&auth).await;
    until("others are heard", || is_heard(&auth)).await;
    (auth.clone(), App::required(auth))
}

/// What a process shares begins with its first check. This one is of somebody whom nobody asks about again.
async fn wake(auth: &BetterAuth) {
    let app = App::required(auth.clone());
    app.get_as("better-auth.session_token=nobody.s", "/me")
        .await;
}

fn is_heard(auth: &BetterAuth) -> bool {
    let silence = auth.readiness().last_heard;
    silence.is_some_and(|silence| silence < Duration::from_millis(600))
}

/// Waits until it is so, for a while.
async fn until(what: &str, is_so: impl Fn() -> bool) {
    let limit = Duration::from_secs(20);
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < limit, "not within {limit:?}: {what}");
        sleep(5 * MILLI).await;
    }
}

/// Waits until Redis has been given what was asked for, which happens in the background.
async fn until_entries(server: &RedisServer, count: usize) {
    let all = async {
        while server.entries().await.len() != count {
            sleep(5 * MILLI).await;
        }
    };
    let limit = Duration::from_secs(20);
    let within = timeout(limit, all).await;
    within.unwrap_or_else(|_| panic!("not {count} entries within {limit:?}"));
}

async fn get(app: &App) -> crate::support::app::Seen {
    app.get_as(&answer::cookie(), "/me").await
}
