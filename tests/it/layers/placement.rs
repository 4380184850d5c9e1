//! Where the layer stands in an axum application, and what it covers there.

use axum::{
    Router,
    body::Body,
    routing::{any, get},
};
use http::Request;
use tower::{Layer, ServiceExt};
use tower_better_auth::{CurrentUser, Rejection, RejectionKind, SessionAuth};

use crate::support::{
    answer,
    probe::{self, anonymous, send, signed_in},
    recorder::Recorder,
};

async fn me(user: CurrentUser) -> String {
    user.id.clone()
}

fn me_router() -> Router {
    Router::new().route("/", get(me))
}

#[tokio::test]
async fn it_protects_as_layer_as_route_layer_and_around_one_route() {
    let auth = Recorder::signed_in().handle();
    for (name, app) in [
        ("layer", me_router().layer(SessionAuth::new(auth.clone()))),
        (
            "route_layer",
            me_router().route_layer(SessionAuth::new(auth.clone())),
        ),
        (
            "method router",
            Router::new().route("/", get(me).layer(SessionAuth::new(auth.clone()))),
        ),
        (
            "method router's route_layer",
            Router::new().route("/", get(me).route_layer(SessionAuth::new(auth.clone()))),
        ),
        (
            "merged",
            Router::new().merge(me_router().layer(SessionAuth::new(auth.clone()))),
        ),
        (
            "fallback",
            Router::new().fallback(me).layer(SessionAuth::new(auth)),
        ),
    ] {
        let seen = send(app.clone(), signed_in("/")).await;
        assert_eq!(
            (seen.summary().as_str(), seen.body.as_str()),
            ("200", answer::USER_ID),
            "{name}"
        );
        let seen = send(app, anonymous("/")).await;
        assert_eq!(seen.summary(), "401 UNAUTHENTICATED", "{name}");
    }
}

#[tokio::test]
async fn it_protects_around_a_whole_router() {
    let service = SessionAuth::new(Recorder::signed_in().handle()).layer(me_router());
    let response = service.clone().oneshot(signed_in("/")).await.unwrap();
    assert_eq!(response.status(), 200);
    let response = service.oneshot(anonymous("/")).await.unwrap();
    assert_eq!(response.status(), 401);
}

#[tokio::test]
async fn an_unknown_path_is_a_401_under_layer_and_a_404_under_route_layer() {
    let auth = SessionAuth::new(Recorder::signed_in().handle());
    let layer = me_router().layer(auth.clone());
    let route_layer = me_router().route_layer(auth);
    for (app, request, expected) in [
        (&layer, anonymous("/unknown"), "401 UNAUTHENTICATED"),
        (&layer, signed_in("/unknown"), "404"),
        (&route_layer, anonymous("/unknown"), "404"),
        (&route_layer, signed_in("/unknown"), "404"),
    ] {
        assert_eq!(send(app.clone(), request).await.summary(), expected);
    }
}

#[tokio::test]
async fn a_wrong_method_is_a_401_before_it_is_a_405() {
    let auth = SessionAuth::new(Recorder::signed_in().handle());
    for app in [
        me_router().layer(auth.clone()),
        me_router().route_layer(auth),
    ] {
        let delete = |request: Request<Body>| {
            let (mut head, body) = request.into_parts();
            head.method = http::Method::DELETE;
            Request::from_parts(head, body)
        };
        let seen = send(app.clone(), delete(anonymous("/"))).await;
        assert_eq!(seen.summary(), "401 UNAUTHENTICATED");
        assert_eq!(send(app, delete(signed_in("/"))).await.summary(), "405");
    }
}

#[tokio::test]
async fn a_route_that_is_added_after_the_layer_is_not_covered_and_its_extractor_says_so() {
    let app = Router::new()
        .layer(SessionAuth::new(Recorder::signed_in().handle()))
        .route("/", get(me));
    for request in [anonymous("/"), signed_in("/")] {
        assert_eq!(
            send(app.clone(), request).await.summary(),
            "500 AUTH_MISCONFIGURED"
        );
    }
}

#[tokio::test]
async fn every_method_is_guarded_equally() {
    let recorder = Recorder::signed_in();
    let (app, handled) = probe::protected(recorder.handle());
    let methods = [
        "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "BREW",
        "PROPFIND", "get",
    ];
    for method in methods {
        let request = Request::builder()
            .method(method)
            .uri("/")
            .body(Body::empty())
            .unwrap();
        let seen = send(app.clone(), request).await;
        assert_eq!(seen.status, 401, "{method}");
        assert!(seen.headers.contains_key("www-authenticate"), "{method}");
        assert_eq!((handled.get(), recorder.count()), (0, 0), "{method}");
    }
    for (index, method) in methods.into_iter().enumerate() {
        let mut request = signed_in("/");
        *request.method_mut() = method.parse().unwrap();
        assert_eq!(send(app.clone(), request).await.status, 200, "{method}");
        assert_eq!(
            (handled.get(), recorder.count()),
            (index + 1, index + 1),
            "{method}"
        );
    }
}

#[tokio::test]
async fn the_rejection_is_in_the_extensions_of_the_response() {
    let by_layer = any(async || ());
    let by_extractor = get(me).layer(SessionAuth::new(Recorder::signed_out().handle()).optional());
    let layer = SessionAuth::new(Recorder::signed_out().handle());
    for app in [
        Router::new().route("/", by_layer).layer(layer),
        Router::new().route("/", by_extractor),
    ] {
        let response = app.oneshot(signed_in("/")).await.unwrap();
        let rejection: &Rejection = response.extensions().get().unwrap();
        assert_eq!(rejection.kind(), RejectionKind::InvalidSession);
        assert_eq!(rejection.code(), "INVALID_SESSION");
    }
}
