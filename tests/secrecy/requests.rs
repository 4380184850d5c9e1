//! Checks: whatever a browser or a program may send, to every kind of route.

use axum::{Json, Router, body::Body, routing::get};
use http::{HeaderMap, Request};
use tower::{Layer, ServiceExt};
use tower_better_auth::{
    BetterAuth, CurrentSession, CurrentUser, Require, SessionAuth, rejection, testing::SignedIn,
};

use super::seen::{Own, Seen};

async fn me(session: CurrentSession) -> Json<CurrentSession> {
    Json(session)
}

async fn home(user: Option<CurrentUser>) -> String {
    format!("{user:?}")
}

fn routes(seen: &Seen) -> Router {
    let seen = seen.clone();
    let noted = Require::when(move |access| {
        seen.debug(access);
        true
    });
    Router::new()
        .route("/noted", get(me).route_layer(noted))
        .route("/me", get(me))
        .route("/home", get(home))
        .route("/live", get(me).route_layer(Require::live()))
        .route("/admin", get(me).route_layer(Require::role("admin")))
        .route(
            "/orgs/{org}",
            get(me).route_layer(Require::organization_member("org")),
        )
}

const PATHS: &[&str] = &["/noted", "/me", "/home", "/live", "/admin", "/orgs/o1"];

pub(crate) struct Requests {
    sent: Vec<HeaderMap>,
    /// The one cookie that a server sets.
    pub(crate) real: String,
}

impl Requests {
    pub(crate) fn new(ada: &SignedIn, seen: &Seen) -> Self {
        let cookie = ada.cookie();
        let (_, real) = cookie.to_str().unwrap().split_once('=').unwrap();
        let secrets = [
            real,
            "Zm9yZ2VkLXNlc3Npb24.c2lnbmF0dXJlMQ",
            "dG9rZW4tb2Ytc29tZWJvZHk.c2lnbmF0dXJlMg",
            "ZG9udC1yZW1lbWJlci1tZQ",
            "ZXlKc2Vzc2lvbi1kYXRh",
            "R0ExLjIuYW5hbHl0aWNz",
            "YmVhcmVyLXRva2VuLXNlY3JldA",
            "YXBpLWtleS1zZWNyZXQtMQ",
        ];
        for secret in secrets {
            seen.keep(secret);
        }
        let [real, forged, other, remember, data, analytics, bearer, key] = secrets;
        let headers = |lines: &[(&'static str, String)]| {
            let line = |(name, value): &(&'static str, String)| {
                (name.parse().unwrap(), value.parse().unwrap())
            };
            lines.iter().map(line).collect::<HeaderMap>()
        };
        let session = |value: &str| format!("better-auth.session_token={value}");
        let sent = vec![
            headers(&[]),
            headers(&[("cookie", session(real))]),
            headers(&[("cookie", session(real))]),
            headers(&[("cookie", session(forged))]),
            headers(&[(
                "cookie",
                format!(
                    "_ga={analytics}; {}; better-auth.dont_remember={remember}; better-auth.session_data={data}",
                    session(other)
                ),
            )]),
            headers(&[("cookie", format!("{}; {}", session(real), session(other)))]),
            headers(&[("cookie", session(&forged.repeat(500)))]),
            headers(&[("authorization", format!("Bearer {bearer}"))]),
            headers(&[("x-api-key", key.to_owned())]),
            headers(&[
                ("cookie", session(real)),
                ("authorization", format!("Bearer {bearer}")),
                ("accept", "text/html".to_owned()),
                ("sec-fetch-mode", "navigate".to_owned()),
                ("user-agent", "curl/8".to_owned()),
            ]),
            headers(&[
                ("cookie", session(forged)),
                ("accept", "text/html".to_owned()),
                ("sec-fetch-mode", "navigate".to_owned()),
            ]),
        ];
        Self {
            sent,
            real: real.to_owned(),
        }
    }

    /// Every request to every path, through every kind of layer.
    pub(crate) async fn run(&self, auth: &BetterAuth, seen: &Seen) {
        let layers = [
            SessionAuth::new(auth.clone()),
            SessionAuth::new(auth.clone()).optional(),
            SessionAuth::new(auth.clone()).redirect_to_sign_in("/sign-in"),
            SessionAuth::new(auth.clone()).respond_with(rejection::problem),
        ];
        let own = Own {
            cookie: Some(format!("better-auth.session_token={}", self.real)),
            ..Own::default()
        };
        for layer in layers {
            seen.debug(&layer);
            seen.debug(&layer.layer(()));
            let app = routes(seen).layer(layer);
            for headers in &self.sent {
                for path in PATHS {
                    let mut request = Request::get(*path).body(Body::empty()).unwrap();
                    request.headers_mut().extend(headers.clone());
                    let Ok(response) = app.clone().oneshot(request).await;
                    seen.response(response, &own).await;
                }
                self.validate(auth, headers, seen).await;
            }
        }
    }

    async fn validate(&self, auth: &BetterAuth, headers: &HeaderMap, seen: &Seen) {
        let outcome = auth.validate(headers).await;
        seen.outcome(&outcome);
        if let Ok(session) = outcome {
            seen.note(&serde_json::to_string(&*session).unwrap());
            auth.invalidate_session(&session.session.id).await;
        }
    }
}
