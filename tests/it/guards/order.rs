//! 500 before 503 before 401 before 403 before anything that a handler would say.

use axum::{Json, Router, body::Body, routing::post};
use http::Request;
use serde_json::{Value, json};
use tower_better_auth::{CurrentUser, Rejection, Require, SessionAuth};

use super::ROLE;
use crate::support::{answer, probe::send, recorder::Recorder};

const MISCONFIGURED: &str = "500 AUTH_MISCONFIGURED";
const UNAVAILABLE: &str = "503 AUTH_SERVICE_UNAVAILABLE";
const SIGNED_OUT: &str = "401 INVALID_SESSION";
const ANONYMOUS: &str = "401 UNAUTHENTICATED";

/// A POST whose body no handler can read.
fn bad_request(has_cookie: bool) -> Request<Body> {
    let mut request = Request::post("/").header("content-type", "application/json");
    if has_cookie {
        request = request.header("cookie", answer::cookie());
    }
    request.body(Body::from("{")).unwrap()
}

fn guarded() -> Router {
    let handler = async |_: CurrentUser, _: Json<Value>| ();
    Router::new().route("/", post(handler).route_layer(Require::role("admin")))
}

fn as_role(role: &str) -> Recorder {
    Recorder::signed_in_as(json!({"id": "u1", "role": role}))
}

#[tokio::test]
async fn refusals_come_in_their_order_under_both_kinds_of_layer() {
    let banned = Recorder::signed_in_as(json!({"id": "u1", "banned": true, "role": "user"}));
    for (recorder, has_cookie, expected) in [
        (Recorder::unavailable(), true, UNAVAILABLE),
        (Recorder::unavailable(), false, ANONYMOUS),
        (Recorder::signed_out(), true, SIGNED_OUT),
        (as_role("admin"), false, ANONYMOUS),
        (banned, true, "403 USER_BANNED"),
        (as_role("user"), true, ROLE),
        (as_role("admin"), true, "400"),
    ] {
        let required = SessionAuth::new(recorder.handle());
        for layer in [required.clone(), required.optional()] {
            let seen = send(guarded().layer(layer), bad_request(has_cookie)).await;
            assert_eq!(seen.summary(), expected);
        }
    }
}

#[tokio::test]
async fn without_a_session_layer_it_is_a_500_whatever_else_is_wrong() {
    for has_cookie in [true, false] {
        assert_eq!(
            send(guarded(), bad_request(has_cookie)).await.summary(),
            MISCONFIGURED
        );
    }
    let outside = guarded()
        .layer(SessionAuth::new(Recorder::signed_in().handle()))
        .layer(Require::role("admin"));
    assert_eq!(
        send(outside, bad_request(true)).await.summary(),
        MISCONFIGURED
    );
}

#[tokio::test]
async fn a_user_as_first_argument_is_checked_before_a_bad_body_is_read() {
    let handler = async |user: CurrentUser, body: Json<Value>| -> Result<(), Rejection> {
        user.require_role("admin")?;
        drop(body);
        Ok(())
    };
    for (recorder, has_cookie, expected) in [
        (Recorder::unavailable(), true, UNAVAILABLE),
        (Recorder::signed_out(), true, SIGNED_OUT),
        (as_role("admin"), false, ANONYMOUS),
        (as_role("admin"), true, "400"),
    ] {
        let layer = SessionAuth::new(recorder.handle()).optional();
        let app = Router::new().route("/", post(handler)).layer(layer);
        assert_eq!(send(app, bad_request(has_cookie)).await.summary(), expected);
    }
}

/// A verdict that a guard asked for is the one that the handler gets.
#[tokio::test]
async fn a_guard_over_an_optional_layer_asks_once_and_nobody_anonymous() {
    let recorder = as_role("admin");
    let layer = SessionAuth::new(recorder.handle()).optional();
    let app = guarded().layer(layer);
    assert_eq!(
        send(app.clone(), bad_request(false)).await.summary(),
        ANONYMOUS
    );
    assert_eq!(recorder.count(), 0);
    assert_eq!(send(app, bad_request(true)).await.summary(), "400");
    assert_eq!(recorder.count(), 1);
}
