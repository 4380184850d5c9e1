//! What one process revokes is gone in all of them, and nothing that was asked for before comes back.

use std::time::Instant;

use tokio::time::sleep;
use tower_better_auth::BetterAuth;

use super::{MILLI, builder, get, is_heard, listening, process, redis, until, until_entries};
use crate::support::{
    answer,
    app::App,
    mock::{Act, Mock},
    redis::RedisServer,
};

/// The three ways to forget the session `s1` of the user `u1`.
const WAYS: [&str; 3] = ["session", "user", "all"];

async fn invalidate(auth: &BetterAuth, way: &str) {
    match way {
        "session" => auth.invalidate_session("s1").await,
        "user" => auth.invalidate_user("u1").await,
        _ => auth.invalidate_all().await,
    }
}

/// Asks until the session is refused.
async fn until_refused(app: &App) {
    let begun = Instant::now();
    while get(app).await.status != 401 {
        assert!(begun.elapsed().as_secs() < 10, "it is still let in");
        sleep(MILLI).await;
    }
}

#[tokio::test]
async fn what_one_process_invalidates_is_asked_for_anew_by_all() {
    let (mock, server) = (Mock::new(), RedisServer::start().await);
    let (auth, first) = process(&mock, &server).await;
    let (_, second) = process(&mock, &server).await;
    let (_, third) = process(&mock, &server).await;
    for way in WAYS {
        mock.does(Act::signed_in());
        for app in [&first, &second, &third] {
            get(app).await.assert_ok();
        }
        mock.does(Act::signed_out());
        invalidate(&auth, way).await;
        // Here at once, and nothing comes back from Redis.
        get(&first).await.assert_invalid();
        until_refused(&second).await;
        until_refused(&third).await;
        // Signed-out answers are remembered for a second.
        sleep(1050 * MILLI).await;
    }
}

#[tokio::test]
async fn who_is_not_meant_is_not_asked_about() {
    let (mock, server) = (Mock::new(), RedisServer::start().await);
    let (auth, _) = process(&mock, &server).await;
    let (_, second) = process(&mock, &server).await;
    get(&second).await.assert_ok();
    let before = mock.count();
    auth.invalidate_session("another").await;
    auth.invalidate_user("another").await;
    auth.invalidate_session("u1").await;
    sleep(100 * MILLI).await;
    get(&second).await.assert_ok();
    assert_eq!(mock.count(), before);
}

#[tokio::test]
async fn the_process_that_invalidates_believes_nothing_older_and_asks_once() {
    let (mock, server) = (Mock::new(), RedisServer::start().await);
    let (auth, app) = process(&mock, &server).await;
    get(&app).await.assert_ok();
    until_entries(&server, 1).await;
    for way in WAYS {
        app.get_as(&answer::cookie(), "/live").await.assert_ok();
        sleep(50 * MILLI).await;
        let before = mock.count();
        // Redis can be read, and nobody can be told for a while.
        server.order("CONFIG SET maxmemory 1").await;
        let meanwhile = async {
            sleep(50 * MILLI).await;
            get(&app).await.assert_ok();
            assert_eq!(mock.count(), before + 1, "{way}: Redis was believed");
            server.order("CONFIG SET maxmemory 0").await;
        };
        tokio::join!(invalidate(&auth, way), meanwhile);
        // It has heard itself by now.
        sleep(400 * MILLI).await;
        get(&app).await.assert_ok();
        assert_eq!(mock.count(), before + 1, "{way}: it was told what it knew");
        until("it is heard", || is_heard(&auth)).await;
    }
}

#[tokio::test]
async fn an_answer_that_was_asked_for_before_is_shared_with_nobody() {
    let (mock, server) = (Mock::new(), RedisServer::start().await);
    let (auth, first) = process(&mock, &server).await;
    let (_, second) = process(&mock, &server).await;
    for way in WAYS {
        // The second asks, and hears the answer after the first has revoked it.
        let gate = mock.hold();
        let late = tokio::spawn({
            let second = second.clone();
            async move { get(&second).await }
        });
        sleep(50 * MILLI).await;
        mock.hold_no_more();
        mock.does(Act::signed_out());
        invalidate(&auth, way).await;
        sleep(100 * MILLI).await;
        gate.open();
        late.await.unwrap().assert_ok();
        sleep(50 * MILLI).await;
        assert_eq!(server.entries().await.len(), 0, "{way}");
        get(&second).await.assert_invalid();
        get(&first).await.assert_invalid();
        mock.does(Act::signed_in());
        sleep(1050 * MILLI).await;
    }
}

