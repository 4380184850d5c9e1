//! Redis down, slow, full, read-only, emptied or cut off: nobody is let in, logged out or kept waiting by it.

use std::{
    future::Future,
    pin::pin,
    sync::Arc,
    task::{Context, Waker},
    time::{Duration, Instant},
};

use tokio::{task::JoinSet, time::sleep};
use tower_better_auth::{Cache, Redis};

use super::{
    MILLI, SECRET, TTL, builder, get, is_heard, listening, process, redis, until, until_entries,
    wake,
};
use crate::support::{
    answer,
    app::App,
    mock::{Act, Mock},
    redis::{RedisServer, Wire},
};

/// With the time-out that is set by default.
fn hasty(url: String) -> Redis {
    Redis::new(url, SECRET)
}

fn is_deaf(auth: &tower_better_auth::BetterAuth) -> bool {
    let silence = auth.readiness().last_heard;
    silence.is_none_or(|silence| silence >= Redis::ISOLATED_TTL)
}

#[tokio::test]
async fn without_a_redis_the_auth_server_is_asked_and_little_is_remembered() {
    // A port that nobody listens on.
    let server = RedisServer::start().await;
    let url = server.url();
    drop(server);
    let mock = Mock::new();
    let auth = builder(&mock, hasty(url)).build().unwrap();
    let app = App::required(auth.clone());
    let begun = Instant::now();
    get(&app).await.assert_ok();
    get(&app).await.assert_ok();
    assert!(begun.elapsed() < 500 * MILLI);
    assert_eq!(mock.count(), 1);
    mock.does(Act::signed_out());
    sleep(Redis::ISOLATED_TTL).await;
    get(&app).await.assert_invalid();
    assert!(auth.readiness().is_ready());
    assert_eq!(auth.readiness().last_heard, None);
    auth.invalidate_all().await;
    assert!(begun.elapsed() < 3000 * MILLI);
}

#[tokio::test]
async fn a_redis_that_comes_back_is_used_again_and_what_it_has_lost_is_void() {
    let (mock, server) = (Mock::new(), RedisServer::start().await);
    let (first, here) = process(&mock, &server).await;
    let (second, there) = process(&mock, &server).await;
    get(&here).await.assert_ok();
    until_entries(&server, 1).await;
    get(&there).await.assert_ok();
    server.kill();
    until("nobody is heard", || is_deaf(&first) && is_deaf(&second)).await;
    // The others cannot have heard of this.
    first.invalidate_user("u1").await;
    mock.does(Act::signed_out());
    get(&there).await.assert_invalid();
    server.restart().await;
    until("others are heard", || is_heard(&first) && is_heard(&second)).await;
    mock.does(Act::signed_in());
    sleep(1050 * MILLI).await;
    let before = mock.count();
    get(&here).await.assert_ok();
    until_entries(&server, 1).await;
    get(&there).await.assert_ok();
    assert_eq!(mock.count(), before + 1);
}

#[tokio::test]
async fn a_redis_that_is_emptied_makes_everything_void_in_all_processes() {
    let (mock, server) = (Mock::new(), RedisServer::start().await);
    let (_, first) = process(&mock, &server).await;
    let (_, second) = process(&mock, &server).await;
    for app in [&first, &second] {
        get(app).await.assert_ok();
    }
    mock.does(Act::signed_out());
    let begun = Instant::now();
    server.order("FLUSHALL").await;
    for app in [&first, &second] {
        while get(app).await.status != 401 {
            assert!(begun.elapsed() < Redis::ISOLATED_TTL, "it is still let in");
            sleep(5 * MILLI).await;
        }
    }
}

#[tokio::test]
async fn a_stream_that_is_gone_makes_entries_void_that_are_still_there() {
    let (mock, server) = (Mock::new(), RedisServer::start().await);
    let (auth, app) = process(&mock, &server).await;
    get(&app).await.assert_ok();
    until_entries(&server, 1).await;
    mock.does(Act::signed_out());
    // Before the process can have read it.
    let stream = b"{better-auth:v1:bus}:revocations";
    server.run::<u64>(&[b"DEL", stream]).await.unwrap();
    sleep(1000 * MILLI).await;
    until("others are heard", || is_heard(&auth)).await;
    get(&app).await.assert_invalid();
    // Nor does anybody who comes later believe them.
    let (_, young) = process(&mock, &server).await;
    get(&young).await.assert_invalid();
}

