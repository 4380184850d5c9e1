//! A session in use is asked for anew before its entry ends, and nobody waits for that.

use tokio::time::advance;
use tower_better_auth::Cache;

use super::{AGING, FRESH, SECOND, TTL, cached, cookie_of, get, headers, session_of};
use crate::support::mock::{Act, Mock, settle};

#[tokio::test(start_paused = true)]
async fn a_hit_near_the_end_starts_one_call_and_nobody_waits_for_it() {
    let mock = Mock::new();
    let app = cached(&mock);
    get(&app).await.assert_ok();
    mock.does(Act::session(&session_of("s1", "renewed")));
    let gate = mock.hold();
    advance(AGING).await;
    for _ in 0..10 {
        get(&app).await.assert_user("u1");
        settle().await;
    }
    assert_eq!(mock.count(), 2);
    gate.open();
    settle().await;
    // Past the end of the first entry, and not a call more.
    advance(TTL - AGING + SECOND).await;
    get(&app).await.assert_user("renewed");
    assert_eq!(mock.count(), 2);
}

#[tokio::test(start_paused = true)]
async fn before_its_last_seconds_nothing_is_renewed() {
    let mock = Mock::new();
    let app = cached(&mock);
    get(&app).await.assert_ok();
    for _ in 0..54 {
        advance(SECOND).await;
        get(&app).await.assert_ok();
        settle().await;
    }
    assert_eq!(mock.count(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_nobody_uses_is_not_renewed() {
    let mock = Mock::new();
    let app = cached(&mock);
    get(&app).await.assert_ok();
    advance(FRESH).await;
    get(&app).await.assert_ok();
    advance(10 * TTL).await;
    settle().await;
    assert_eq!(mock.count(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_renewal_that_fails_takes_nothing_away_before_the_end() {
    for failure in [Act::status(500), Act::Refuse, Act::Panic, Act::Hang] {
        let mock = Mock::new();
        let app = cached(&mock);
        get(&app).await.assert_ok();
        mock.does(failure);
        advance(AGING).await;
        get(&app).await.assert_ok();
        settle().await;
        assert!(mock.count() > 1);
        advance(TTL - AGING - SECOND).await;
        get(&app).await.assert_ok();
        advance(SECOND).await;
        get(&app).await.assert_unavailable();
    }
}

#[tokio::test(start_paused = true)]
async fn a_renewal_that_finds_out_about_a_sign_out_ends_the_session() {
    let mock = Mock::new();
    let app = cached(&mock);
    get(&app).await.assert_ok();
    mock.does(Act::signed_out());
    advance(AGING).await;
    get(&app).await.assert_ok();
    settle().await;
    get(&app).await.assert_invalid();
    assert_eq!(mock.count(), 2);
}

#[tokio::test(start_paused = true)]
async fn with_a_ttl_of_five_minutes_a_thousand_users_cost_ninety_eight_percent_fewer_calls_than_requests()
 {
    const USERS: usize = 1000;
    const MINUTES: usize = 20;
    let mock = Mock::new();
    let cache = Cache::ttl(300 * SECOND);
    let auth = mock.builder().cache(cache).build().unwrap();
    let cookies: Vec<_> = (0..USERS).map(|user| headers(&cookie_of(user))).collect();
    // Each of them ten times a minute, a tenth of them at a time.
    for turn in 0..MINUTES * 100 {
        for cookie in cookies.iter().skip(turn % 10).step_by(10) {
            auth.validate(cookie).await.unwrap();
        }
        advance(SECOND * 6 / 10).await;
    }
    settle().await;
    let requests = USERS * MINUTES * 10;
    assert!(
        mock.count() * 50 <= requests,
        "{} of {requests}",
        mock.count()
    );
}
