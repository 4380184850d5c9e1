//! What a response looks like that passes cookies on.

use std::convert::Infallible;

use axum::{Router, body::Body, response::IntoResponse, routing::get};
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http::{HeaderMap, StatusCode, header};
use http_body_util::BodyExt;
use tower::ServiceExt;
use tower_better_auth::{BetterAuthBuilder, CurrentUser, Require, SessionAuth, rejection};

use super::{DELETED, LINE, app, refreshing, set_cookies, setting};
use crate::support::{
    answer,
    app::App,
    mock::{Act, Mock},
    probe::{self, signed_in},
};

/// Answers that anybody may keep, with cookies of their own.
fn own() -> impl IntoResponse {
    let mut headers = HeaderMap::new();
    headers.append(header::SET_COOKIE, "theme=dark".parse().unwrap());
    headers.append(header::SET_COOKIE, "lang=en".parse().unwrap());
    headers.append(header::CACHE_CONTROL, "public, max-age=60".parse().unwrap());
    headers
}

fn layers(mock: &Mock) -> [SessionAuth; 4] {
    let layer = SessionAuth::new(refreshing(mock));
    [
        layer.clone(),
        layer.clone().optional(),
        layer.clone().without_cache_control(),
        layer.respond_with(rejection::problem),
    ]
}

#[tokio::test]
async fn lines_come_back_as_they_came_in_front_of_the_handlers_own_and_into_no_cache() {
    // Neither parsed nor joined nor written anew.
    const LINES: [&str; 3] = [
        "better-auth.session_token=a%2Bb.c%3D%3D;  Max-Age=604800 ;Path=/;HttpOnly; Expires=Wed, 21 Oct 2099 07:28:00 GMT",
        "__Secure-better-auth.session_token=\"x\"; secure; Partitioned; unknown",
        "better-auth.session_token=again; Domain=.example.com",
    ];
    let mock = setting(&LINES);
    for layer in layers(&mock) {
        let app = Router::new()
            .route("/", get(async |_: CurrentUser| own()))
            .layer(layer);
        let seen = probe::send(app, signed_in("/")).await;
        assert_eq!(seen.status, 200);
        let expected = [LINES.as_slice(), &["theme=dark", "lang=en"]].concat();
        assert_eq!(seen.set_cookies(), expected);
        let caching: Vec<_> = seen.headers.get_all("cache-control").iter().collect();
        assert_eq!(caching, ["private, no-store"]);
        assert_eq!(seen.header("vary"), Some("Cookie"));
    }
}

#[tokio::test]
async fn without_a_line_the_response_stays_as_it_was() {
    let mock = setting(&[]);
    for layer in layers(&mock) {
        let app = Router::new()
            .route("/", get(async |_: CurrentUser| own()))
            .layer(layer);
        let seen = probe::send(app, signed_in("/")).await;
        assert_eq!(seen.set_cookies(), ["theme=dark", "lang=en"]);
        assert_eq!(seen.header("cache-control"), Some("public, max-age=60"));
    }
}

#[tokio::test]
async fn a_server_that_sets_what_is_not_its_business_is_not_listened_to() {
    let mock = setting(&[
        "sid=stolen; Path=/",
        "better-auth.session_token_multi-abc=A",
        "better-auth.session_data=A",
        "better-auth.session_token",
        "better-auth.session_token=; Max-Age=0",
        "better-auth.session_tokens=A",
        "BETTER-AUTH.SESSION_TOKEN=A",
        "__Host-better-auth.session_token=A",
        LINE,
        "better-auth.session_token=A; Max-Age=-1",
        "=A",
        "",
    ]);
    let seen = app(&mock, |builder| builder)
        .get_as(&answer::cookie(), "/me")
        .await;
    seen.assert_ok();
    assert_eq!(set_cookies(&seen.headers), [LINE]);
    for name in ["set-auth-token", "set-auth-jwt"] {
        assert!(!seen.headers.contains_key(name));
    }
}

#[tokio::test]
async fn a_cookie_cache_that_is_trusted_is_rewritten_as_a_whole() {
    const LINES: [&str; 5] = [
        "better-auth.session_data=; Max-Age=0; Path=/",
        "better-auth.session_data.2=; Max-Age=0; Path=/",
        "better-auth.session_data.0=A; Max-Age=300; Path=/",
        "better-auth.session_data.1=B; Max-Age=300; Path=/",
        LINE,
    ];
    let mock = setting(&LINES);
    let trusting = app(&mock, BetterAuthBuilder::trust_cookie_cache);
    let seen = trusting.get_as(&answer::cookie(), "/me").await;
    assert_eq!(set_cookies(&seen.headers), LINES);
    let seen = app(&mock, |builder| builder)
        .get_as(&answer::cookie(), "/me")
        .await;
    assert_eq!(set_cookies(&seen.headers), [LINE]);
}

