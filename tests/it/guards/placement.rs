//! Where a guard stands in an application, and what it covers there.

use axum::{
    Router,
    body::Body,
    routing::{any, get},
};
use http::{Method, Request};
use serde_json::json;
use tower_better_auth::{Require, SessionAuth};

use super::ROLE;
use crate::support::{
    probe::{anonymous, send, signed_in},
    recorder::Recorder,
};

const ANONYMOUS: &str = "401 UNAUTHENTICATED";

fn auth(role: &str) -> SessionAuth {
    SessionAuth::new(Recorder::signed_in_as(json!({"id": "u1", "role": role})).handle())
}

fn admin() -> Require {
    Require::role("admin")
}

fn router() -> Router {
    Router::new().route("/in", get(async || ()))
}

/// Of the route, of the route by another method, and of an unknown path below and beside it.
fn requests() -> [Request<Body>; 4] {
    let mut delete = signed_in("/in");
    *delete.method_mut() = Method::DELETE;
    [
        signed_in("/in"),
        delete,
        signed_in("/in/x"),
        signed_in("/out"),
    ]
}

async fn seen_by(role: &str, app: Router) -> Vec<String> {
    let app = app.layer(auth(role));
    let mut seen = Vec::new();
    for request in requests() {
        seen.push(send(app.clone(), request).await.summary());
    }
    seen
}

/// As axum's own layers: `layer` covers what no route answers as well, `route_layer` does not.
#[tokio::test]
async fn the_route_is_always_guarded_and_the_rest_with_layer() {
    let fallback = async || ();
    let ways: [(&str, Router, [&str; 4], [&str; 4]); 8] = [
        (
            "layer",
            router().layer(admin()),
            [ROLE, ROLE, ROLE, ROLE],
            ["200", "405", "404", "404"],
        ),
        (
            "route_layer",
            router().route_layer(admin()),
            [ROLE, ROLE, "404", "404"],
            ["200", "405", "404", "404"],
        ),
        (
            "the method router's layer",
            Router::new().route("/in", get(async || ()).layer(admin())),
            [ROLE, ROLE, "404", "404"],
            ["200", "405", "404", "404"],
        ),
        (
            "the method router's route_layer",
            Router::new().route("/in", get(async || ()).route_layer(admin())),
            [ROLE, "405", "404", "404"],
            ["200", "405", "404", "404"],
        ),
        (
            "the layer of any",
            Router::new().route("/in", any(async || ()).layer(admin())),
            [ROLE, ROLE, "404", "404"],
            ["200", "200", "404", "404"],
        ),
        (
            "fallback and layer",
            router().fallback(fallback).layer(admin()),
            [ROLE, ROLE, ROLE, ROLE],
            ["200", "405", "200", "200"],
        ),
        (
            "fallback and route_layer",
            router().fallback(fallback).route_layer(admin()),
            [ROLE, ROLE, "200", "200"],
            ["200", "405", "200", "200"],
        ),
        (
            "layer of a nested router",
            Router::new().nest(
                "/in",
                Router::new()
                    .route("/", get(async || ()))
                    .fallback(fallback)
                    .layer(admin()),
            ),
            [ROLE, ROLE, ROLE, "404"],
            ["200", "405", "200", "404"],
        ),
    ];
    for (name, app, user, admin) in ways {
        assert_eq!(seen_by("user", app.clone()).await, user, "{name}");
        assert_eq!(seen_by("admin", app).await, admin, "{name}");
    }
}

#[tokio::test]
async fn a_route_that_is_added_after_the_guard_is_not_covered_by_it() {
    let app = router()
        .layer(admin())
        .route("/late", get(async || ()))
        .layer(auth("user"));
    for (request, expected) in [
        (signed_in("/in"), ROLE),
        (signed_in("/late"), "200"),
        (anonymous("/late"), ANONYMOUS),
    ] {
        assert_eq!(send(app.clone(), request).await.summary(), expected);
    }
}

/// Nothing that a client writes opens a guard: neither to somebody without the role nor to nobody.
#[tokio::test]
async fn no_header_and_no_path_goes_around_a_guard() {
    let app = router().layer(admin()).layer(auth("user"));
    for (name, value) in [
        ("user-agent", "kube-probe/1.31"),
        ("user-agent", "GoogleHC/1.0"),
        (
            "x-middleware-subrequest",
            "middleware:middleware:middleware",
        ),
        ("x-authenticated", "true"),
        ("x-user-id", "u1"),
        ("x-user-role", "admin"),
        ("x-forwarded-user", "admin"),
        ("x-forwarded-uri", "/out"),
        ("x-original-url", "/out"),
        ("x-http-method-override", "OPTIONS"),
        ("upgrade", "websocket"),
        ("purpose", "prefetch"),
        ("authorization", "Bearer admin"),
        ("x-api-key", "admin"),
    ] {
        for (mut request, expected) in [(signed_in("/in"), ROLE), (anonymous("/in"), ANONYMOUS)] {
            request.headers_mut().insert(name, value.parse().unwrap());
            assert_eq!(
                send(app.clone(), request).await.summary(),
                expected,
                "{name}: {value}"
            );
        }
    }
    for path in [
        "/in?public=true",
        "/in?role=admin",
        "/in#/out",
        "/%69n",
        "http://public.example/in",
    ] {
        assert_eq!(
            send(app.clone(), signed_in(path)).await.summary(),
            ROLE,
            "{path}"
        );
        assert_eq!(
            send(app.clone(), anonymous(path)).await.summary(),
            ANONYMOUS,
            "{path}"
        );
    }
}