#[tokio::test]
async fn a_redis_that_takes_no_writes_is_one_that_nobody_is_heard_through() {
    for way in ["full", "read-only"] {
        let (mock, server) = (Mock::new(), RedisServer::start().await);
        let (auth, app) = process(&mock, &server).await;
        get(&app).await.assert_ok();
        if way == "full" {
            server.order("CONFIG SET maxmemory 1").await;
        } else {
            // A replica of nobody.
            server.order("REPLICAOF 127.0.0.1 1").await;
        }
        until(way, || is_deaf(&auth)).await;
        // And what it remembers is not young any more.
        sleep(Redis::ISOLATED_TTL).await;
        mock.does(Act::signed_out());
        get(&app).await.assert_invalid();
        mock.does(Act::signed_in());
        if way == "full" {
            server.order("CONFIG SET maxmemory 0").await;
        } else {
            server.order("REPLICAOF NO ONE").await;
        }
        until("others are heard", || is_heard(&auth)).await;
        sleep(1050 * MILLI).await;
        get(&app).await.assert_ok();
        until_entries(&server, 1).await;
    }
}

#[tokio::test]
async fn a_redis_that_hangs_costs_a_check_the_time_out_and_the_next_ones_nothing() {
    let (mock, server) = (Mock::new(), RedisServer::start().await);
    let timeout = 200 * MILLI;
    let patient = hasty(server.url())
        .timeout(timeout)
        .isolated_ttl(20_000 * MILLI);
    let (_, app) = listening(builder(&mock, patient)).await;
    server.order("CLIENT PAUSE 3000 ALL").await;
    let mut waited = Vec::new();
    for number in 0..50 {
        let begun = Instant::now();
        let cookie = format!("better-auth.session_token=somebody{number}.s");
        app.get_as(&cookie, "/me").await.assert_ok();
        waited.push(begun.elapsed());
    }
    let long = waited.iter().filter(|waited| **waited > timeout / 2);
    assert_eq!(long.count(), 1, "{waited:?}");
    let longest = waited.iter().max().unwrap();
    assert!(*longest >= timeout && *longest < 3 * timeout, "{longest:?}");
}

#[tokio::test]
async fn a_redis_that_is_killed_under_load_and_comes_back_brings_no_wrong_outcome() {
    let (mock, server) = (Mock::new(), RedisServer::start().await);
    mock.plays(|call| {
        let cookie = call.headers()["cookie"].to_str().unwrap();
        if cookie.contains("good") {
            Act::signed_in()
        } else {
            Act::signed_out()
        }
    });
    let server = Arc::new(server);
    let mut apps = Vec::new();
    for _ in 0..3 {
        let short = builder(&mock, hasty(server.url())).cache(Cache::ttl(300 * MILLI));
        apps.push(listening(short).await.1);
    }
    let mut load = JoinSet::new();
    let begun = Instant::now();
    for worker in 0..30 {
        let app = apps[worker % 3].clone();
        load.spawn(async move {
            let (mut count, mut longest) = (0, Duration::ZERO);
            while begun.elapsed() < 5000 * MILLI {
                for (name, expected) in [("good", 200), ("bad", 401)] {
                    let begun = Instant::now();
                    let number = (worker + count) % 40;
                    let cookie = format!("better-auth.session_token={name}{number}.s");
                    let seen = app.get_as(&cookie, "/me").await;
                    assert_eq!(seen.status, expected, "{seen:?}");
                    longest = longest.max(begun.elapsed());
                    count += 1;
                }
                sleep(MILLI).await;
            }
            (count, longest)
        });
    }
    sleep(1000 * MILLI).await;
    server.kill();
    sleep(1500 * MILLI).await;
    server.restart().await;
    sleep(500 * MILLI).await;
    server.order("CLIENT PAUSE 700 ALL").await;
    let done = load.join_all().await;
    let checks: usize = done.iter().map(|(count, _)| count).sum();
    let longest = done.iter().map(|(_, longest)| longest).max().unwrap();
    eprintln!("{checks} checks, the longest {longest:?}");
    assert!(checks > 1000);
}

