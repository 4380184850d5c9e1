//! The applications: one route each, which answers with the id of the user.

mod axum_login;
mod jwt;

use std::{convert::Infallible, future::ready, time::Duration};

use axum::{Router, body::Body, routing::get};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, header};
use http_body_util::Full;
use serde_json::json;
use tower::{Service, service_fn, util::MapRequestLayer};
use tower_better_auth::{BetterAuth, Cache, CurrentUser, Rejection, Require, SessionAuth};

pub(crate) const USER_ID: &str = "Jx9qWnLr3TzVb7KcYd2MhQfPs5Ug8Rae";

/// As Better Auth's are: a token of 32 characters and its signature, percent-encoded.
pub(crate) const COOKIES: &str = "_ga=GA1.1.1417284912.1764501234; theme=dark; better-auth.session_token=\
    vQ3kTzW8mN5xRb2JcYh7LdPf4SgUa9Ke.Ux8d2mJm0rYtq3Zs5C1vHn7bXoKpW6eLgA4iTfQyRzE%3D";

/// An application, and the request that it answers with 200.
pub(crate) struct App {
    pub(crate) name: &'static str,
    router: Router,
    bare: Router,
    headers: HeaderMap,
}

impl App {
    fn new(name: &'static str, router: Router) -> Self {
        Self {
            name,
            // As `axum::serve` does. Without it axum makes its routes anew for each request.
            router: router.with_state(()),
            bare: bare(),
            headers: browser(),
        }
    }

    fn showing(mut self, name: header::HeaderName, value: &str) -> Self {
        let value = HeaderValue::from_str(value).expect("a header value");
        self.headers.insert(name, value);
        self
    }

    fn with_session_cookie(self) -> Self {
        self.showing(header::COOKIE, COOKIES)
    }

    /// A router without a check, for the same request.
    pub(crate) fn bare_twin(&self) -> Self {
        Self {
            name: "bare",
            router: self.bare.clone(),
            bare: self.bare.clone(),
            headers: self.headers.clone(),
        }
    }

    pub(crate) async fn serve(&mut self) {
        let mut request = Request::new(Body::empty());
        *request.headers_mut() = self.headers.clone();
        let response = self.router.call(request).await;
        let status = response.map(|response| response.status());
        assert_eq!(status, Ok(StatusCode::OK), "{}", self.name);
    }
}

pub(crate) async fn all() -> Vec<App> {
    let uncached = || server().build().expect("a handle");
    let cached = || {
        let cache = Cache::ttl(Duration::from_secs(3_600));
        server().cache(cache).build().expect("a handle")
    };
    vec![
        App::new("bare", bare()).with_session_cookie(),
        App::new("any_layer", bare().layer(MapRequestLayer::new(same))).with_session_cookie(),
        App::new("anonymous", optional(cached())),
        App::new("cached_optional", optional(cached())).with_session_cookie(),
        App::new("cached", protected(get(me), cached())).with_session_cookie(),
        App::new("cached_with_role", protected(get(admin), cached())).with_session_cookie(),
        App::new("cached_with_layer", {
            let guarded = get(me).route_layer(Require::role("admin"));
            protected(guarded, cached())
        })
        .with_session_cookie(),
        App::new("uncached_in_process", protected(get(me), uncached())).with_session_cookie(),
        App::new("hs256", jwt::router(jwt::HS256))
            .showing(header::AUTHORIZATION, &jwt::bearer(jwt::HS256)),
        App::new("eddsa", jwt::router(jwt::EDDSA))
            .showing(header::AUTHORIZATION, &jwt::bearer(jwt::EDDSA)),
        {
            let (router, cookie) = axum_login::signed_in().await;
            App::new("axum_login", router).showing(header::COOKIE, &cookie)
        },
    ]
}

fn bare() -> Router {
    Router::new()
        .route("/", get(|| async { USER_ID.to_owned() }))
        .with_state(())
}

/// What a layer does that does nothing.
fn same(request: Request<Body>) -> Request<Body> {
    request
}

fn protected(route: axum::routing::MethodRouter, auth: BetterAuth) -> Router {
    Router::new()
        .route("/", route)
        .layer(SessionAuth::new(auth))
}

fn optional(auth: BetterAuth) -> Router {
    let handler = async |user: Option<CurrentUser>| match user {
        Some(user) => user.id.clone(),
        None => USER_ID.to_owned(),
    };
    Router::new()
        .route("/", get(handler))
        .layer(SessionAuth::new(auth).optional())
}

async fn me(user: CurrentUser) -> String {
    user.id.clone()
}

async fn admin(user: CurrentUser) -> Result<String, Rejection> {
    user.require_role("admin")?;
    Ok(user.id.clone())
}

/// An auth server without a network.
fn server() -> tower_better_auth::BetterAuthBuilder {
    let answer = Bytes::from(answer());
    BetterAuth::builder("http://auth.example").transport(service_fn(move |_: Request<Bytes>| {
        let mut response = Response::new(Full::new(answer.clone()));
        let json = HeaderValue::from_static("application/json");
        response.headers_mut().insert(header::CONTENT_TYPE, json);
        ready(Ok::<_, Infallible>(response))
    }))
}

/// What Better Auth with the admin plugin says of a session.
pub(crate) fn answer() -> String {
    json!({
        "session": {
            "id": "b3VtYkFuZFNlc3Npb25JZEhlcmVYWVox", "token": "vQ3kTzW8mN5xRb2JcYh7LdPf4SgUa9Ke",
            "userId": USER_ID, "expiresAt": "2999-01-01T00:00:00.000Z", "createdAt": "2026-11-01T00:00:00.000Z",
            "updatedAt": "2026-11-01T00:00:00.000Z", "ipAddress": "203.0.113.7", "userAgent": USER_AGENT,
        },
        "user": {
            "id": USER_ID, "name": "Ada Lovelace", "email": "ada@example.com", "emailVerified": true,
            "image": null, "createdAt": "2026-11-01T00:00:00.000Z", "updatedAt": "2026-11-01T00:00:00.000Z",
            "role": "admin", "banned": false, "banReason": null, "banExpires": null,
        },
    })
    .to_string()
}

const USER_AGENT: &str = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36";

/// What a browser sends with every request.
fn browser() -> HeaderMap {
    let headers = [
        (header::HOST, "app.example.com"),
        (header::USER_AGENT, USER_AGENT),
        (header::ACCEPT, "application/json, text/plain, */*"),
        (header::ACCEPT_LANGUAGE, "en-GB,en;q=0.9"),
        (header::ACCEPT_ENCODING, "gzip, deflate, br, zstd"),
        (header::REFERER, "https://app.example.com/dashboard"),
    ];
    let values = headers.map(|(name, value)| (name, HeaderValue::from_static(value)));
    HeaderMap::from_iter(values)
}
