//! The id in the path: decoded once, compared byte for byte, and only where it is one parameter of the route.

use axum::{Router, routing::get};
use serde_json::json;
use tower_better_auth::{Require, SessionAuth};

use super::{ID, ask};
use crate::support::{
    log,
    probe::{send, signed_in},
    recorder::Recorder,
};

#[tokio::test]
async fn the_id_in_the_path_is_the_users_own_byte_for_byte() {
    let cases = [
        ("u1", "/users/u1", "200"),
        ("u1", "/users/u%31", "200"),
        ("u1", "/users/u1?user_id=u2", "200"),
        ("é", "/users/%C3%A9", "200"),
        ("a/b", "/users/a%2Fb", "200"),
        ("a b", "/users/a%20b", "200"),
        ("a+b", "/users/a+b", "200"),
        ("u%31", "/users/u%2531", "200"),
        ("u1", "/users/u2", ID),
        ("u1", "/users/u2?user_id=u1", ID),
        ("u1", "/users/U1", ID),
        ("U1", "/users/u1", ID),
        ("u1", "/users/u", ID),
        ("u1", "/users/u11", ID),
        ("u1", "/users/u1%00", ID),
        ("u1", "/users/%00u1", ID),
        ("u1", "/users/u1%20", ID),
        ("u1", "/users/%20u1", ID),
        ("u1", "/users/u1%09", ID),
        ("u1", "/users/u1%2e", ID),
        ("u1", "/users/%2e%2e", ID),
        ("u1", "/users/%2e%2e%2fu1", ID),
        ("u1", "/users/u1%2F", ID),
        ("u1", "/users/u1%2Fx", ID),
        ("u1", "/users/x%2Fu1", ID),
        ("u1", "/users/u1;x", ID),
        ("u1", "/users/u1%3Bx", ID),
        ("u1", "/users/u%2531", ID),
        ("u1", "/users/%FF", ID),
        ("u1", "/users/u1%FF", ID),
        ("u1", "/users/%C3%28", ID),
        ("u1", "/users/u%EF%BC%91", ID),
        ("u1", "/users/u%D9%A1", ID),
        ("u1", "/users/u%C2%B9", ID),
        ("é", "/users/e%CC%81", ID),
        ("e\u{301}", "/users/%C3%A9", ID),
        ("a b", "/users/a+b", ID),
        ("ß", "/users/ss", ID),
        ("u1", "/users/u1/x", "404"),
        ("u1", "/users//u1", "404"),
        ("u1", "/users/", "404"),
    ];
    for (id, path, expected) in cases {
        let require = Require::user_id("user_id");
        let seen = ask(json!({"id": id}), "/users/{user_id}", require, path).await;
        assert_eq!(seen.summary(), expected, "{id:?} asks for {path}");
    }
}

#[tokio::test]
async fn the_parameter_is_the_routers_and_not_what_a_client_calls_the_path() {
    for name in [
        "x-forwarded-uri",
        "x-original-url",
        "x-rewrite-url",
        "x-forwarded-prefix",
    ] {
        let app = Router::new()
            .route(
                "/users/{user_id}",
                get(async || ()).route_layer(Require::user_id("user_id")),
            )
            .layer(SessionAuth::new(Recorder::signed_in().handle()));
        let mut request = signed_in("/users/u2");
        request
            .headers_mut()
            .insert(name, "/users/u1".parse().unwrap());
        assert_eq!(send(app, request).await.summary(), ID, "{name}");
    }
}

fn guarded(app: Router) -> Router {
    app.layer(SessionAuth::new(Recorder::signed_in().handle()))
}

#[test]
fn a_route_without_one_plain_parameter_of_that_name_denies_everybody_and_the_log_says_why() {
    let guard = || get(async || ()).route_layer(Require::user_id("user_id"));
    let inner = || Router::new().route("/notes/{user_id}", guard());
    let cases = [
        (
            "has no such parameter",
            Router::new().route("/u1", guard()),
            "/u1",
        ),
        (
            "has no such parameter",
            Router::new().route("/{id}", guard()),
            "/u1",
        ),
        (
            "has no such parameter",
            Router::new().route("/{User_id}", guard()),
            "/u1",
        ),
        (
            "has it twice",
            Router::new().nest("/users/{user_id}", inner()),
            "/users/u1/notes/u1",
        ),
        (
            "has it twice",
            Router::new().nest("/users/{user_id}", inner()),
            "/users/u2/notes/u1",
        ),
        (
            "has it as a wildcard",
            Router::new().route("/{*user_id}", guard()),
            "/u1",
        ),
        (
            "has it as a wildcard",
            Router::new().route("/users/{*user_id}", guard()),
            "/users/u1",
        ),
        (
            "has no such parameter",
            Router::new().fallback_service(guard()),
            "/u1",
        ),
    ];
    for (why, app, path) in cases {
        let (seen, log) = log::of(send(guarded(app), signed_in(path)));
        assert_eq!(seen.summary(), ID, "{path}: {why}");
        let error = log
            .lines()
            .find(|line| line.contains("ERROR tower_better_auth"));
        assert!(
            error.is_some_and(|line| line.contains(why)),
            "{path}: {why}: {log}"
        );
    }
}

#[tokio::test]
async fn a_parameter_of_an_outer_router_counts() {
    let inner = Router::new().route(
        "/notes/{note}",
        get(async || ()).route_layer(Require::user_id("user_id")),
    );
    let app = guarded(Router::new().nest("/users/{user_id}", inner));
    for (path, expected) in [("/users/u1/notes/u2", "200"), ("/users/u2/notes/u1", ID)] {
        assert_eq!(
            send(app.clone(), signed_in(path)).await.summary(),
            expected,
            "{path}"
        );
    }
}

#[test]
fn a_mistake_of_the_client_is_not_logged_as_one_of_the_program() {
    for path in ["/users/u2", "/users/%FF"] {
        let app = Router::new().route(
            "/users/{user_id}",
            get(async || ()).route_layer(Require::user_id("user_id")),
        );
        let (seen, log) = log::of(send(guarded(app), signed_in(path)));
        assert_eq!(seen.summary(), ID, "{path}");
        assert!(
            !log.contains("ERROR") && !log.contains("WARN"),
            "{path}: {log}"
        );
    }
}
