//! Connections whose client reads nothing, so that nobody polls their lease. Their checks stand in nobody's way.

use std::{future::Future, pin::pin};

use futures_util::poll;
use http::{HeaderMap, header};
use tokio::time::advance;
use tower_better_auth::{
    BetterAuth, BreakerState, Cache, Lease,
    defaults::{BREAKER_CALLS, BREAKER_OPEN, DEADLINE, LEASE_INTERVAL},
};

use super::{MINUTE, SECOND};
use crate::support::{
    answer,
    mock::{Act, Mock, settle},
};

fn shown(cookie: &str) -> HeaderMap {
    HeaderMap::from_iter([(header::COOKIE, cookie.parse().unwrap())])
}

fn somebody_else(number: u32) -> HeaderMap {
    shown(&format!("better-auth.session_token=other{number}.c2ln"))
}

async fn lease(auth: &BetterAuth) -> Lease {
    auth.lease(&shown(&answer::cookie())).await.unwrap()
}

/// Polls it until its check is on the wire, and never again.
async fn freeze(mock: &Mock, ended: impl Future) {
    let mut ended = pin!(ended);
    let before = mock.count();
    advance(2 * LEASE_INTERVAL).await;
    assert!(poll!(&mut ended).is_pending());
    settle().await;
    assert_eq!(mock.count(), before + 1);
}

#[tokio::test(start_paused = true)]
async fn its_check_gives_back_its_place_when_its_time_is_over() {
    let mock = Mock::new();
    let auth = mock.builder().max_concurrency(1).build().unwrap();
    let mut lease = lease(&auth).await;
    mock.does(Act::Hang);
    let mut ended = pin!(lease.ended());
    freeze(&mock, &mut ended).await;
    advance(DEADLINE + SECOND).await;
    settle().await;
    mock.does(Act::signed_in());
    auth.validate(&somebody_else(1)).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn its_check_is_settled_where_it_is_the_only_one_that_the_breaker_lets_through() {
    let mock = Mock::new();
    let auth = mock.handle();
    let mut lease = lease(&auth).await;
    mock.does(Act::status(500));
    for number in 0..BREAKER_CALLS {
        assert!(auth.validate(&somebody_else(number)).await.is_err());
    }
    assert_eq!(auth.readiness().circuit_breaker, BreakerState::Open);
    mock.does(Act::Hang);
    let mut ended = pin!(lease.ended());
    freeze(&mock, &mut ended).await;
    assert_eq!(auth.readiness().circuit_breaker, BreakerState::HalfOpen);
    advance(DEADLINE + SECOND).await;
    settle().await;
    assert_eq!(auth.readiness().circuit_breaker, BreakerState::Open);
    mock.does(Act::signed_in());
    advance(BREAKER_OPEN).await;
    auth.validate(&somebody_else(1)).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn what_its_check_was_told_long_ago_is_no_news() {
    let ttl = 10 * SECOND;
    let mock = Mock::new();
    let auth = mock.builder().cache(Cache::ttl(ttl)).build().unwrap();
    let mut lease = lease(&auth).await;
    let gate = mock.hold();
    let mut ended = Box::pin(lease.ended());
    freeze(&mock, &mut ended).await;
    mock.hold_no_more();
    auth.invalidate_session("s1").await;
    advance(2 * (ttl + DEADLINE)).await;
    settle().await;
    auth.invalidate_session("s2").await;
    gate.open();
    settle().await;
    // It is closed before the next check is sent.
    assert!(poll!(&mut ended).is_pending());
    drop(ended);
    drop(lease);
    settle().await;
    let before = mock.count();
    auth.validate(&shown(&answer::cookie())).await.unwrap();
    assert_eq!(mock.count(), before + 1);
}

#[tokio::test(start_paused = true)]
async fn when_it_goes_on_it_asks_anew_after_an_answer_that_has_lain_there() {
    let mock = Mock::new();
    let auth = mock.handle();
    let mut lease = lease(&auth).await;
    let gate = mock.hold();
    let mut ended = Box::pin(lease.ended());
    freeze(&mock, &mut ended).await;
    mock.hold_no_more();
    gate.open();
    settle().await;
    mock.does(Act::signed_out());
    advance(10 * MINUTE).await;
    assert!(poll!(&mut ended).is_pending());
    settle().await;
    assert!(poll!(&mut ended).is_ready());
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_is_closed_takes_its_check_with_it() {
    let mock = Mock::new();
    let auth = mock.builder().max_concurrency(1).build().unwrap();
    let mut lease = lease(&auth).await;
    mock.does(Act::Hang);
    let mut ended = Box::pin(lease.ended());
    freeze(&mock, &mut ended).await;
    drop(ended);
    drop(lease);
    settle().await;
    mock.does(Act::signed_in());
    let other = auth.validate(&somebody_else(1));
    tokio::time::timeout(SECOND, other).await.unwrap().unwrap();
}
