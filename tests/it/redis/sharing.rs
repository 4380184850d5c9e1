//! What one process has asked about need not be asked about by the others.

use std::time::SystemTime;

use http::{Request, header};
use serde_json::json;
use tokio::time::sleep;
use tower_better_auth::Cache;

use super::{MILLI, TTL, builder, get, listening, process, redis, until, until_entries, wake};
use crate::support::{
    answer,
    app::App,
    mock::{Act, Mock},
    redis::RedisServer,
};

/// Calls about the user, without those that wake a process up.
fn calls(mock: &Mock) -> usize {
    let cookie = |call: &Request<_>| call.headers()[header::COOKIE].to_str().unwrap().to_owned();
    let calls = mock.calls();
    let about = calls.iter().filter(|call| !cookie(call).contains("nobody"));
    about.count()
}

/// Nobody is signed in but those whose cookie is known.
fn strict() -> Mock {
    let mock = Mock::new();
    mock.plays(|call| {
        let cookie = call.headers()[header::COOKIE].to_str().unwrap();
        if cookie == answer::cookie() {
            Act::signed_in()
        } else {
            Act::signed_out()
        }
    });
    mock
}

#[tokio::test]
async fn a_session_that_one_process_has_asked_about_is_known_to_the_others() {
    let (mock, server) = (strict(), RedisServer::start().await);
    let (_, first) = process(&mock, &server).await;
    let (_, second) = process(&mock, &server).await;
    let asked = get(&first).await;
    asked.assert_user("u1");
    until_entries(&server, 1).await;
    let shared = get(&second).await;
    shared.assert_user("u1");
    assert_eq!(asked.body, shared.body);
    assert_eq!(calls(&mock), 1);
    // And so is every field of it, as the first process was told.
    let session = second.get_as(&answer::cookie(), "/session").await;
    let mut expected = answer::session();
    expected["session"].as_object_mut().unwrap().remove("token");
    for side in ["session", "user"] {
        for (name, value) in expected[side].as_object().unwrap() {
            assert_eq!(&session.body[side][name], value, "{name}");
        }
    }
}

#[tokio::test]
async fn what_is_signed_out_is_not_shared_and_takes_away_what_was() {
    let (mock, server) = (strict(), RedisServer::start().await);
    let (_, first) = process(&mock, &server).await;
    let (_, second) = process(&mock, &server).await;
    get(&first).await.assert_ok();
    until_entries(&server, 1).await;
    mock.does(Act::signed_out());
    let live = first.get_as(&answer::cookie(), "/live").await;
    live.assert_invalid();
    until_entries(&server, 0).await;
    get(&second).await.assert_invalid();
    assert_eq!(calls(&mock), 3);
    // Made-up cookies leave nothing there, and cost Redis a look and no more.
    server.order("CONFIG RESETSTAT").await;
    for number in 0..20 {
        let cookie = format!("better-auth.session_token=made-up{number}.s");
        second.get_as(&cookie, "/me").await.assert_invalid();
    }
    assert_eq!(server.count("getrange").await, 20);
    assert_eq!(server.count("del").await, 0);
    assert_eq!(server.entries().await.len(), 0);
}

#[tokio::test]
async fn what_is_asked_past_the_caches_is_written_to_both() {
    let (mock, server) = (strict(), RedisServer::start().await);
    let (_, first) = process(&mock, &server).await;
    let (_, second) = process(&mock, &server).await;
    let mut renamed = answer::session();
    get(&first).await.assert_ok();
    until_entries(&server, 1).await;
    let key = server.entries().await.remove(0);
    let before = server.get(&key).await;
    renamed["user"]["name"] = "Countess".into();
    mock.does(Act::session(&renamed));
    first.get_as(&answer::cookie(), "/live").await.assert_ok();
    while server.get(&key).await == before {
        sleep(MILLI).await;
    }
    assert_eq!(get(&second).await.body["name"], "Countess");
    assert_eq!(calls(&mock), 2);
}

