//! What is set, and what cannot be.

use std::time::{Duration, Instant};

use tokio::time::sleep;
use tower_better_auth::{Cache, ConfigError, Redis};

use super::{MILLI, SECRET, TTL, get, is_heard, listening, until, until_entries};
use crate::support::{
    mock::{Act, Mock},
    redis::RedisServer,
};

#[test]
fn what_cannot_work_is_found_at_start_up_with_the_fix_and_without_the_password() {
    let mock = Mock::new();
    let cached = || mock.builder().cache(Cache::ttl(TTL));
    let redis = || Redis::new("redis://:s3cret-pass@localhost", SECRET);
    let own = |_: &[u8]| Ok(None);
    for (builder, expected) in [
        (mock.builder().redis(redis()), "call `cache` as well"),
        (
            mock.builder()
                .cache(Cache::ttl(Duration::ZERO))
                .redis(redis()),
            "call `cache` as well",
        ),
        (
            cached().redis(Redis::new("redis://localhost", "short")),
            "`openssl rand -base64 32`",
        ),
        (
            cached().redis(Redis::new("http://:s3cret-pass@localhost", SECRET)),
            "write it like `redis://",
        ),
        (
            cached().redis(Redis::cluster(Vec::<String>::new(), SECRET)),
            "at least one node",
        ),
        (cached().redis(redis().namespace("a:b")), "1 to 64 letters"),
        (cached().redis(redis().timeout(Duration::ZERO)), "`timeout`"),
        (
            cached().redis(redis().isolated_ttl(Duration::ZERO)),
            "`isolated_ttl`",
        ),
        (cached().redis(redis()).decode_with(own), "`namespace`"),
    ] {
        let error = builder.build().unwrap_err();
        assert!(matches!(error, ConfigError::Redis { .. }), "{error:?}");
        let told = format!("{error} {error:?}");
        assert!(told.contains("`redis` cannot be used"), "{told}");
        assert!(told.contains(expected), "{told}");
        assert!(!told.contains("s3cret"), "{told}");
    }
    let tls = Redis::new("rediss://:s3cret-pass@cache.internal", SECRET);
    assert!(cached().redis(tls).build().is_ok());
}

#[test]
fn the_defaults_are_those_that_are_documented() {
    assert_eq!(Redis::NAMESPACE, "better-auth");
    assert_eq!(Redis::TIMEOUT, 50 * MILLI);
    assert_eq!(Redis::ISOLATED_TTL, 1000 * MILLI);
}

#[tokio::test]
async fn without_settings_the_defaults_hold() {
    let (mock, server) = (Mock::new(), RedisServer::start().await);
    let cached = mock.builder().cache(Cache::ttl(TTL));
    let (auth, app) = listening(cached.redis(Redis::new(server.url(), SECRET))).await;
    get(&app).await.assert_ok();
    until_entries(&server, 1).await;
    for key in server.keys().await {
        let key = String::from_utf8(key).unwrap();
        let begins = |prefix| key.starts_with(prefix);
        assert!(
            begins("better-auth:v1:") || begins("{better-auth:v1:"),
            "{key}"
        );
    }
    server.order("CLIENT PAUSE 5000 ALL").await;
    let begun = Instant::now();
    app.get_as("better-auth.session_token=another.s", "/me")
        .await
        .assert_ok();
    let waited = begun.elapsed();
    assert!(
        waited >= Redis::TIMEOUT && waited < 10 * Redis::TIMEOUT,
        "{waited:?}"
    );
    // Nobody is heard: it is believed for a second after it was asked for.
    sleep(1100 * MILLI).await;
    assert!(!is_heard(&auth));
    mock.does(Act::signed_out());
    get(&app).await.assert_invalid();
}

#[tokio::test]
async fn the_isolated_ttl_that_is_set_holds() {
    let (mock, server) = (Mock::new(), RedisServer::start().await);
    let cached = mock.builder().cache(Cache::ttl(TTL));
    let redis = Redis::new(server.url(), SECRET).isolated_ttl(3000 * MILLI);
    let (auth, app) = listening(cached.redis(redis)).await;
    get(&app).await.assert_ok();
    server.kill();
    mock.does(Act::signed_out());
    let begun = Instant::now();
    while begun.elapsed() < 2000 * MILLI {
        get(&app).await.assert_ok();
        sleep(50 * MILLI).await;
    }
    until("it is over", || begun.elapsed() > 3100 * MILLI).await;
    get(&app).await.assert_invalid();
    drop(auth);
}

#[tokio::test]
async fn a_password_is_used() {
    let server = RedisServer::start().await;
    server.order("ACL SETUSER default >s3cret-pass").await;
    let mock = Mock::new();
    let url = server.url().replace("redis://", "redis://:s3cret-pass@");
    let cached = mock.builder().cache(Cache::ttl(TTL));
    let (_, app) = listening(cached.redis(Redis::new(url, SECRET))).await;
    get(&app).await.assert_ok();
}