#[tokio::test]
async fn an_answer_whose_writer_did_not_hear_of_the_revocation_is_void_for_all_others() {
    let (mock, server) = (Mock::new(), RedisServer::start().await);
    let (auth, first) = process(&mock, &server).await;
    let (_, second) = process(&mock, &server).await;
    get(&second).await.assert_ok();
    until_entries(&server, 1).await;
    let key = server.entries().await.remove(0);
    let old = server.get(&key).await;
    for way in WAYS {
        invalidate(&auth, way).await;
        sleep(50 * MILLI).await;
        // As if it had been written only now.
        server.set(&key, &old).await;
        mock.does(Act::signed_out());
        get(&first).await.assert_invalid();
        get(&second).await.assert_invalid();
        sleep(1050 * MILLI).await;
    }
    // A process that has just started has read what was revoked before.
    server.set(&key, &old).await;
    let (_, young) = process(&mock, &server).await;
    get(&young).await.assert_invalid();
}

#[tokio::test]
async fn two_fleets_in_one_redis_do_not_hear_each_other_and_share_nothing() {
    let server = RedisServer::start().await;
    let (ours, theirs) = (Mock::new(), Mock::new());
    let (auth, here) = process(&ours, &server).await;
    let namespace = redis(server.url()).namespace("theirs");
    let (_, there) = listening(builder(&theirs, namespace)).await;
    get(&here).await.assert_ok();
    until_entries(&server, 1).await;
    get(&there).await.assert_ok();
    until_entries(&server, 2).await;
    let before = theirs.count();
    auth.invalidate_all().await;
    sleep(100 * MILLI).await;
    get(&there).await.assert_ok();
    assert_eq!(theirs.count(), before);
}

#[tokio::test]
async fn a_thousand_revocations_at_once_reach_the_others() {
    let (mock, server) = (Mock::new(), RedisServer::start().await);
    let (auth, _) = process(&mock, &server).await;
    let (other, app) = process(&mock, &server).await;
    get(&app).await.assert_ok();
    mock.does(Act::signed_out());
    let all = (0..5000).map(|number| {
        let auth = auth.clone();
        async move { auth.invalidate_user(&format!("somebody{number}")).await }
    });
    futures_util::future::join_all(all).await;
    auth.invalidate_user("u1").await;
    until_refused(&app).await;
    until("it is heard", || is_heard(&other)).await;
}

#[tokio::test]
async fn what_is_revoked_while_redis_hangs_is_told_when_it_goes_on_and_is_not_waited_for() {
    let (mock, server) = (Mock::new(), RedisServer::start().await);
    let hasty = builder(&mock, redis(server.url()).timeout(100 * MILLI));
    let (auth, _) = listening(hasty).await;
    let (other, app) = process(&mock, &server).await;
    get(&app).await.assert_ok();
    server.order("CLIENT PAUSE 1500 ALL").await;
    let begun = Instant::now();
    auth.invalidate_user("u1").await;
    let waited = begun.elapsed();
    assert!(waited >= 100 * MILLI && waited < 1000 * MILLI, "{waited:?}");
    mock.does(Act::signed_out());
    sleep(1600 * MILLI).await;
    until("others are heard", || is_heard(&other)).await;
    until_refused(&app).await;
    let length = [b"XLEN".as_slice(), b"{better-auth:v1:bus}:revocations"];
    let told = async { server.run::<u64>(&length).await.unwrap() };
    assert!(told.await >= 2);
}

#[tokio::test]
async fn a_newcomer_does_not_believe_what_was_revoked_in_a_part_of_the_stream_that_is_gone() {
    let (mock, server) = (Mock::new(), RedisServer::start().await);
    let (auth, app) = process(&mock, &server).await;
    get(&app).await.assert_ok();
    until_entries(&server, 1).await;
    mock.does(Act::signed_out());
    auth.invalidate_session("s1").await;
    auth.invalidate_session("s2").await;
    // As a process with a shorter ttl does, for which the first of the two cannot matter any more.
    let stream = b"{better-auth:v1:bus}:revocations";
    let trim = [&b"XTRIM"[..], stream, b"MAXLEN", b"1"];
    server.run::<u64>(&trim).await.unwrap();
    let (_, newcomer) = process(&mock, &server).await;
    get(&newcomer).await.assert_invalid();
}
