//! Whoever makes up cookies does not hold up those who are signed in.

use std::{future::pending, time::Duration};

use axum::{Json, Router, routing::get as route};
use http::{HeaderMap, Request};
use tokio::{net::TcpListener, task::JoinSet, time::Instant};
use tower_better_auth::{
    BetterAuth, BetterAuthBuilder, Cache, CircuitBreaker, Require, SessionAuth,
};

use super::{SECOND, app, cookie_of, get, start_many};
use crate::support::{
    answer,
    app::{App, Seen},
    mock::{Act, Mock, settle},
    probe,
};

const FLOOD: usize = 500;

/// Somebody who is signed in, and not one of the flood.
const KNOWN: usize = 100_000;

/// Answers the one who is signed in, and keeps everybody else waiting for ever.
fn hangs_for_strangers(mock: &Mock) {
    let known = cookie_of(KNOWN);
    mock.plays(move |request| {
        if request.headers()["cookie"] == known.as_str() {
            Act::signed_in()
        } else {
            Act::Hang
        }
    });
}

/// Asks for everything, whatever has happened.
fn steadfast(mock: &Mock) -> BetterAuthBuilder {
    mock.builder().circuit_breaker(CircuitBreaker::off())
}

async fn assert_prompt(app: &App, path: &str) -> Seen {
    let began = Instant::now();
    let seen = app.get_as(&cookie_of(KNOWN), path).await;
    assert_eq!(began.elapsed(), Duration::ZERO, "{path}");
    seen
}

#[tokio::test(start_paused = true)]
async fn a_flood_of_made_up_cookies_does_not_delay_who_is_known() {
    for most in [2, 3, 4, 64] {
        let mock = Mock::new();
        hangs_for_strangers(&mock);
        let (_, app) = app(steadfast(&mock).max_concurrency(most));
        get(&app, KNOWN).await.assert_ok();
        let mut flood = start_many(&app, FLOOD).await;
        for path in ["/me", "/live", "/me"] {
            assert_prompt(&app, path).await.assert_ok();
        }
        // Their clients hang up, and their calls go on.
        flood.abort_all();
        while flood.join_next().await.is_some() {}
        settle().await;
        assert_prompt(&app, "/me").await.assert_ok();
    }
}

#[tokio::test(start_paused = true)]
async fn more_than_may_wait_are_answered_at_once_and_who_is_known_waits_all_the_same() {
    const PLACES: usize = 3;
    const WAIT: usize = 4096;
    let mock = Mock::new();
    let (_, app) = app(steadfast(&mock).max_concurrency(4));
    get(&app, KNOWN).await.assert_ok();
    mock.does(Act::Hang);
    let before = mock.count();
    let began = Instant::now();
    let mut flood = start_many(&app, PLACES + WAIT).await;
    assert!(flood.try_join_next().is_none());
    for number in 0..10 {
        let seen = get(&app, PLACES + WAIT + number).await;
        seen.assert_unavailable();
        assert_eq!(seen.headers["retry-after"], "2");
    }
    assert_eq!(began.elapsed(), Duration::ZERO);
    assert_eq!(mock.count(), before + PLACES);
    mock.does(Act::signed_in());
    for path in ["/me", "/live"] {
        assert_prompt(&app, path).await.assert_ok();
    }
    flood.abort_all();
}

#[tokio::test(start_paused = true)]
async fn nor_the_renewal_of_what_is_remembered_however_long_ago_it_was_asked_for() {
    let mock = Mock::new();
    hangs_for_strangers(&mock);
    let day = 24 * 3600 * SECOND;
    let (_, app) = app(steadfast(&mock).cache(Cache::ttl(day)));
    get(&app, KNOWN).await.assert_ok();
    tokio::time::advance(day - SECOND).await;
    let _flood = start_many(&app, FLOOD).await;
    let calls = mock.count();
    assert_prompt(&app, "/me").await.assert_ok();
    settle().await;
    assert_eq!(mock.count(), calls + 1);
}

