//! For how long a session is remembered.

use std::time::{Duration, SystemTime};

use serde_json::json;
use tokio::time::advance;
use tower_better_auth::{Cache, testing::Clock};

use super::{FRESH, SECOND, TTL, cached, cookie_of, get, session_of, start, uncached};
use crate::support::{
    answer,
    app::App,
    mock::{Act, Mock},
};

fn at(time: SystemTime) -> String {
    humantime::format_rfc3339_millis(time).to_string()
}

/// A session that ends by itself.
fn ending_in(rest: Duration) -> Act {
    let mut session = answer::session();
    session["session"]["expiresAt"] = at(SystemTime::now() + rest).into();
    Act::session(&session)
}

#[tokio::test(start_paused = true)]
async fn without_a_cache_every_request_is_a_call() {
    let mock = Mock::new();
    let app = uncached(&mock);
    for calls in 1..=3 {
        get(&app).await.assert_ok();
        assert_eq!(mock.count(), calls);
    }
}

#[tokio::test(start_paused = true)]
async fn with_a_cache_one_call_is_enough_until_the_ttl_is_over() {
    for ttl in [10, 60] {
        let (mock, ttl) = (Mock::new(), Duration::from_secs(ttl));
        let app = App::required(mock.builder().cache(Cache::ttl(ttl)).build().unwrap());
        get(&app).await.assert_ok();
        advance(ttl * 7 / 10).await;
        get(&app).await.assert_user(answer::USER_ID);
        assert_eq!(mock.count(), 1, "{ttl:?}");
        advance(ttl * 3 / 10).await;
        get(&app).await.assert_ok();
        assert_eq!(mock.count(), 2, "{ttl:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_session_is_not_remembered_past_its_end_and_is_asked_for_anew_then() {
    let mock = Mock::doing(ending_in(3 * SECOND));
    let app = cached(&mock);
    get(&app).await.assert_ok();
    advance(SECOND).await;
    get(&app).await.assert_ok();
    assert_eq!(mock.count(), 1);
    // It has been prolonged at the server meanwhile.
    mock.does(Act::signed_in());
    advance(2 * SECOND).await;
    get(&app).await.assert_ok();
    assert_eq!(mock.count(), 2);
}

/// As when the machine was suspended, or had the wrong time: the ttl goes by a clock that stood still.
#[tokio::test(start_paused = true)]
async fn a_session_that_is_over_by_the_clock_on_the_wall_is_asked_for_anew_though_its_ttl_goes_on()
{
    const HOUR: Duration = Duration::from_secs(3600);
    for (act, expected, calls) in [
        (Act::signed_out(), "401 INVALID_SESSION", 2),
        // It has been prolonged at the server meanwhile.
        (Act::signed_in(), "200", 2),
        (Act::status(500), "503 AUTH_SERVICE_UNAVAILABLE", 3),
        // The server goes by another clock: nobody lets the session in, and every request is one call.
        (ending_in(HOUR), "401 INVALID_SESSION", 3),
    ] {
        let (mock, clock) = (Mock::doing(ending_in(HOUR)), Clock::new());
        let its_time = clock.clone();
        let builder = mock.builder().clock(move || its_time.now());
        let app = App::required(builder.cache(Cache::ttl(TTL)).build().unwrap());
        get(&app).await.assert_ok();
        clock.advance(HOUR - SECOND);
        get(&app).await.assert_ok();
        assert_eq!(mock.count(), 1);
        mock.does(act);
        clock.advance(2 * SECOND);
        for _ in 0..2 {
            let seen = get(&app).await;
            let summary = format!("{} {}", seen.status.as_u16(), seen.code());
            assert_eq!(summary.trim_end(), expected);
        }
        assert_eq!(mock.count(), calls, "{expected}");
    }
}

#[tokio::test(start_paused = true)]
async fn being_used_does_not_prolong_an_entry() {
    let mock = Mock::new();
    let app = cached(&mock);
    get(&app).await.assert_ok();
    // Whoever renews it learns nothing, so that what is there now is all there is.
    mock.does(Act::status(500));
    for _ in 0..59 {
        advance(SECOND).await;
        get(&app).await.assert_ok();
    }
    advance(SECOND).await;
    get(&app).await.assert_unavailable();
}

#[tokio::test(start_paused = true)]
async fn an_entry_that_is_over_is_asked_for_anew_and_nobody_is_signed_out() {
    let mock = Mock::new();
    let app = cached(&mock);
    for calls in 1..=4 {
        get(&app).await.assert_user(answer::USER_ID);
        assert_eq!(mock.count(), calls);
        advance(TTL).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_ttl_or_a_capacity_of_zero_is_no_cache_and_calls_are_still_shared() {
    for cache in [Cache::ttl(Duration::ZERO), Cache::ttl(TTL).capacity(0)] {
        let mock = Mock::new();
        let app = App::required(mock.builder().cache(cache).build().unwrap());
        get(&app).await.assert_ok();
        get(&app).await.assert_ok();
        assert_eq!(mock.count(), 2, "{cache:?}");
        let gate = mock.hold();
        let first = start(&app, &answer::cookie(), "/me").await;
        let second = start(&app, &answer::cookie(), "/me").await;
        gate.open();
        first.await.unwrap().assert_ok();
        second.await.unwrap().assert_ok();
        assert_eq!(mock.count(), 3, "{cache:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn no_more_sessions_are_remembered_than_the_capacity_allows() {
    const BROWSERS: usize = 3000;
    for (capacity, hits) in [(10, 0..1500), (10_000, BROWSERS..BROWSERS + 1)] {
        let mock = Mock::new();
        let cache = Cache::ttl(TTL).capacity(capacity);
        let app = App::required(mock.builder().cache(cache).build().unwrap());
        for number in (0..BROWSERS).chain(0..BROWSERS) {
            app.get_as(&cookie_of(number), "/me").await.assert_ok();
        }
        let hit = 2 * BROWSERS - mock.count();
        assert!(hits.contains(&hit), "{hit} hits with room for {capacity}");
    }
}

#[tokio::test(start_paused = true)]
async fn two_handles_never_share() {
    let mock = Mock::new();
    let (one, other) = (cached(&mock), cached(&mock));
    get(&one).await.assert_ok();
    get(&other).await.assert_ok();
    assert_eq!(mock.count(), 2);
    let gate = mock.hold();
    let first = start(&one, &cookie_of(1), "/me").await;
    let second = start(&other, &cookie_of(1), "/me").await;
    assert_eq!(mock.count(), 4);
    gate.open();
    first.await.unwrap().assert_ok();
    second.await.unwrap().assert_ok();
}

#[tokio::test(start_paused = true)]
async fn who_is_banned_is_so_from_the_cache_too() {
    let banned = answer::session_of(json!({"id": "u1", "banned": true}));
    let mock = Mock::doing(Act::session(&banned));
    let app = cached(&mock);
    for _ in 0..3 {
        get(&app).await.assert_refused(403, "USER_BANNED");
    }
    assert_eq!(mock.count(), 1);
}

#[tokio::test]
async fn a_ban_that_ends_while_it_is_remembered_is_over_then() {
    let end = SystemTime::now() + Duration::from_millis(400);
    let mut session = session_of("s1", "u1");
    session["user"]["banned"] = true.into();
    session["user"]["banExpires"] = at(end).into();
    let mock = Mock::doing(Act::session(&session));
    let app = cached(&mock);
    let seen = get(&app).await;
    if SystemTime::now() < end {
        seen.assert_refused(403, "USER_BANNED");
    }
    // The end of a ban is on the clock on the wall, which nobody can set.
    while SystemTime::now() < end {
        tokio::task::yield_now().await;
    }
    get(&app).await.assert_ok();
    assert_eq!(mock.count(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_a_handler_is_given_is_the_same_from_the_cache_as_from_the_server() {
    let mock = Mock::new();
    let app = cached(&mock);
    let from_the_server = app.get_as(&answer::cookie(), "/session").await;
    advance(FRESH).await;
    let from_the_cache = app.get_as(&answer::cookie(), "/session").await;
    assert_eq!(mock.count(), 1);
    assert_eq!(from_the_server.body, from_the_cache.body);
}

#[tokio::test]
async fn the_longest_durations_overflow_no_clock() {
    let mock = Mock::doing(Act::signed_in());
    let builder = mock.builder().deadline(Duration::MAX);
    let app = App::required(builder.cache(Cache::ttl(Duration::MAX)).build().unwrap());
    for _ in 0..2 {
        assert_eq!(get(&app).await.status, 200);
    }
    assert_eq!(mock.count(), 1);
}
