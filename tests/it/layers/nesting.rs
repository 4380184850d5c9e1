//! Several layers on one path.

use axum::{Router, routing::get};
use serde_json::json;
use tower_better_auth::{CurrentUser, Require, SessionAuth};

use crate::support::{
    probe::{anonymous, send, signed_in},
    recorder::Recorder,
};

/// Who the handler sees behind these layers, from the innermost to the outermost.
async fn seen_behind(layers: impl IntoIterator<Item = SessionAuth>) -> String {
    let handler = async |user: Option<CurrentUser>| {
        user.map_or_else(|| "nobody".into(), |user| user.id.clone())
    };
    let app = Router::<()>::new().route("/", get(handler));
    let app = layers.into_iter().fold(app, Router::layer);
    let seen = send(app, signed_in("/")).await;
    if seen.status == 200 {
        seen.body
    } else {
        seen.summary()
    }
}

#[tokio::test]
async fn layers_of_one_handle_ask_once() {
    let recorder = Recorder::signed_in();
    let required = SessionAuth::new(recorder.handle());
    let optional = required.clone().optional();
    for (name, layers) in [
        (
            "required in required",
            vec![required.clone(), required.clone()],
        ),
        (
            "required in optional",
            vec![required.clone(), optional.clone()],
        ),
        (
            "optional in required",
            vec![optional.clone(), required.clone()],
        ),
        (
            "optional in optional",
            vec![optional.clone(), optional.clone()],
        ),
        (
            "three",
            vec![required.clone(), optional.clone(), required.clone()],
        ),
    ] {
        assert_eq!(seen_behind(layers).await, "u1", "{name}");
        assert_eq!(recorder.take().len(), 1, "{name}");
    }
}

#[tokio::test]
async fn live_inside_of_each_layer_of_one_handle_asks_once_more_and_not_twice() {
    let recorder = Recorder::signed_in();
    let required = SessionAuth::new(recorder.handle());
    let optional = required.clone().optional();
    for (inner, outer) in [
        (&required, &required),
        (&required, &optional),
        (&optional, &required),
        (&optional, &optional),
    ] {
        let app = Router::<()>::new()
            .route("/", get(async |_: CurrentUser| ()))
            .layer(Require::live())
            .layer(inner.clone())
            .layer(Require::live())
            .layer(outer.clone());
        assert_eq!(send(app, signed_in("/")).await.summary(), "200");
        assert_eq!(recorder.take().len(), 2);
    }
}

#[tokio::test]
async fn clones_are_one_handle_and_two_builds_are_two() {
    let recorder = Recorder::signed_in();
    let auth = recorder.handle();
    let clones = [
        SessionAuth::new(auth.clone()),
        SessionAuth::new(auth.clone()),
    ];
    assert_eq!(seen_behind(clones).await, "u1");
    assert_eq!(recorder.take().len(), 1);
    let builds = [SessionAuth::new(auth), SessionAuth::new(recorder.handle())];
    assert_eq!(seen_behind(builds).await, "u1");
    assert_eq!(recorder.take().len(), 2);
}

#[tokio::test]
async fn of_two_handles_each_asks_and_the_inner_one_is_heard() {
    let inner = Recorder::signed_in_as(json!({"id": "inner"}));
    let outer = Recorder::signed_in_as(json!({"id": "outer"}));
    let (inside, outside) = (
        SessionAuth::new(inner.handle()),
        SessionAuth::new(outer.handle()),
    );
    for (name, layers, calls) in [
        (
            "required in required",
            [inside.clone(), outside.clone()],
            (1, 1),
        ),
        (
            "optional in required",
            [inside.clone().optional(), outside.clone()],
            (1, 1),
        ),
        (
            "required in optional",
            [inside.clone(), outside.clone().optional()],
            (1, 0),
        ),
        (
            "optional in optional",
            [inside.clone().optional(), outside.clone().optional()],
            (1, 0),
        ),
    ] {
        assert_eq!(seen_behind(layers).await, "inner", "{name}");
        assert_eq!((inner.take().len(), outer.take().len()), calls, "{name}");
    }
}

#[tokio::test]
async fn an_inner_layer_that_knows_nobody_is_not_helped_by_an_outer_one() {
    let inside = SessionAuth::new(Recorder::signed_out().handle());
    let outside = SessionAuth::new(Recorder::signed_in().handle());
    let required = [inside.clone(), outside.clone()];
    assert_eq!(seen_behind(required).await, "401 INVALID_SESSION");
    assert_eq!(seen_behind([inside.optional(), outside]).await, "nobody");
}

#[tokio::test]
async fn a_required_layer_inside_an_optional_one_still_requires() {
    for (recorder, expected) in [
        (Recorder::signed_in(), "200"),
        (Recorder::signed_out(), "401 INVALID_SESSION"),
        (Recorder::unavailable(), "503 AUTH_SERVICE_UNAVAILABLE"),
    ] {
        let required = SessionAuth::new(recorder.handle());
        let app = Router::<()>::new()
            .route("/", get(async || ()))
            .layer(required.clone())
            .layer(required.optional());
        assert_eq!(send(app.clone(), signed_in("/")).await.summary(), expected);
        assert_eq!(recorder.take().len(), 1);
        assert_eq!(
            send(app, anonymous("/")).await.summary(),
            "401 UNAUTHENTICATED"
        );
    }
}