#[tokio::test(start_paused = true)]
async fn nor_the_questions_of_guards() {
    let mock = Mock::new();
    let known = cookie_of(KNOWN);
    mock.plays(move |request| {
        if request.headers()["cookie"] != known.as_str() {
            Act::Hang
        } else if request.uri().path().ends_with("/get-session") {
            Act::signed_in()
        } else {
            Act::json(200, &[], &serde_json::json!({"role": "member"}))
        }
    });
    let day = 24 * 3600 * SECOND;
    let auth = steadfast(&mock).cache(Cache::ttl(day)).build().unwrap();
    let member = Require::organization_member("organization");
    let router = Router::new()
        .route("/{organization}", route(|| async {}).route_layer(member))
        .layer(SessionAuth::new(auth.clone()));
    let app = App::required(auth);
    let visit = || {
        probe::send(
            router.clone(),
            probe::with_cookie("/acme", cookie_of(KNOWN)),
        )
    };
    assert_eq!(visit().await.status, 200);
    tokio::time::advance(day / 2).await;
    let _flood = start_many(&app, FLOOD).await;
    let began = Instant::now();
    assert_eq!(visit().await.status, 200);
    assert_eq!(began.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn strangers_wait_for_no_longer_than_the_deadline_and_leave_nothing_behind() {
    for act in [Act::Hang, Act::Panic, Act::status(500)] {
        for most in [1, 2, 5] {
            let mock = Mock::doing(act.clone());
            let (_, app) = app(steadfast(&mock).max_concurrency(most));
            let began = Instant::now();
            let mut flood = start_many(&app, FLOOD).await;
            for _ in 0..FLOOD / 2 {
                flood.abort_all();
            }
            while flood.join_next().await.is_some() {}
            for seen in start_many(&app, FLOOD).await.join_all().await {
                seen.assert_unavailable();
            }
            assert!(began.elapsed() < 6 * SECOND, "{:?}", began.elapsed());
            // Every place can be had again.
            mock.does(Act::signed_in());
            for expected in [(most * 3 / 4).max(1), most] {
                let gate = mock.hold();
                let before = mock.count();
                let requests = start_many(&app, 4 * most).await;
                assert_eq!(mock.count() - before, expected, "{most}");
                mock.hold_no_more();
                gate.open();
                for seen in requests.join_all().await {
                    seen.assert_ok();
                }
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn one_session_under_many_cookies_is_no_crowd() {
    let mock = Mock::new();
    let (_, app) = app(steadfast(&mock).max_concurrency(64));
    let variant = |number: usize| {
        let cookies = format!("{}; better-auth.dont_remember={number}", answer::cookie());
        let app = app.clone();
        async move { app.get_as(&cookies, "/me").await }
    };
    for number in 0..FLOOD {
        variant(number).await.assert_ok();
    }
    mock.does(Act::Hang);
    let before = mock.count();
    let mut flood: JoinSet<_> = (0..FLOOD).map(variant).collect();
    settle().await;
    // The places of strangers, and a few.
    assert_eq!(mock.count() - before, 48 + 4);
    flood.abort_all();
}

#[tokio::test(start_paused = true)]
async fn who_was_active_is_known_for_an_hour() {
    for (quiet, is_known) in [(3599, true), (2 * 3600, false)] {
        let mock = Mock::new();
        hangs_for_strangers(&mock);
        let (_, app) = app(steadfast(&mock));
        get(&app, KNOWN).await.assert_ok();
        tokio::time::advance(quiet * SECOND).await;
        let _flood = start_many(&app, FLOOD).await;
        let began = Instant::now();
        get(&app, KNOWN).await;
        assert_eq!(began.elapsed().is_zero(), is_known, "{quiet}");
    }
}

#[tokio::test(start_paused = true)]
async fn who_was_found_signed_out_is_known_to_nobody() {
    let mock = Mock::doing(Act::signed_out());
    let (_, app) = app(steadfast(&mock).max_concurrency(4));
    get(&app, KNOWN).await.assert_invalid();
    for number in 0..FLOOD {
        get(&app, number).await.assert_invalid();
    }
    mock.does(Act::Hang);
    let before = mock.count();
    let _flood = start_many(&app, FLOOD).await;
    assert_eq!(mock.count() - before, 3);
}

/// An auth server on a socket that answers the one who is signed in, and nobody else, ever.
async fn server_that_hangs_for_strangers() -> (String, JoinSet<()>) {
    let session = |headers: HeaderMap| async move {
        if headers["cookie"] != cookie_of(KNOWN).as_str() {
            pending::<()>().await;
        }
        Json(answer::session())
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let router = Router::new().route("/api/auth/get-session", route(session));
    let mut serving = JoinSet::new();
    serving.spawn(async move { axum::serve(listener, router).await.unwrap() });
    (url, serving)
}

#[tokio::test]
async fn over_sockets_too() {
    let (url, _serving) = server_that_hangs_for_strangers().await;
    let builder = BetterAuth::builder(url).circuit_breaker(CircuitBreaker::off());
    let auth = builder.deadline(30 * SECOND).build().unwrap();
    let validate = |number| {
        let request = Request::get("/").header("cookie", cookie_of(number));
        auth.validate(request.body(()).unwrap().headers())
    };
    validate(KNOWN).await.unwrap();
    let mut flood = JoinSet::new();
    for number in 0..FLOOD {
        flood.spawn(validate(number));
    }
    settle().await;
    for _ in 0..20 {
        let check = tokio::time::timeout(5 * SECOND, validate(KNOWN));
        check.await.expect("nobody holds it up").unwrap();
    }
}
