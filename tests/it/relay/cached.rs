//! With a cache: who waits for the auth server although the session is remembered, and who does not.

use std::time::Duration;

use serde_json::json;
use tokio::time::{Instant, advance};
use tower_better_auth::Cache;

use super::{HOUR, LINE, REFRESHING, SECOND, SILENT, app, cached, queries, set_cookies, setting};
use crate::support::{
    answer,
    app::{App, Seen},
    mock::{Act, Mock, settle},
};

/// As good as forever.
const LONG: Duration = super::DAY;

async fn get(app: &App) -> Seen {
    app.get_as(&answer::cookie(), "/me").await
}

#[tokio::test(start_paused = true)]
async fn a_session_that_is_remembered_carries_no_cookie() {
    let mock = setting(&[LINE]);
    let app = app(&mock, cached(LONG));
    assert_eq!(set_cookies(&get(&app).await.headers), [LINE]);
    for _ in 0..59 {
        advance(60 * SECOND).await;
        let seen = get(&app).await;
        assert_eq!(set_cookies(&seen.headers), [""; 0]);
        assert_eq!(seen.headers["cache-control"], "private");
    }
    assert_eq!(mock.count(), 1);
}

#[tokio::test(start_paused = true)]
async fn once_an_hour_one_request_asks_and_the_others_go_on() {
    let mock = setting(&[LINE]);
    let app = app(&mock, cached(LONG));
    get(&app).await.assert_ok();
    advance(HOUR).await;
    let gate = mock.hold();
    let asking = {
        let app = app.clone();
        tokio::spawn(async move { get(&app).await })
    };
    settle().await;
    assert_eq!(mock.count(), 2);
    for _ in 0..10 {
        let seen = get(&app).await;
        seen.assert_ok();
        assert_eq!(set_cookies(&seen.headers), [""; 0]);
    }
    assert!(!asking.is_finished());
    gate.open();
    assert_eq!(set_cookies(&asking.await.unwrap().headers), [LINE]);
    assert_eq!(queries(&mock), [REFRESHING, REFRESHING]);
    // And not again before the next hour is over.
    advance(HOUR - SECOND).await;
    get(&app).await.assert_ok();
    assert_eq!(mock.count(), 2);
}

#[tokio::test(start_paused = true)]
async fn an_optional_layer_takes_its_turn_as_well() {
    let mock = setting(&[LINE]);
    let builder = mock.builder().refresh_sessions().cache(Cache::ttl(LONG));
    let app = App::optional(builder.build().unwrap());
    for expected in [1, 1, 2] {
        let seen = app.get_as(&answer::cookie(), "/home").await;
        seen.assert_ok();
        assert_eq!(mock.count(), expected);
        advance(HOUR / 2).await;
    }
    assert_eq!(queries(&mock), [REFRESHING, REFRESHING]);
}

#[tokio::test(start_paused = true)]
async fn without_the_setting_nobody_waits() {
    let mock = setting(&[LINE]);
    let builder = mock.builder().cache(Cache::ttl(LONG));
    let app = App::required(builder.build().unwrap());
    for _ in 0..23 {
        get(&app).await.assert_ok();
        advance(HOUR).await;
    }
    assert_eq!(queries(&mock), [SILENT]);
}

#[tokio::test(start_paused = true)]
async fn what_was_found_out_without_it_is_asked_again_by_the_next_request() {
    let mock = setting(&[LINE]);
    let builder = mock.builder().refresh_sessions().cache(Cache::ttl(LONG));
    let auth = builder.build().unwrap();
    let app = App::required(auth.clone());
    let headers =
        http::HeaderMap::from_iter([(http::header::COOKIE, answer::cookie().parse().unwrap())]);
    auth.validate(&headers).await.unwrap();
    assert_eq!(set_cookies(&get(&app).await.headers), [LINE]);
    auth.validate(&headers).await.unwrap();
    get(&app).await.assert_ok();
    assert_eq!(queries(&mock), [SILENT, REFRESHING]);
}

#[tokio::test(start_paused = true)]
async fn an_outage_takes_nothing_away_from_whoever_asks_for_the_cookies_sake() {
    for failure in [Act::status(500), Act::Refuse, Act::Panic, Act::Hang] {
        let mock = setting(&[LINE]);
        let app = app(&mock, cached(LONG));
        get(&app).await.assert_ok();
        mock.does(failure);
        advance(HOUR).await;
        let seen = get(&app).await;
        seen.assert_ok();
        assert_eq!(set_cookies(&seen.headers), [""; 0]);
        let calls = mock.count();
        assert!(calls > 1);
        // One has waited, and nobody else does.
        let before = Instant::now();
        get(&app).await.assert_ok();
        assert_eq!((mock.count(), before.elapsed()), (calls, Duration::ZERO));
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_asks_for_the_cookies_sake_and_is_signed_out_is_signed_out() {
    let mock = setting(&[LINE]);
    let app = app(&mock, cached(LONG));
    get(&app).await.assert_ok();
    mock.does(Act::signed_out());
    advance(HOUR).await;
    get(&app).await.assert_invalid();
    get(&app).await.assert_invalid();
}

#[tokio::test(start_paused = true)]
async fn an_outage_does_not_bring_back_what_was_invalidated_meanwhile() {
    let mock = setting(&[LINE]);
    let builder = mock.builder().refresh_sessions().cache(Cache::ttl(LONG));
    let auth = builder.build().unwrap();
    let app = App::required(auth.clone());
    get(&app).await.assert_ok();
    advance(HOUR).await;
    mock.does(Act::status(500));
    let gate = mock.hold();
    let asking = {
        let app = app.clone();
        tokio::spawn(async move { get(&app).await })
    };
    settle().await;
    auth.invalidate_session("s1").await;
    gate.open();
    asking.await.unwrap().assert_unavailable();
}

#[tokio::test(start_paused = true)]
async fn a_session_that_ends_soon_is_asked_about_ten_times_in_what_is_left() {
    let mock = Mock::new();
    let ends = std::time::SystemTime::now() + 100 * SECOND;
    let mut session = answer::session_of(json!({"id": "u1"}));
    session["session"]["expiresAt"] = humantime::format_rfc3339_millis(ends).to_string().into();
    mock.does(Act::session(&session));
    let app = app(&mock, cached(LONG));
    for _ in 0..100 {
        get(&app).await.assert_ok();
        advance(SECOND / 10).await;
    }
    assert_eq!(mock.count(), 1);
    advance(SECOND).await;
    get(&app).await.assert_ok();
    assert_eq!(mock.count(), 2);
}
