//! Requests with one credential at one time cost one call.

use tokio::task::JoinSet;

use super::{cached, cookie_of, get, start, uncached};
use crate::support::{
    answer,
    app::{App, Seen},
    mock::{Act, Mock, settle},
};

/// That many requests at once, which have all come as far as they can.
async fn start_many(app: &App, count: usize, cookie: fn(usize) -> String) -> JoinSet<Seen> {
    let mut requests = JoinSet::new();
    for number in 0..count {
        let app = app.clone();
        requests.spawn(async move { app.get_as(&cookie(number), "/me").await });
    }
    settle().await;
    requests
}

fn same(_: usize) -> String {
    answer::cookie()
}

#[tokio::test(start_paused = true)]
async fn a_thousand_first_requests_with_one_cookie_make_one_call() {
    for of in [cached, uncached] {
        let mock = Mock::new();
        let (app, gate) = (of(&mock), mock.hold());
        let requests = start_many(&app, 1000, same).await;
        assert_eq!(mock.count(), 1);
        gate.open();
        for seen in requests.join_all().await {
            seen.assert_user(answer::USER_ID);
        }
        assert_eq!(mock.count(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn the_first_one_may_hang_up() {
    let mock = Mock::new();
    let (app, gate) = (uncached(&mock), mock.hold());
    let first = start(&app, &answer::cookie(), "/me").await;
    let others = start_many(&app, 999, same).await;
    first.abort();
    assert!(first.await.unwrap_err().is_cancelled());
    settle().await;
    let late = start(&app, &answer::cookie(), "/me").await;
    gate.open();
    for seen in others.join_all().await {
        seen.assert_ok();
    }
    late.await.unwrap().assert_ok();
    assert_eq!(mock.count(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_call_whose_clients_have_all_hung_up_still_fills_the_cache() {
    let mock = Mock::new();
    let (app, gate) = (cached(&mock), mock.hold());
    start(&app, &answer::cookie(), "/me").await.abort();
    gate.open();
    settle().await;
    get(&app).await.assert_ok();
    assert_eq!(mock.count(), 1);
}

#[tokio::test(start_paused = true)]
async fn different_cookies_make_calls_of_their_own_and_get_answers_of_their_own() {
    let mock = Mock::new();
    mock.plays(|request| {
        let cookie = request.headers()["cookie"].to_str().unwrap();
        Act::session(&super::session_of("s", cookie))
    });
    let (app, gate) = (uncached(&mock), mock.hold());
    let mut requests = Vec::new();
    for number in (0..20).chain(0..20) {
        requests.push((number, start(&app, &cookie_of(number), "/me").await));
    }
    assert_eq!(mock.count(), 20);
    gate.open();
    for (number, request) in requests {
        request.await.unwrap().assert_user(&cookie_of(number));
    }
    assert_eq!(mock.count(), 20);
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_shared_by_those_who_waited_and_the_next_one_asks_anew() {
    for of in [cached, uncached] {
        let mock = Mock::doing(Act::status(500));
        let (app, gate) = (of(&mock), mock.hold());
        let requests = start_many(&app, 50, same).await;
        mock.does(Act::signed_in());
        gate.open();
        for seen in requests.join_all().await {
            seen.assert_unavailable();
        }
        assert_eq!(mock.count(), 1);
        get(&app).await.assert_ok();
        assert_eq!(mock.count(), 2);
    }
}

#[tokio::test(start_paused = true)]
async fn a_transport_that_panics_is_a_503_for_all_who_waited_and_the_next_one_asks_anew() {
    for of in [cached, uncached] {
        let mock = Mock::doing(Act::Panic);
        let (app, gate) = (of(&mock), mock.hold());
        let requests = start_many(&app, 50, same).await;
        mock.does(Act::signed_in());
        gate.open();
        for seen in requests.join_all().await {
            seen.assert_unavailable();
        }
        assert_eq!(mock.count(), 1);
        get(&app).await.assert_ok();
        assert_eq!(mock.count(), 2);
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_joins_a_call_waits_no_longer_than_its_deadline() {
    let mock = Mock::doing(Act::Hang);
    let app = uncached(&mock);
    let began = tokio::time::Instant::now();
    let first = start(&app, &answer::cookie(), "/me").await;
    tokio::time::advance(4 * super::SECOND).await;
    let second = start(&app, &answer::cookie(), "/me").await;
    first.await.unwrap().assert_unavailable();
    second.await.unwrap().assert_unavailable();
    assert!(began.elapsed() < 6 * super::SECOND, "{:?}", began.elapsed());
    assert_eq!(mock.count(), 1);
}
