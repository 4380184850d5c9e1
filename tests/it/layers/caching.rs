//! What shared caches are told.

use axum::{
    Router,
    response::IntoResponse,
    routing::{MethodRouter, get},
};
use http::header;
use tower_better_auth::{CurrentUser, SessionAuth};

use crate::support::{
    probe::{anonymous, send, signed_in},
    recorder::Recorder,
};

type Change = fn(SessionAuth) -> SessionAuth;

const REQUIRED: Change = |layer| layer;
const OPTIONAL: Change = SessionAuth::optional;
const REQUIRED_UNCACHED: Change = SessionAuth::without_cache_control;
const OPTIONAL_UNCACHED: Change = |layer| layer.optional().without_cache_control();

fn plain() -> MethodRouter {
    get(async || ())
}

fn asks() -> MethodRouter {
    get(async |_: Option<CurrentUser>| ())
}

fn decides() -> MethodRouter {
    get(async || {
        [
            (header::CACHE_CONTROL, "public, max-age=60"),
            (header::VARY, "Accept-Language"),
        ]
        .into_response()
    })
}

fn varies_already() -> MethodRouter {
    get(async || [(header::VARY, "accept, COOKIE")].into_response())
}

/// All lines of `Vary` and of `Cache-Control`.
async fn seen(change: Change, handler: MethodRouter, has_cookie: bool) -> (String, String) {
    let layer = change(SessionAuth::new(Recorder::signed_in().handle()));
    let request = if has_cookie {
        signed_in("/")
    } else {
        anonymous("/")
    };
    let seen = send(Router::new().route("/", handler).layer(layer), request).await;
    let all = |name| {
        let lines = seen.headers.get_all(name).iter();
        lines
            .map(|line| line.to_str().unwrap())
            .collect::<Vec<_>>()
            .join(" | ")
    };
    (all(header::VARY), all(header::CACHE_CONTROL))
}

#[tokio::test]
async fn whoever_consulted_a_verdict_varies_and_who_is_signed_in_is_private() {
    let cases: [(Change, fn() -> MethodRouter, bool, &str, &str); 14] = [
        (REQUIRED, plain, true, "Cookie", "private"),
        (REQUIRED, asks, true, "Cookie", "private"),
        (REQUIRED, plain, false, "Cookie", "no-store"),
        (
            REQUIRED,
            decides,
            true,
            "Accept-Language | Cookie",
            "public, max-age=60",
        ),
        (REQUIRED, varies_already, true, "accept, COOKIE", "private"),
        (REQUIRED_UNCACHED, plain, true, "Cookie", ""),
        (REQUIRED_UNCACHED, plain, false, "Cookie", "no-store"),
        (OPTIONAL, plain, true, "", ""),
        (OPTIONAL, plain, false, "", ""),
        (
            OPTIONAL,
            decides,
            true,
            "Accept-Language",
            "public, max-age=60",
        ),
        (OPTIONAL, asks, true, "Cookie", "private"),
        (OPTIONAL, asks, false, "Cookie", ""),
        (OPTIONAL_UNCACHED, asks, true, "Cookie", ""),
        (OPTIONAL_UNCACHED, asks, false, "Cookie", ""),
    ];
    for (index, (change, handler, has_cookie, vary, cache_control)) in cases.into_iter().enumerate()
    {
        let expected = (vary.to_owned(), cache_control.to_owned());
        assert_eq!(
            seen(change, handler(), has_cookie).await,
            expected,
            "row {index}"
        );
    }
}

#[tokio::test]
async fn with_other_credentials_switched_on_answers_vary_on_them_too() {
    let auth = Recorder::signed_in()
        .builder()
        .accept_bearer()
        .accept_api_key()
        .build()
        .unwrap();
    let app = Router::<()>::new()
        .route("/", plain())
        .layer(SessionAuth::new(auth));
    for request in [signed_in("/"), anonymous("/")] {
        let seen = send(app.clone(), request).await;
        let lines: Vec<_> = seen.headers.get_all(header::VARY).iter().collect();
        assert_eq!(lines, ["Cookie", "Authorization", "X-Api-Key"]);
    }
}
