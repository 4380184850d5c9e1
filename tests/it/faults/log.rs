//! What the log says of an outage: what was asked for, and what to do about it.

use std::{convert::Infallible, io};

use axum::{Router, body::Body, routing::get};
use bytes::Bytes;
use http::{Request, Response, header};
use serde_json::json;
use tower::service_fn;
use tower_better_auth::{BetterAuth, BetterAuthBuilder, Require, SessionAuth};

use crate::support::{
    answer, log,
    probe::{send, signed_in},
};

/// An auth server that knows everybody, and gives this answer to all other questions.
fn builder(status: u16, body: &str) -> BetterAuthBuilder {
    let body = body.to_owned();
    BetterAuth::builder("http://localhost").transport(service_fn(move |request: Request<Bytes>| {
        let (status, body) = match request.uri().path() {
            "/api/auth/get-session" => (200, answer::session().to_string()),
            _ => (status, body.clone()),
        };
        let response = Response::builder().status(status);
        let response = response.header(header::CONTENT_TYPE, "application/json");
        async move { Ok::<_, Infallible>(response.body(Body::from(body)).unwrap()) }
    }))
}

/// An auth server with this answer to who it is.
fn session_builder(status: u16, body: &str) -> BetterAuthBuilder {
    builder(status, body).session_path("/session")
}

/// What a client sees behind the guard, and the line that was logged.
fn outcome(builder: BetterAuthBuilder, require: Require) -> (String, String) {
    let app = Router::new()
        .route("/{org}", get(async || ()).route_layer(require))
        .layer(SessionAuth::new(builder.build().unwrap()));
    let (seen, log) = log::of(send(app, signed_in("/o1")));
    let mut lines = log.lines().filter(|line| line.contains("WARN"));
    let line = lines.next().unwrap_or_default().to_owned();
    assert_eq!(lines.next(), None, "one line for one outage: {log}");
    (seen.summary(), line)
}

const GENERIC: &str = "look at the auth server's log";
const PLUGIN: &str = "is the plugin with that endpoint installed";
const MAX_BODY: &str = "raise `max_body`";
const RATE: &str = "rate limiter";

#[test]
fn the_line_of_an_outage_names_what_was_asked_for_and_the_fix() {
    let nobody = || Require::when(|_| false);
    let guards: [(&str, fn() -> Require); 3] = [
        ("organization role", || Require::organization_member("org")),
        ("permission", || Require::permission("user", ["list"])),
        ("permission", || {
            Require::organization_permission("org", "project", ["read"])
        }),
    ];
    let long = " ".repeat(1001);
    let cases = [
        (404, "", PLUGIN),
        (405, "", PLUGIN),
        (404, "null", PLUGIN),
        (200, "{}", PLUGIN),
        (429, "{}", RATE),
        (500, "{}", GENERIC),
        (200, &long, MAX_BODY),
    ];
    for (status, body, fix) in cases {
        for (asked, guard) in guards {
            let builder = builder(status, body).max_body(1000);
            let (seen, line) = outcome(builder, guard());
            assert_eq!(seen, "503 AUTH_SERVICE_UNAVAILABLE", "{asked} {status}");
            assert!(line.contains(&format!("asked=\"{asked}\"")), "{line}");
            assert!(line.contains(fix), "{fix}: {line}");
            assert!(!line.contains("/get-session"), "{line}");
        }
    }
    for (status, body, fix) in [
        (404, "", "base_path"),
        (400, "{}", "customSession"),
        (429, "{}", "/get-session"),
        (500, "{}", GENERIC),
        (200, &long, MAX_BODY),
    ] {
        let builder = session_builder(status, body).max_body(1000);
        let (seen, line) = outcome(builder, nobody());
        assert_eq!(seen, "503 AUTH_SERVICE_UNAVAILABLE", "{status}");
        assert!(line.contains("asked=\"session\""), "{line}");
        assert!(line.contains(fix), "{fix}: {line}");
        assert!(!line.contains(PLUGIN), "{line}");
    }
}

/// An auth server that answers who it is with this page, or without it.
fn lost_builder(answer: fn() -> io::Result<Response<Body>>) -> BetterAuthBuilder {
    let call = move |_: Request<Bytes>| async move { answer() };
    BetterAuth::builder("http://localhost").transport(service_fn(call))
}

fn page(status: u16, kind: &str) -> io::Result<Response<Body>> {
    let response = Response::builder().status(status);
    let response = response.header(header::CONTENT_TYPE, kind);
    let page = response.body(Body::from("{}"));
    page.map_err(io::Error::other)
}

#[test]
fn the_line_of_an_outage_says_of_a_gateway_and_of_the_way_what_a_check_says() {
    const GATEWAY: &str = "let this service pass the gateway in front of it";
    let cases: [(&str, fn() -> io::Result<Response<Body>>, &str); 9] = [
        ("401 of a page", || page(401, "text/html"), GATEWAY),
        ("403", || page(403, "application/json"), GATEWAY),
        ("403 of a page", || page(403, "text/html"), GATEWAY),
        ("407", || page(407, "text/html"), GATEWAY),
        (
            "200 of a page",
            || page(200, "text/html"),
            "compare `base_path` and `session_path`",
        ),
        (
            "refused",
            || Err(io::ErrorKind::ConnectionRefused.into()),
            "start the auth server, or correct the URL",
        ),
        (
            "no name",
            || Err(io::Error::other("dns error")),
            "correct the URL, or the DNS",
        ),
        (
            "TLS",
            || Err(io::Error::other("invalid peer certificate")),
            "give the server a certificate that this machine trusts",
        ),
        (
            "a large head",
            || Err(io::Error::other("message head is too large")),
            "`definePayload`",
        ),
    ];
    for (name, answer, fix) in cases {
        let (seen, line) = outcome(lost_builder(answer), Require::when(|_| true));
        assert_eq!(seen, "503 AUTH_SERVICE_UNAVAILABLE", "{name}");
        assert!(line.contains(fix), "{name}: {line}");
    }
}

#[test]
fn a_session_that_is_over_by_this_clock_is_a_word_about_clocks() {
    for (expires_at, seen, says_so) in [
        ("2020-01-01T00:00:00.000Z", "401 INVALID_SESSION", true),
        (answer::EXPIRES_AT, "200", false),
    ] {
        let mut session = answer::session();
        session["session"]["expiresAt"] = json!(expires_at);
        let builder = session_builder(200, &session.to_string());
        let (status, line) = outcome(builder, Require::when(|_| true));
        assert_eq!(status, seen);
        assert_eq!(line.contains("clock"), says_so, "{line}");
    }
    // The auth server's own word needs none.
    let (status, line) = outcome(session_builder(200, "null"), Require::when(|_| true));
    assert_eq!((&*status, &*line), ("401 INVALID_SESSION", ""));
}
