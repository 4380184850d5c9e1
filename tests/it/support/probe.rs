//! One request through an application, and everything that can be said about its response.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use axum::{Router, body::Body, routing::any};
use http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt;
use serde_json::Value;
use tower::ServiceExt;
use tower_better_auth::{BetterAuth, SessionAuth};

use super::answer;

/// How often a handler ran.
#[derive(Clone, Default)]
pub(crate) struct Counter(Arc<AtomicUsize>);

impl Counter {
    pub(crate) fn increment(&self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }

    pub(crate) fn get(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

/// An application with one protected route, `/`, for every method.
pub(crate) fn protected(auth: BetterAuth) -> (Router, Counter) {
    let counter = Counter::default();
    let handler = {
        let counter = counter.clone();
        move || async move { counter.increment() }
    };
    let app = Router::new()
        .route("/", any(handler))
        .layer(SessionAuth::new(auth));
    (app, counter)
}

/// A response, read to its end.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
    pub(crate) elapsed: Duration,
}

impl Seen {
    /// The code of the refusal; empty where there is none.
    pub(crate) fn code(&self) -> String {
        let body: Value = serde_json::from_str(&self.body).unwrap_or_default();
        body["code"].as_str().unwrap_or_default().to_owned()
    }

    /// `200`, or `401 UNAUTHENTICATED`.
    pub(crate) fn summary(&self) -> String {
        format!("{} {}", self.status.as_u16(), self.code())
            .trim_end()
            .to_owned()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// Every line of `Set-Cookie`, in order.
    pub(crate) fn set_cookies(&self) -> Vec<&str> {
        let lines = self.headers.get_all("set-cookie").iter();
        lines.map(|line| line.to_str().unwrap()).collect()
    }

    /// Status, headers and body: all that a client gets to see.
    pub(crate) fn text(&self) -> String {
        format!("{:?} {:?} {}", self.status, self.headers, self.body)
    }
}

/// Sends `request` through `app`.
pub(crate) async fn send(app: Router, request: Request<Body>) -> Seen {
    let started = Instant::now();
    let response = app.oneshot(request).await.unwrap();
    let elapsed = started.elapsed();
    let (head, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    Seen {
        status: head.status,
        headers: head.headers,
        body: String::from_utf8(body.to_vec()).unwrap(),
        elapsed,
    }
}

/// A GET of `path` with the cookie of somebody who is signed in.
pub(crate) fn signed_in(path: &str) -> Request<Body> {
    with_cookie(path, answer::cookie())
}

/// A GET of `path` with this `Cookie` line.
pub(crate) fn with_cookie(path: &str, cookie: impl AsRef<str>) -> Request<Body> {
    Request::get(path)
        .header("cookie", cookie.as_ref())
        .body(Body::empty())
        .unwrap()
}

/// A GET of `path` without any cookie.
pub(crate) fn anonymous(path: &str) -> Request<Body> {
    Request::get(path).body(Body::empty()).unwrap()
}

/// What somebody with a session cookie sees behind this handle, and how often the handler ran.
pub(crate) async fn ask(auth: BetterAuth) -> (Seen, usize) {
    let (app, counter) = protected(auth);
    let seen = send(app, signed_in("/")).await;
    (seen, counter.get())
}
