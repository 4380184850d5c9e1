//! Better Auth's own endpoints, through the proxy. Its answers are for whoever asked, and may tell them their tokens.

use axum::body::Body;
use bytes::Bytes;
use http::{HeaderMap, Request, header, request};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::Service;
use tower_better_auth::testing::{AsUser, SignedIn};

use super::{
    acts::{House, token},
    seen::Own,
};

const PASSWORD: &str = "cGFzc3dvcmQtb2YtZXZl";

impl House<'_> {
    /// One request of a browser to Better Auth itself.
    fn to_better_auth(
        &self,
        endpoint: &str,
        device: Option<&SignedIn>,
        body: &Value,
    ) -> Request<Body> {
        let authority = self.server.url().strip_prefix("http://").unwrap();
        let request = request::Builder::new()
            .method(if body.is_null() { "GET" } else { "POST" })
            .uri(format!("/api/auth{endpoint}"))
            .header(header::HOST, authority)
            .header(header::ORIGIN, self.server.url());
        let request = match device {
            Some(device) => request.as_user(device),
            None => request,
        };
        let body = match body {
            Value::Null => Body::empty(),
            body => Body::from(body.to_string()),
        };
        request
            .header(header::CONTENT_TYPE, "application/json")
            .body(body)
            .unwrap()
    }

    pub(crate) async fn proxied(&self) {
        let (laptop, tablet) = (token(&self.laptop), token(&self.tablet));
        let tokens = [&self.laptop, &self.phone, &self.tablet].map(token);
        let own = |tokens: &[String]| Own {
            body: tokens.iter().map(member).collect(),
            ..Own::default()
        };
        // Better Auth tells its owner the token of a session, and of all the owner's sessions.
        for (endpoint, body, own) in [
            ("/get-session", Value::Null, own(&[laptop])),
            ("/list-sessions", Value::Null, own(&tokens)),
            ("/revoke-session", json!({"token": tablet}), Own::default()),
            ("/nowhere", Value::Null, Own::default()),
        ] {
            let request = self.to_better_auth(endpoint, Some(&self.laptop), &body);
            self.seen.response(self.send(request).await, &own).await;
        }
        let call = self.to_better_auth("/ok", Some(&self.laptop), &Value::Null);
        self.seen.debug(&self.auth.proxy().call(call));
    }

    /// With a password, through the proxy; the answer has her new token and sets her cookie.
    pub(crate) async fn eve_signs_up(&self) {
        self.seen.keep(PASSWORD);
        let who = json!({"email": "eve@example.com", "password": PASSWORD, "name": "Eve"});
        for endpoint in ["/sign-up/email", "/sign-in/email"] {
            let request = self.to_better_auth(endpoint, None, &who);
            let (head, body) = self.send(request).await.into_parts();
            let body = body.collect().await.unwrap().to_bytes();
            let (cookie, token) = told(&head.headers, &body);
            for secret in cookie.iter().chain(&token) {
                self.seen.keep(secret);
            }
            let own = Own {
                cookie: cookie.map(|value| format!("better-auth.session_token={value}")),
                body: token.iter().map(member).collect(),
            };
            self.seen.answer(&head, &body, &own);
        }
        let wrong = json!({"email": "eve@example.com", "password": format!("{PASSWORD}!")});
        let request = self.to_better_auth("/sign-in/email", None, &wrong);
        let response = self.send(request).await;
        self.seen.response(response, &Own::default()).await;
    }
}

fn member(token: &String) -> String {
    format!(r#""token":"{token}""#)
}

/// The cookie that an answer sets, and the token that it tells; none where it refuses.
fn told(headers: &HeaderMap, body: &Bytes) -> (Option<String>, Option<String>) {
    let line = headers.get(header::SET_COOKIE);
    let line = line.map(|line| line.to_str().unwrap());
    let cookie = line.and_then(|line| line.split(';').next()?.split_once('='));
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let token = body["token"].as_str().map(ToOwned::to_owned);
    (cookie.map(|(_, value)| value.to_owned()), token)
}
