//! What failed before the server can have answered is tried once more.

use http::StatusCode;
use serde_json::json;
use tokio::time::Instant;
use tower_better_auth::CircuitBreaker;

use super::{SECOND, app, get};
use crate::support::mock::{Act, Mock};

fn worth_it() -> Vec<Act> {
    vec![
        Act::Refuse,
        Act::status(502),
        Act::status(503),
        Act::status(504),
    ]
}

#[tokio::test(start_paused = true)]
async fn a_call_that_cannot_have_been_answered_is_made_once_more() {
    for (index, failure) in worth_it().into_iter().enumerate() {
        let mock = Mock::doing(failure);
        let (_, app) = app(mock.builder());
        get(&app, 0).await.assert_unavailable();
        assert_eq!(mock.count(), 2, "row {index}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_second_attempt_decides() {
    for failure in worth_it() {
        let mock = Mock::new();
        let (script, first) = (mock.clone(), failure);
        mock.plays(move |_| match script.count() {
            0 => first.clone(),
            _ => Act::signed_in(),
        });
        let (_, app) = app(mock.builder());
        get(&app, 0).await.assert_ok();
        assert_eq!(mock.count(), 2);
    }
}

#[tokio::test(start_paused = true)]
async fn whatever_the_server_said_is_not_asked_for_again() {
    let statuses = [
        201, 204, 301, 302, 400, 403, 404, 405, 408, 425, 429, 431, 500, 501, 599,
    ];
    let malformed = [json!({"a": 1}), json!("ok"), json!([])];
    let said = statuses.into_iter().map(Act::status);
    let said = said.chain(malformed.iter().map(Act::session));
    for (index, act) in said.enumerate() {
        let mock = Mock::doing(act);
        let (_, app) = app(mock.builder().retries(5));
        get(&app, 0).await.assert_unavailable();
        assert_eq!(mock.count(), 1, "row {index}");
    }
    let mock = Mock::doing(Act::signed_out());
    let (_, app) = app(mock.builder().retries(5));
    get(&app, 0).await.assert_invalid();
    assert_eq!(mock.count(), 1);
}

#[tokio::test(start_paused = true)]
async fn it_is_tried_as_often_as_was_set() {
    for retries in [0, 1, 2, 4] {
        let mock = Mock::doing(Act::Refuse);
        let (_, app) = app(mock.builder().retries(retries));
        get(&app, 0).await.assert_unavailable();
        assert_eq!(mock.count(), retries as usize + 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_retry_does_not_prolong_the_deadline() {
    let mock = Mock::doing(Act::status(503));
    mock.takes(3 * SECOND);
    let (_, app) = app(mock.builder().deadline(5 * SECOND));
    let began = Instant::now();
    get(&app, 0).await.assert_unavailable();
    let elapsed = began.elapsed();
    assert_eq!(mock.count(), 2);
    assert!(
        (5 * SECOND..5 * SECOND + SECOND / 10).contains(&elapsed),
        "{elapsed:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_thousand_failing_requests_make_no_more_than_twelve_hundred_calls() {
    for failure in [Act::Refuse, Act::status(503)] {
        let mock = Mock::doing(failure);
        let builder = mock.builder().circuit_breaker(CircuitBreaker::off());
        let (_, app) = app(builder);
        for number in 0..1000 {
            let seen = get(&app, number).await;
            assert_eq!(seen.status, StatusCode::SERVICE_UNAVAILABLE);
        }
        assert!((1100..=1200).contains(&mock.count()), "{}", mock.count());
    }
}
