//! One call for several requests: one of them passes the cookie on.

use http::{HeaderMap, header};
use tokio::task::JoinHandle;

use super::{DELETED, LINE, REFRESHING, SILENT, app, queries, set_cookies, setting};
use crate::support::{
    answer,
    app::{App, Seen},
    mock::{Act, Mock, settle},
};

/// Sends a request that goes on by itself, and waits until it has come as far as it can.
async fn start(app: &App, path: &'static str) -> JoinHandle<Seen> {
    let app = app.clone();
    let request = tokio::spawn(async move { app.get_as(&answer::cookie(), path).await });
    settle().await;
    request
}

/// How many of them passed something on; all were let in.
async fn told(requests: Vec<JoinHandle<Seen>>) -> usize {
    let mut told = 0;
    for request in requests {
        let seen = request.await.unwrap();
        let lines = set_cookies(&seen.headers);
        let caching = seen.headers["cache-control"].to_str().unwrap();
        match lines[..] {
            [] => assert_ne!(caching, "private, no-store"),
            _ => assert_eq!((&lines[..], caching), (&[LINE][..], "private, no-store")),
        }
        told += lines.len();
    }
    told
}

#[tokio::test(start_paused = true)]
async fn of_all_tabs_that_wait_for_one_call_one_is_told() {
    for optional in [false, true] {
        let mock = setting(&[LINE]);
        let auth = super::refreshing(&mock);
        let app = if optional {
            App::optional(auth)
        } else {
            App::required(auth)
        };
        let gate = mock.hold();
        let mut tabs = Vec::new();
        for _ in 0..20 {
            tabs.push(start(&app, "/me").await);
        }
        gate.open();
        assert_eq!(told(tabs).await, 1);
        assert_eq!(queries(&mock), [REFRESHING]);
    }
}

#[tokio::test(start_paused = true)]
async fn when_the_first_is_gone_the_next_is_told() {
    let mock = setting(&[LINE]);
    let app = app(&mock, |builder| builder);
    let gate = mock.hold();
    let leader = start(&app, "/me").await;
    let follower = start(&app, "/me").await;
    leader.abort();
    assert!(leader.await.unwrap_err().is_cancelled());
    gate.open();
    assert_eq!(told(vec![follower]).await, 1);
    assert_eq!(mock.count(), 1);
}

/// Its handler runs when the client goes, so nothing was said to anybody.
#[tokio::test(start_paused = true)]
async fn one_that_goes_while_its_handler_runs_takes_nothing_with_it() {
    use axum::{Router, routing::get};
    use tower_better_auth::SessionAuth;

    use crate::support::probe::{send, signed_in};

    let mock = setting(&[LINE]);
    let router = Router::new()
        .route("/slow", get(std::future::pending::<()>))
        .route("/", get(async || ()))
        .layer(SessionAuth::new(super::refreshing(&mock)));
    let gate = mock.hold();
    let slow = tokio::spawn(send(router.clone(), signed_in("/slow")));
    settle().await;
    let other = tokio::spawn(send(router, signed_in("/")));
    settle().await;
    gate.open();
    settle().await;
    slow.abort();
    assert_eq!(other.await.unwrap().set_cookies(), [LINE]);
    assert_eq!(mock.count(), 1);
}

#[tokio::test(start_paused = true)]
async fn whoever_has_no_response_takes_nothing_from_those_who_have() {
    let mock = setting(&[LINE]);
    let auth = super::refreshing(&mock);
    let app = App::required(auth.clone());
    let headers = HeaderMap::from_iter([(header::COOKIE, answer::cookie().parse().unwrap())]);
    let gate = mock.hold();
    let leader = start(&app, "/me").await;
    let by_hand = tokio::spawn(auth.validate(&headers));
    settle().await;
    leader.abort();
    let follower = start(&app, "/me").await;
    gate.open();
    by_hand.await.unwrap().unwrap();
    assert_eq!(told(vec![follower]).await, 1);
    assert_eq!(queries(&mock), [REFRESHING]);
}

#[tokio::test(start_paused = true)]
async fn a_check_that_prolongs_nothing_puts_off_those_who_wait_with_it_to_their_next() {
    let mock = setting(&[LINE]);
    let auth = super::refreshing(&mock);
    let app = App::required(auth.clone());
    let headers = HeaderMap::from_iter([(header::COOKIE, answer::cookie().parse().unwrap())]);
    let gate = mock.hold();
    let leader = tokio::spawn(auth.validate(&headers));
    settle().await;
    let follower = start(&app, "/me").await;
    gate.open();
    leader.await.unwrap().unwrap();
    assert_eq!(told(vec![follower]).await, 0);
    assert_eq!(told(vec![start(&app, "/me").await]).await, 1);
    assert_eq!(queries(&mock), [SILENT, REFRESHING]);
}

#[tokio::test(start_paused = true)]
async fn of_all_that_are_signed_out_at_once_one_has_the_cookies_deleted() {
    let headers = DELETED.map(|line| ("set-cookie", line));
    let mock = Mock::doing(Act::json(200, &headers, &serde_json::Value::Null));
    let app = app(&mock, super::cached(super::DAY));
    let gate = mock.hold();
    let mut tabs = Vec::new();
    for _ in 0..5 {
        tabs.push(start(&app, "/me").await);
    }
    gate.open();
    let mut told = 0;
    for tab in tabs {
        let seen = tab.await.unwrap();
        assert_eq!(seen.code(), "INVALID_SESSION");
        told += usize::from(!set_cookies(&seen.headers).is_empty());
    }
    assert_eq!(told, 1);
    // What is remembered of it deletes nothing.
    app.get_as(&answer::cookie(), "/me").await.assert_invalid();
    assert_eq!(mock.count(), 1);
}
