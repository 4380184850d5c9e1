//! The optional layer: nothing is asked until somebody wants to know, and then once.

use axum::{
    Router,
    routing::{MethodRouter, get},
};
use serde_json::json;
use tower_better_auth::{CurrentSession, CurrentUser, Require, SessionAuth};

use crate::support::{
    probe::{Seen, anonymous, send, signed_in},
    recorder::Recorder,
};

async fn with_cookie(recorder: &Recorder, handler: MethodRouter) -> Seen {
    send(app(recorder, handler), signed_in("/")).await
}

fn app(recorder: &Recorder, handler: MethodRouter) -> Router {
    Router::new()
        .route("/", handler)
        .layer(SessionAuth::new(recorder.handle()).optional())
}

async fn maybe(user: Option<CurrentUser>) -> String {
    user.map_or_else(|| "nobody".into(), |user| user.id.clone())
}

async fn maybe_session(session: Option<CurrentSession>) -> String {
    session.map_or_else(|| "nobody".into(), |session| session.user.id.clone())
}

fn every_auth_server() -> [(Recorder, &'static str); 4] {
    [
        (Recorder::signed_in(), "200"),
        (Recorder::signed_out(), "401 INVALID_SESSION"),
        (Recorder::unavailable(), "503 AUTH_SERVICE_UNAVAILABLE"),
        (
            Recorder::signed_in_as(json!({"id": "u1", "banned": true})),
            "403 USER_BANNED",
        ),
    ]
}

#[tokio::test]
async fn a_handler_that_never_asks_works_in_an_outage_and_costs_no_call() {
    for (recorder, _) in every_auth_server() {
        assert_eq!(
            with_cookie(&recorder, get(async || ())).await.summary(),
            "200"
        );
        assert_eq!(recorder.count(), 0);
    }
}

#[tokio::test]
async fn who_must_be_signed_in_is_refused_as_under_a_required_layer() {
    let handlers: [fn() -> MethodRouter; 3] = [
        || get(async |_: CurrentUser| ()),
        || get(async |_: CurrentSession| ()),
        || get(async || ()).layer(Require::guard(Anybody)),
    ];
    for handler in handlers {
        for (recorder, expected) in every_auth_server() {
            assert_eq!(with_cookie(&recorder, handler()).await.summary(), expected);
            assert_eq!(recorder.take().len(), 1);
            let seen = send(app(&recorder, handler()), anonymous("/")).await;
            assert_eq!(seen.summary(), "401 UNAUTHENTICATED");
            assert_eq!(recorder.take().len(), 0);
        }
    }
}

struct Anybody;

impl tower_better_auth::Guard for Anybody {
    fn check(&self, _: &tower_better_auth::Access<'_>) -> Result<(), tower_better_auth::Denied> {
        Ok(())
    }
}

#[tokio::test]
async fn nobody_is_only_who_is_anonymous_or_signed_out() {
    for (recorder, refusal) in every_auth_server() {
        let expected = match refusal {
            "200" => "u1",
            "401 INVALID_SESSION" => "nobody",
            refusal => refusal,
        };
        for handler in [get(maybe), get(maybe_session)] {
            let seen = with_cookie(&recorder, handler.clone()).await;
            let shown = if seen.status == 200 {
                seen.body.clone()
            } else {
                seen.summary()
            };
            assert_eq!(shown, expected);
            let seen = send(app(&recorder, handler), anonymous("/")).await;
            assert_eq!(
                (seen.summary().as_str(), seen.body.as_str()),
                ("200", "nobody")
            );
        }
        assert_eq!(recorder.count(), 2);
    }
}

#[tokio::test]
async fn however_many_want_to_know_one_call_is_made() {
    let recorder = Recorder::signed_in_as(json!({"id": "u1", "role": "admin"}));
    let all = async |_: CurrentUser, _: Option<CurrentUser>, _: CurrentSession, _: CurrentUser| ();
    let handler = get(all)
        .route_layer(Require::role("admin"))
        .layer(Require::role("admin"));
    assert_eq!(with_cookie(&recorder, handler).await.summary(), "200");
    assert_eq!(recorder.count(), 1);
}

#[tokio::test]
async fn an_outage_is_asked_about_once_too() {
    let recorder = Recorder::unavailable();
    let handler =
        async |first: Result<CurrentUser, tower_better_auth::Rejection>,
               second: Result<Option<CurrentUser>, tower_better_auth::Rejection>| {
            format!(
                "{} {}",
                first.unwrap_err().code(),
                second.unwrap_err().code()
            )
        };
    let seen = with_cookie(&recorder, get(handler)).await;
    assert_eq!(
        seen.body,
        "AUTH_SERVICE_UNAVAILABLE AUTH_SERVICE_UNAVAILABLE"
    );
    assert_eq!(recorder.count(), 1);
}
