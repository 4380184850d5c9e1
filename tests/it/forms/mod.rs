//! The form of refusals, through the whole stack of an axum app.

// Helpers are not seen as tests by the lint's own exemption.
#![allow(clippy::unwrap_used)]

mod between;
mod grpc;
mod places;
mod redirect;
mod return_path;

use axum::{
    Json, Router,
    body::{Body, to_bytes},
    response::{IntoResponse, Response},
    routing::get,
};
use http::{HeaderMap, HeaderName, HeaderValue, Request, StatusCode, header};
use tower::ServiceExt;
use tower_better_auth::{
    BetterAuth, CircuitBreaker, CurrentUser, Rejection, Require, SessionAuth,
    rejection::{self, RequestHead},
    testing::AuthServer,
};

const HTML: HeaderValue = HeaderValue::from_static("text/html,application/xhtml+xml,*/*;q=0.8");

fn handle(server: &AuthServer) -> BetterAuth {
    // The tables fail many times in a row, and each row asks.
    let builder = BetterAuth::builder(server.url()).circuit_breaker(CircuitBreaker::off());
    builder.build().unwrap()
}

fn layer(server: &AuthServer) -> SessionAuth {
    SessionAuth::new(handle(server))
}

/// A form that nobody else has.
fn own(rejection: &Rejection, request: &RequestHead<'_>) -> http::Response<String> {
    let mut response = http::Response::new(format!("{} {}", rejection.code(), request.uri()));
    *response.status_mut() = rejection.status();
    let own = HeaderValue::from_static("text/x-own");
    response.headers_mut().insert(header::CONTENT_TYPE, own);
    response
}

/// Every form, with the content type by which to know it.
fn forms(auth: BetterAuth) -> [(&'static str, SessionAuth); 4] {
    let layer = SessionAuth::new(auth);
    let redirect = layer.clone().redirect_to_sign_in("/sign-in");
    [
        ("application/json", layer.clone()),
        (
            "application/problem+json",
            layer.clone().respond_with(rejection::problem),
        ),
        ("text/x-own", layer.respond_with(own)),
        // No page is asked for, so nobody is redirected.
        ("application/json", redirect),
    ]
}

/// Everything that can refuse, behind this layer: a guard, an extractor, a handler.
fn app(session_auth: SessionAuth) -> Router {
    routes().layer(session_auth)
}

fn routes() -> Router {
    Router::new()
        .route("/", get(|| async { "nobody asked" }))
        .route("/user", get(|_: CurrentUser| async { "signed in" }))
        .route(
            "/guarded",
            get(|| async { "an admin" }).route_layer(Require::role("admin")),
        )
        .route("/handler", get(handler))
        .route("/own-error", get(own_error))
}

async fn handler(user: CurrentUser) -> Result<&'static str, Rejection> {
    user.require_role("admin")?;
    Ok("an admin")
}

async fn own_error(user: CurrentUser) -> Result<&'static str, AppError> {
    user.require_role("admin")?;
    Ok("an admin")
}

/// What applications have: an error of their own for all that can go wrong.
struct AppError(Rejection);

impl From<Rejection> for AppError {
    fn from(rejection: Rejection) -> Self {
        Self(rejection)
    }
}

impl IntoResponse for AppError {
    fn into_response(self) -> Response {
        let body = serde_json::json!({"app": "own", "why": self.0.code()});
        (self.0.status(), Json(body)).into_response()
    }
}

/// A response with its whole body.
struct Seen {
    status: StatusCode,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Seen {
    fn header(&self, name: HeaderName) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// The values of all lines of a header that is a list.
    fn list(&self, name: HeaderName) -> Vec<String> {
        let mut list = Vec::new();
        for line in self.headers.get_all(name) {
            let line = line.to_str().unwrap().to_ascii_lowercase();
            list.extend(line.split(',').map(|item| item.trim().to_owned()));
        }
        list.sort();
        list
    }

    fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    /// All of it, for comparison with what another path answers.
    fn without(&self, path: &str) -> (StatusCode, Vec<String>, String) {
        let mut headers = self.headers.clone();
        headers.remove(header::CONTENT_LENGTH);
        let mut lines: Vec<_> = headers
            .iter()
            .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
            .collect();
        lines.sort();
        (self.status, lines, self.text().replace(path, "<path>"))
    }
}

async fn send(app: &Router, request: Request<Body>) -> Seen {
    let (head, body) = app.clone().oneshot(request).await.unwrap().into_parts();
    Seen {
        status: head.status,
        headers: head.headers,
        body: to_bytes(body, usize::MAX).await.unwrap().into(),
    }
}

/// A `GET` with these headers.
async fn fetch(app: &Router, uri: &str, headers: &[(HeaderName, HeaderValue)]) -> Seen {
    let mut request = Request::get(uri).body(Body::empty()).unwrap();
    request.headers_mut().extend(headers.iter().cloned());
    send(app, request).await
}

fn cookie(value: HeaderValue) -> (HeaderName, HeaderValue) {
    (header::COOKIE, value)
}