#[tokio::test]
async fn the_ttl_counts_from_the_first_process_that_asked_and_so_does_that_of_redis() {
    let (mock, server) = (strict(), RedisServer::start().await);
    let ttl = 1500 * MILLI;
    let short = || builder(&mock, redis(server.url())).cache(Cache::ttl(ttl));
    let (_, first) = listening(short()).await;
    let (_, second) = listening(short()).await;
    let asked = std::time::Instant::now();
    get(&first).await.assert_ok();
    until_entries(&server, 1).await;
    sleep(ttl * 8 / 10 - asked.elapsed()).await;
    get(&second).await.assert_ok();
    mock.does(Act::signed_out());
    let left = ttl.saturating_sub(asked.elapsed());
    sleep(left + 20 * MILLI).await;
    get(&second).await.assert_invalid();
    until_entries(&server, 0).await;
}

#[tokio::test]
async fn one_process_asks_ahead_of_the_end_for_all_of_them() {
    let (mock, server) = (strict(), RedisServer::start().await);
    let ttl = 4000 * MILLI;
    let short = || builder(&mock, redis(server.url())).cache(Cache::ttl(ttl));
    let mut apps = Vec::new();
    for _ in 0..4 {
        apps.push(listening(short()).await.1);
    }
    let begun = std::time::Instant::now();
    while begun.elapsed() < 2 * ttl {
        for app in &apps {
            get(app).await.assert_ok();
            sleep(10 * MILLI).await;
        }
    }
    // Each by itself would make three calls. Some begin at the same moment as another.
    let calls = calls(&mock);
    assert!((2..=8).contains(&calls), "{calls}");
}

#[tokio::test]
async fn nobody_waits_for_a_session_that_is_in_use() {
    let (mock, server) = (strict(), RedisServer::start().await);
    let ttl = 4000 * MILLI;
    let short = builder(&mock, redis(server.url())).cache(Cache::ttl(ttl));
    let (_, app) = listening(short).await;
    let begun = std::time::Instant::now();
    while begun.elapsed() < ttl - 200 * MILLI {
        get(&app).await.assert_ok();
        sleep(10 * MILLI).await;
    }
    // What this process has written itself is no news.
    assert_eq!(calls(&mock), 2);
}

#[tokio::test]
async fn answers_that_may_differ_are_not_shared() {
    let (mock, server) = (strict(), RedisServer::start().await);
    let own = |body: &[u8]| Ok(Some(serde_json::from_slice(body)?));
    let handles = [
        builder(&mock, redis(server.url())),
        builder(&mock, redis(server.url()).namespace("other")),
        builder(&mock, redis(server.url())).session_path("/session"),
        builder(&mock, redis(server.url())).base_path("/elsewhere"),
        builder(&mock, redis(server.url())).trust_cookie_cache(),
        builder(&mock, redis(server.url()).namespace("own")).decode_with(own),
    ];
    for (count, handle) in handles.into_iter().enumerate() {
        let (_, app) = listening(handle).await;
        get(&app).await.assert_ok();
        assert_eq!(calls(&mock), count + 1);
    }
    let (_, app) = listening(builder(&mock, redis(server.url()))).await;
    until_entries(&server, 6).await;
    get(&app).await.assert_ok();
    assert_eq!(calls(&mock), 6);
}

#[tokio::test]
async fn a_session_that_ends_before_its_ttl_ends_in_redis_as_well() {
    let (mock, server) = (strict(), RedisServer::start().await);
    let (_, first) = process(&mock, &server).await;
    let (_, second) = process(&mock, &server).await;
    let end = humantime::format_rfc3339_millis(SystemTime::now() + 800 * MILLI);
    let mut ending = answer::session();
    ending["session"]["expiresAt"] = end.to_string().into();
    mock.does(Act::session(&ending));
    get(&first).await.assert_ok();
    until_entries(&server, 1).await;
    mock.does(Act::signed_out());
    until_entries(&server, 0).await;
    get(&second).await.assert_invalid();
}

