//! Which cookies of a guard's question reach the browser, and who has the last word.

use std::convert::Infallible;

use axum::{Router, body::Body, routing::get};
use bytes::Bytes;
use http::{Request, Response, header};
use tower::service_fn;
use tower_better_auth::{BetterAuth, BetterAuthBuilder, Require, SessionAuth, rejection::problem};

use crate::support::{
    answer,
    probe::{Seen, send, signed_in},
};

const TOKEN: &str = "better-auth.session_token=new; Max-Age=604800; Path=/; HttpOnly; SameSite=Lax";
const DATA: &str = "better-auth.session_data=new; Max-Age=300; Path=/";

/// An auth server to which everybody is an owner, and which says so with these cookies.
fn builder(status: u16, lines: &[&'static str]) -> BetterAuthBuilder {
    let lines = lines.to_vec();
    BetterAuth::builder("http://localhost").transport(service_fn(move |request: Request<Bytes>| {
        let response = Response::builder().header(header::CONTENT_TYPE, "application/json");
        let mut response = match request.uri().path() {
            "/api/auth/get-session" => response.body(Body::from(answer::session().to_string())),
            _ => response
                .status(status)
                .body(Body::from(r#"{"role":"owner"}"#)),
        }
        .unwrap();
        for line in &lines {
            let line = header::HeaderValue::from_static(line);
            response.headers_mut().append(header::SET_COOKIE, line);
        }
        async move { Ok::<_, Infallible>(response) }
    }))
}

/// A route for owners and one for janitors, with a handler that sets these cookies itself.
fn app(session_auth: SessionAuth, own: &'static [&'static str]) -> Router {
    let handler = move || async move {
        let mut response = Response::new(Body::empty());
        for line in own {
            let line = header::HeaderValue::from_static(line);
            response.headers_mut().append(header::SET_COOKIE, line);
        }
        response
    };
    let owner = Require::organization_role("org", ["owner"]);
    let janitor = Require::organization_role("org", ["janitor"]);
    Router::new()
        .route("/owner/{org}", get(handler).route_layer(owner))
        .route("/janitor/{org}", get(handler).route_layer(janitor))
        .layer(session_auth)
}

async fn seen(builder: BetterAuthBuilder, path: &str) -> Seen {
    let session_auth = SessionAuth::new(builder.build().unwrap());
    send(app(session_auth, &[]), signed_in(path)).await
}

#[tokio::test]
async fn what_deletes_or_is_not_forwarded_does_not_come_back() {
    const LINES: [&str; 8] = [
        TOKEN,
        "better-auth.session_token=; Max-Age=0; Path=/",
        "better-auth.session_token=x; Max-Age=0",
        "better-auth.dont_remember=; Max-Age=0; Path=/",
        DATA,
        "better-auth.session_token_multi-x=y; Path=/",
        "__Secure-better-auth.session_token=; max-age=0",
        "theme=dark",
    ];
    for path in ["/owner/o1", "/janitor/o1"] {
        let relayed = seen(builder(200, &LINES), path).await;
        assert_eq!(relayed.set_cookies(), [TOKEN], "{path}");
        let trusting = seen(builder(200, &LINES).trust_cookie_cache(), path).await;
        assert_eq!(trusting.set_cookies(), [TOKEN, DATA], "{path}");
        let nothing = seen(builder(200, &LINES[1..4]), path).await;
        assert_eq!(nothing.set_cookies(), [""; 0], "{path}");
        assert_ne!(nothing.header("cache-control"), Some("private, no-store"));
    }
}

#[tokio::test]
async fn an_answer_that_is_no_reply_sets_nothing() {
    for status in [302, 401, 404, 429, 500] {
        let outage = seen(builder(status, &[TOKEN]), "/owner/o1").await;
        assert_eq!(outage.summary(), "503 AUTH_SERVICE_UNAVAILABLE");
        assert_eq!(outage.set_cookies(), [""; 0], "{status}");
    }
}

#[tokio::test]
async fn a_refusal_in_a_chosen_form_keeps_them_out_of_caches_as_well() {
    let auth = builder(200, &[TOKEN]).build().unwrap();
    let app = app(SessionAuth::new(auth).respond_with(problem), &[]);
    let seen = send(app, signed_in("/janitor/o1")).await;
    assert_eq!(
        seen.header("content-type"),
        Some("application/problem+json")
    );
    assert_eq!(seen.set_cookies(), [TOKEN]);
    assert!(seen.header("cache-control").unwrap().contains("no-store"));
}

#[tokio::test]
async fn only_whoever_sent_cookies_and_nothing_else_is_given_any() {
    let auth = builder(200, &[TOKEN]).accept_bearer().accept_api_key();
    let app = app(SessionAuth::new(auth.build().unwrap()), &[]);
    for (has_cookie, name, expected) in [
        (true, "x-other", vec![TOKEN]),
        (false, "authorization", vec![]),
        (false, "x-api-key", vec![]),
        (true, "authorization", vec![]),
        (true, "x-api-key", vec![]),
    ] {
        for path in ["/owner/o1", "/janitor/o1"] {
            let mut request = signed_in(path);
            let value = header::HeaderValue::from_static("Bearer t0ken");
            request.headers_mut().insert(name, value);
            if !has_cookie {
                request.headers_mut().remove(header::COOKIE);
            }
            let seen = send(app.clone(), request).await;
            assert_ne!(seen.status, 401, "{name}");
            assert_eq!(seen.set_cookies(), expected, "{name} {has_cookie}");
        }
    }
}

#[tokio::test]
async fn the_handler_has_the_last_word() {
    const OWN: [&str; 2] = ["better-auth.session_token=; Max-Age=0; Path=/", "a=b"];
    let auth = builder(200, &[TOKEN]).build().unwrap();
    let seen = send(app(SessionAuth::new(auth), &OWN), signed_in("/owner/o1")).await;
    assert_eq!(seen.set_cookies(), [TOKEN, OWN[0], OWN[1]]);
}
