//! Where a credential is not looked for.

use std::convert::Infallible;

use axum::body::Body;
use http::{HeaderMap, Request};
use http_body_util::{BodyExt, Full};

use super::ANONYMOUS;
use crate::support::{answer, probe, recorder::Recorder};

#[tokio::test]
async fn a_credential_counts_in_no_other_place_than_the_cookie_header() {
    let cookie = answer::cookie();
    let token = answer::TOKEN;
    let bearer = format!("Bearer {token}");
    let cases: &[(&str, &str, &str)] = &[
        ("/", "authorization", &bearer),
        ("/", "proxy-authorization", &bearer),
        ("/", "x-api-key", token),
        ("/", "cookie2", &cookie),
        ("/", "set-cookie", &cookie),
        ("/", "x-cookie", &cookie),
        ("/", "better-auth.session_token", token),
        ("/", "x-middleware-subrequest", "middleware"),
        ("/", "x-user-id", "u1"),
        ("/", "x-forwarded-user", "u1"),
        (&format!("/?{cookie}&token={token}"), "x", "y"),
        (&format!("/?cookie={cookie}"), "x", "y"),
    ];
    let recorder = Recorder::signed_in();
    let (app, handled) = probe::protected(recorder.handle());
    for (path, name, value) in cases {
        let request = Request::get(*path)
            .header(*name, *value)
            .body(Body::empty())
            .unwrap();
        let seen = probe::send(app.clone(), request).await;
        assert_eq!(seen.summary(), ANONYMOUS, "{path} {name}: {value}");
    }
    assert_eq!((recorder.count(), handled.get()), (0, 0));
}

#[tokio::test]
async fn a_credential_in_the_body_or_in_trailers_does_not_count() {
    let trailers: HeaderMap = [(http::header::COOKIE, answer::cookie().parse().unwrap())]
        .into_iter()
        .collect();
    let body = Full::from(format!("Cookie: {}", answer::cookie()))
        .with_trailers(async move { Some(Ok::<_, Infallible>(trailers)) });
    let request = Request::post("/")
        .header("trailer", "cookie")
        .body(Body::new(body))
        .unwrap();
    let recorder = Recorder::signed_in();
    let (app, handled) = probe::protected(recorder.handle());
    let seen = probe::send(app, request).await;
    assert_eq!(seen.summary(), ANONYMOUS);
    assert_eq!((recorder.count(), handled.get()), (0, 0));
}