#[tokio::test]
async fn a_stream_tells_the_browser_in_its_head() {
    let mock = setting(&[LINE]);
    let parts = || stream::iter(["a", "b"]).map(|part| Ok::<_, Infallible>(Bytes::from(part)));
    for layer in layers(&mock) {
        let app = Router::new()
            .route(
                "/",
                get(async move |_: CurrentUser| Body::from_stream(parts())),
            )
            .layer(layer);
        let response = app.oneshot(signed_in("/")).await.unwrap();
        assert_eq!(set_cookies(response.headers()), [LINE]);
        assert_eq!(
            response.into_body().collect().await.unwrap().to_bytes(),
            "ab"
        );
    }
}

#[tokio::test]
async fn a_refusal_of_a_guard_passes_them_on_as_well() {
    let mock = setting(&[LINE]);
    for layer in layers(&mock) {
        let app = Router::new()
            .route("/", get(async || ()).route_layer(Require::role("admin")))
            .layer(layer);
        let seen = probe::send(app, signed_in("/")).await;
        assert_eq!(seen.summary(), "403 INSUFFICIENT_ROLE");
        assert_eq!(seen.set_cookies(), [LINE]);
        assert_eq!(seen.header("cache-control"), Some("private, no-store"));
    }
}

#[tokio::test]
async fn whoever_is_signed_out_has_the_cookies_deleted() {
    let headers = DELETED.map(|line| ("set-cookie", line));
    let known = [DELETED[0], DELETED[2]];
    for (status, body) in [
        (200, serde_json::Value::Null),
        (401, serde_json::json!({"code": "FAILED_TO_GET_SESSION"})),
    ] {
        let mock = Mock::doing(Act::json(status, &headers, &body));
        let required = app(&mock, |builder| builder);
        let seen = required.get_as(&answer::cookie(), "/me").await;
        assert_eq!(
            (seen.status, seen.code()),
            (StatusCode::UNAUTHORIZED, "INVALID_SESSION")
        );
        assert!(!seen.handler_ran);
        assert_eq!(set_cookies(&seen.headers), known);
        assert_eq!(seen.headers["cache-control"], "private, no-store");

        let optional = App::optional(refreshing(&mock));
        let seen = optional.get_as(&answer::cookie(), "/home").await;
        seen.assert_ok();
        assert_eq!(set_cookies(&seen.headers), known);

        let silent = App::required(mock.handle());
        silent
            .get_as(&answer::cookie(), "/me")
            .await
            .assert_invalid();
    }
}

#[tokio::test]
async fn an_outage_passes_nothing_on_whatever_it_says() {
    let lines = [("set-cookie", LINE), ("set-cookie", DELETED[0])];
    for status in [200, 302, 403, 404, 429, 500, 503] {
        let body = serde_json::json!({"message": "no session at all"});
        let mock = Mock::doing(Act::json(status, &lines, &body));
        let app = app(&mock, |builder| builder.retries(0));
        app.get_as(&answer::cookie(), "/me")
            .await
            .assert_unavailable();
    }
}

#[tokio::test]
async fn of_an_attempt_that_failed_nothing_is_passed_on() {
    let mock = Mock::new();
    let first = std::sync::atomic::AtomicBool::new(true);
    mock.plays(move |_| {
        if first.swap(false, std::sync::atomic::Ordering::SeqCst) {
            Act::json(
                503,
                &[("set-cookie", "better-auth.session_token=first")],
                &answer::session(),
            )
        } else {
            Act::json(200, &[("set-cookie", LINE)], &answer::session())
        }
    });
    let seen = app(&mock, |builder| builder)
        .get_as(&answer::cookie(), "/me")
        .await;
    seen.assert_ok();
    assert_eq!(mock.count(), 2);
    assert_eq!(set_cookies(&seen.headers), [LINE]);
}

#[tokio::test]
async fn nested_layers_pass_them_on_once() {
    let mock = setting(&[LINE]);
    let auth = refreshing(&mock);
    let (outer, inner) = (SessionAuth::new(auth.clone()), SessionAuth::new(auth));
    for (outer, inner) in [
        (outer.clone(), inner.clone()),
        (outer.clone(), inner.clone().optional()),
        (outer.clone().optional(), inner.clone()),
        (outer.optional(), inner.optional()),
    ] {
        let app = Router::new()
            .route("/", get(async |_: CurrentUser| ()))
            .layer(inner)
            .layer(outer);
        let seen = probe::send(app, signed_in("/")).await;
        assert_eq!(seen.set_cookies(), [LINE]);
        assert_eq!(seen.header("cache-control"), Some("private, no-store"));
    }
}