#[tokio::test]
async fn a_process_that_is_cut_off_is_stale_for_the_isolated_ttl_and_no_longer() {
    let (mock, server) = (Mock::new(), RedisServer::start().await);
    let wire = Wire::to(server.port()).await;
    let (auth, _) = process(&mock, &server).await;
    let (cut_off, app) = listening(builder(&mock, redis(wire.url()))).await;
    for round in 0..3 {
        mock.does(Act::signed_in());
        get(&app).await.assert_ok();
        let heard = Instant::now();
        wire.cut();
        mock.does(Act::signed_out());
        let revoked = Instant::now();
        auth.invalidate_user("u1").await;
        while get(&app).await.status != 401 {
            sleep(2 * MILLI).await;
        }
        let stale = revoked.elapsed();
        eprintln!("round {round}: stale for {stale:?}");
        assert!(
            heard.elapsed() < Redis::ISOLATED_TTL + 100 * MILLI,
            "{stale:?}"
        );
        wire.mend();
        until("others are heard", || is_heard(&cut_off)).await;
        sleep(1050 * MILLI).await;
    }
}

#[tokio::test]
async fn a_short_cut_loses_no_revocation_and_forgets_nothing_else() {
    let (mock, server) = (Mock::new(), RedisServer::start().await);
    let wire = Wire::to(server.port()).await;
    let (auth, _) = process(&mock, &server).await;
    let (cut_off, app) = listening(builder(&mock, redis(wire.url()))).await;
    let other = "better-auth.session_token=other.s";
    mock.plays(|call| {
        let is_other = call.headers()["cookie"].to_str().unwrap().contains("other");
        let mut session = answer::session();
        if is_other {
            session = answer::session_of(serde_json::json!({"id": "u2"}));
            session["session"]["id"] = "s2".into();
        }
        Act::session(&session)
    });
    get(&app).await.assert_ok();
    app.get_as(other, "/me").await.assert_ok();
    wire.cut();
    auth.invalidate_user("u1").await;
    until("nobody is heard", || is_deaf(&cut_off)).await;
    wire.mend();
    until("others are heard", || is_heard(&cut_off)).await;
    let before = mock.count();
    app.get_as(other, "/me").await.assert_ok();
    assert_eq!(mock.count(), before);
    get(&app).await.assert_ok();
    assert_eq!(mock.count(), before + 1);
}

#[tokio::test]
async fn a_process_that_starts_without_redis_finds_it_later() {
    let server = RedisServer::start().await;
    server.kill();
    let mock = Mock::new();
    let auth = builder(&mock, redis(server.url())).build().unwrap();
    wake(&auth).await;
    sleep(300 * MILLI).await;
    server.restart().await;
    until("others are heard", || is_heard(&auth)).await;
    let app = App::required(auth.clone());
    get(&app).await.assert_ok();
    until_entries(&server, 1).await;
    sleep(Redis::ISOLATED_TTL + 100 * MILLI).await;
    let before = mock.count();
    get(&app).await.assert_ok();
    assert_eq!(mock.count(), before, "it is remembered for {TTL:?}");
}

#[test]
fn outside_of_a_runtime_what_is_invalidated_is_forgotten_here_and_nobody_panics() {
    let auth = builder(&Mock::new(), redis("redis://127.0.0.1:1".to_owned()));
    let auth = auth.build().unwrap();
    let mut told = pin!(auth.invalidate_all());
    let polled = told.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    assert!(polled.is_ready());
}

#[cfg(feature = "webhooks")]
#[tokio::test]
async fn a_redis_that_is_slower_than_a_check_waits_does_not_have_webhooks_sent_for_ever() {
    use http::StatusCode;
    use serde_json::json;
    use tower::ServiceExt;

    use crate::revocation::{SECRET, Sent};

    let (mock, server) = (Mock::new(), RedisServer::start().await);
    let no_time = Redis::new(server.url(), super::SECRET).timeout(Duration::from_nanos(1));
    let (auth, _) = listening(builder(&mock, no_time)).await;
    let revocations = auth.revocations(SECRET).unwrap();
    let sent = Sent::of("session.revoked", json!({"sessionId": "s1"}));
    let Ok(told) = revocations.oneshot(sent.request()).await;
    assert_eq!(told.status(), StatusCode::NO_CONTENT);
}