#[tokio::test]
async fn a_user_who_is_banned_is_banned_in_every_process() {
    let (mock, server) = (strict(), RedisServer::start().await);
    let (_, first) = process(&mock, &server).await;
    let (_, second) = process(&mock, &server).await;
    mock.does(Act::session(&answer::session_of(
        json!({"id": "u1", "banned": true}),
    )));
    for app in [&first, &second] {
        get(app).await.assert_refused(403, "USER_BANNED");
        until_entries(&server, 1).await;
    }
    assert_eq!(calls(&mock), 1);
}

#[tokio::test]
async fn no_byte_of_a_credential_lies_in_redis_and_nothing_of_the_user_can_be_read_there() {
    let (mock, server) = (Mock::new(), RedisServer::start().await);
    let accepting = builder(&mock, redis(server.url()))
        .accept_bearer()
        .accept_api_key();
    let (auth, app) = listening(accepting).await;
    get(&app).await.assert_ok();
    let headers = [
        ("authorization", "Bearer s3cret-bearer-token"),
        ("x-api-key", "s3cret-api-key-value"),
    ];
    app.get("/me", &headers).await.assert_ok();
    auth.invalidate_user("ada-the-user").await;
    until_entries(&server, 2).await;
    let mut bytes = Vec::new();
    for key in server.keys().await {
        bytes.extend_from_slice(&key);
        bytes.extend(server.run::<Vec<u8>>(&[b"DUMP", &key]).await.unwrap());
    }
    let secrets = [
        answer::TOKEN,
        "s3cret-bearer-token",
        "s3cret-api-key-value",
        "ada@example.com",
        "ada-the-user",
    ];
    for secret in secrets {
        for piece in secret.as_bytes().windows(6) {
            let is_there = bytes.windows(6).any(|window| window == piece);
            assert!(!is_there, "{}", String::from_utf8_lossy(piece));
        }
    }
}

#[tokio::test]
async fn a_process_that_nobody_asks_anything_does_nothing_and_one_that_is_dropped_hangs_up() {
    let (mock, server) = (Mock::new(), RedisServer::start().await);
    let auth = builder(&mock, redis(server.url())).build().unwrap();
    sleep(50 * MILLI).await;
    assert_eq!(server.clients().await, 0);
    wake(&auth).await;
    until("others are heard", || super::is_heard(&auth)).await;
    assert_eq!(server.clients().await, 2);
    let copy = auth.clone();
    drop(auth);
    sleep(50 * MILLI).await;
    assert_eq!(server.clients().await, 2);
    drop(copy);
    let mut left = server.clients().await;
    while left > 0 {
        sleep(5 * MILLI).await;
        left = server.clients().await;
    }
}

#[test]
fn a_handle_outlives_the_runtime_it_was_first_used_in() {
    let mock = strict();
    let runtime = || {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap()
    };
    let first = runtime();
    let server = first.block_on(RedisServer::start());
    let (auth, app) = first.block_on(process(&mock, &server));
    first.block_on(async { get(&app).await.assert_ok() });
    drop(first);
    runtime().block_on(async {
        sleep(1100 * MILLI).await;
        wake(&auth).await;
        until("others are heard again", || super::is_heard(&auth)).await;
        let (_, other) = process(&mock, &server).await;
        auth.invalidate_all().await;
        get(&App::required(auth.clone())).await.assert_ok();
        get(&other).await.assert_ok();
    });
}

#[tokio::test]
async fn the_default_ttl_of_what_lies_in_redis_is_that_of_the_cache() {
    let (mock, server) = (Mock::new(), RedisServer::start().await);
    let (_, app) = process(&mock, &server).await;
    get(&app).await.assert_ok();
    until_entries(&server, 1).await;
    for key in server.entries().await {
        let left: u64 = server.run(&[b"PTTL", &key]).await.unwrap();
        let ttl = u64::try_from(TTL.as_millis()).unwrap();
        assert!((ttl - 10_000..=ttl).contains(&left), "{left}");
    }
}
