use std::panic::AssertUnwindSafe;

use axum::{
    Json, Router,
    extract::Request,
    middleware::{Next, from_fn},
    response::IntoResponse,
    routing::{get, post},
};
use futures_util::FutureExt;
use http::{Method, StatusCode};
use tower_better_auth::{
    BetterAuth, CurrentUser, Rejection, Require, SessionAuth, rejection,
    testing::{AuthServer, Fault, Route, anonymous, assert_protected},
};

use super::steady;

/// What the assertion says about an app; empty when it has nothing to say.
async fn complaint<R: Into<Route>>(app: Router, routes: impl IntoIterator<Item = R>) -> String {
    let assertion = AssertUnwindSafe(assert_protected(app, routes));
    match assertion.catch_unwind().await {
        Ok(()) => String::new(),
        Err(panic) => *panic.downcast::<String>().unwrap(),
    }
}

fn layer(server: &AuthServer) -> SessionAuth {
    SessionAuth::new(steady(server.builder()))
}

#[tokio::test]
async fn a_route_that_was_added_after_the_layer_is_named_with_the_fix() {
    let server = AuthServer::in_process();
    let app = Router::new()
        .route("/me", get(async || "me"))
        .layer(layer(&server))
        .route("/new", get(async || "open"))
        .route(
            "/notes",
            post(async |_: Json<u32>| "open").get(async || "open"),
        );

    let complaint = complaint(app, ["/me", "/new", "POST /notes"]).await;

    let told = complaint.lines().collect::<Vec<_>>();
    assert!(
        told[0]
            .starts_with("2 of 3 routes are not shown to be protected (tests/it/kit/protected.rs:"),
        "{complaint}"
    );
    assert_eq!(
        told[2],
        "    GET /new     200 without a cookie: the request got through"
    );
    assert_eq!(
        told[3],
        "    POST /notes  415 without a cookie: the request got through"
    );
    assert!(complaint.contains("added before it, and none that are added after"));
    assert!(!complaint.contains("/me"), "{complaint}");
}

#[tokio::test]
async fn the_line_that_called_it_is_named() {
    let server = AuthServer::in_process();
    let app = Router::new().route("/x", get(async || "open"));
    let app = app.layer(layer(&server)).route("/y", get(async || "open"));
    let (assertion, line) = (assert_protected(app, ["/y"]), line!());
    let panic = AssertUnwindSafe(assertion)
        .catch_unwind()
        .await
        .unwrap_err();
    let complaint = panic.downcast::<String>().unwrap();
    assert!(
        complaint.contains(&format!("protected.rs:{line}:")),
        "{complaint}"
    );
}

#[tokio::test]
async fn every_way_of_protecting_a_route_will_do() {
    let server = AuthServer::in_process();
    let with_user = async |user: CurrentUser| user.id.clone();
    let app = Router::new()
        .route("/required", get(async || "in"))
        .route("/users/{id}/{*rest}", post(async || "in"))
        .layer(layer(&server))
        .merge(
            Router::new()
                .route("/extractor", get(with_user))
                .route(
                    "/guard",
                    get(async || "in").route_layer(Require::role("admin")),
                )
                .layer(layer(&server).optional()),
        )
        .merge(
            Router::new()
                .route("/page", get(async || "in"))
                .layer(layer(&server).redirect_to_sign_in("/in")),
        )
        .merge(
            Router::new()
                .route("/problem", get(async || "in"))
                .layer(layer(&server).respond_with(rejection::problem)),
        )
        .merge(
            Router::new()
                .route("/tested", get(async || "in"))
                .layer(anonymous()),
        );
    let routes = [
        "/required",
        "/extractor",
        "/guard",
        "/page",
        "/problem",
        "/tested",
    ];
    assert_protected(app.clone(), routes).await;
    assert_protected(app.clone(), [(Method::POST, "/users/{id}/{*rest}")]).await;
    assert_protected(app.clone(), [("post", "/users/7/notes")]).await;

    server.fail_with(Fault::Refused);
    assert_protected(app, routes).await;
}

#[tokio::test]
async fn an_app_whose_auth_server_is_not_there_can_be_asserted_on() {
    let auth = BetterAuth::new("http://127.0.0.1:1").unwrap();
    let app = Router::new()
        .route("/me", get(async || "me"))
        .layer(SessionAuth::new(auth));
    assert_protected(app, ["/me"]).await;
}

#[tokio::test]
async fn what_only_looks_like_a_refusal_is_none() {
    let server = AuthServer::in_process();
    let home =
        async |user: Option<CurrentUser>| user.map(|user| user.id.clone()).unwrap_or_default();
    let by_cookie = async |headers: http::HeaderMap| match headers.get("cookie") {
        None => Err(Rejection::from(tower_better_auth::Denied::new("X"))),
        Some(_) => Ok("open to whoever has any cookie"),
    };
    let app = Router::new()
        .route("/home", get(home))
        .layer(layer(&server).optional())
        .route("/own-401", get(async || StatusCode::UNAUTHORIZED))
        .route("/uncovered", get(async |_: CurrentUser| "in"))
        .route("/by-cookie", get(by_cookie));
    for (route, expected) in [
        ("/home", "200 without a cookie: the request got through"),
        ("/own-401", "401 without a cookie: the app's own 401"),
        (
            "/uncovered",
            "500 without a cookie: a guard or an extractor runs without",
        ),
        (
            "/by-cookie",
            "403 without a cookie: the handler itself refuses",
        ),
        (
            "/typo",
            "404 without a cookie: there is no such route, check the path",
        ),
        (
            "DELETE /home",
            "405 without a cookie: there is no such route, check the method",
        ),
    ] {
        let complaint = complaint(app.clone(), [route]).await;
        assert!(complaint.contains(expected), "{route}: {complaint}");
    }
}

#[tokio::test]
async fn a_made_up_cookie_has_to_be_refused_as_well() {
    let credulous = async |request: Request, next: Next| {
        if request.headers().contains_key("cookie") {
            return StatusCode::OK.into_response();
        }
        next.run(request).await
    };
    let app = Router::new()
        .route("/me", get(async || "me"))
        .layer(anonymous())
        .layer(from_fn(credulous));
    let complaint = complaint(app, ["/me"]).await;
    let expected = "200 with a made-up cookie: the request got through";
    assert!(complaint.contains(expected), "{complaint}");
}

#[tokio::test]
async fn no_routes_and_no_paths_are_mistakes() {
    let app = Router::new();
    let none = complaint(app, Vec::<&str>::new()).await;
    assert!(
        none.starts_with("no routes to look at (tests/it/kit/protected.rs:"),
        "{none}"
    );
}
