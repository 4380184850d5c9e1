//! Nothing in a client's request changes where the question goes or what stands beside the cookie.

use axum::{Router, body::Body};
use http::{Method, Request, Version};
use tower_better_auth::SessionAuth;

use crate::support::{answer, probe, recorder::Recorder};

/// The question, whoever asks and however.
fn assert_is_the_question(recorder: &Recorder, name: &str) {
    let calls = recorder.take();
    assert_eq!(calls.len(), 1, "{name}");
    let call = &calls[0];
    assert_eq!(call.method(), Method::GET, "{name}");
    assert_eq!(
        call.uri(),
        "http://localhost/api/auth/get-session?disableCookieCache=true&disableRefresh=true",
        "{name}"
    );
    let mut headers: Vec<_> = call
        .headers()
        .iter()
        .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
        .collect();
    headers.sort_unstable();
    assert_eq!(
        headers,
        [
            "accept-encoding: identity".to_owned(),
            "accept: application/json".to_owned(),
            format!("cookie: {}", answer::cookie()),
            format!(
                "user-agent: tower-better-auth/{}",
                env!("CARGO_PKG_VERSION")
            ),
        ],
        "{name}"
    );
    assert!(call.body().is_empty(), "{name}");
    assert!(call.extensions().is_empty(), "{name}");
    assert_eq!(call.version(), Version::HTTP_11, "{name}");
}

#[tokio::test]
async fn no_header_of_the_client_reaches_the_auth_server() {
    let cases: &[(&str, &str)] = &[
        ("host", "evil.example"),
        ("forwarded", "for=192.0.2.1;host=evil.example;proto=https"),
        ("x-forwarded-for", "192.0.2.1, 198.51.100.1"),
        ("x-forwarded-host", "evil.example"),
        ("x-forwarded-proto", "https"),
        ("x-forwarded-uri", "/elsewhere"),
        ("x-original-url", "/elsewhere"),
        ("x-real-ip", "192.0.2.1"),
        ("origin", "https://evil.example"),
        ("referer", "https://evil.example/"),
        ("user-agent", "curl/8"),
        ("accept", "text/html"),
        ("accept-encoding", "gzip, br"),
        ("authorization", "Bearer x"),
        ("x-api-key", "x"),
        ("connection", "cookie, keep-alive"),
        ("content-length", "5"),
        ("transfer-encoding", "chunked"),
        ("te", "trailers"),
        ("upgrade", "websocket"),
        ("expect", "100-continue"),
        ("if-none-match", "*"),
        ("range", "bytes=0-1"),
        ("x-http-method-override", "DELETE"),
        ("x-anything", "at all"),
        ("traceparent", "malformed"),
        ("x-request-id", "two words"),
    ];
    let recorder = Recorder::signed_in();
    let (app, _) = probe::protected(recorder.handle());
    for (name, value) in cases {
        let mut request = probe::signed_in("/");
        request.headers_mut().insert(*name, value.parse().unwrap());
        probe::send(app.clone(), request).await;
        assert_is_the_question(&recorder, &format!("{name}: {value}"));
    }
}

#[tokio::test]
async fn no_method_target_or_body_of_the_client_reaches_the_auth_server() {
    let recorder = Recorder::signed_in();
    let app = Router::<()>::new()
        .fallback(async || ())
        .layer(SessionAuth::new(recorder.handle()));
    let cases = [
        ("GET", "http://evil.example/api/auth/sign-out"),
        ("GET", "//evil.example/x"),
        ("GET", "/@evil.example/"),
        ("GET", "/../../sign-out"),
        ("GET", "/?disableCookieCache=false&disableRefresh=false"),
        ("GET", "/x#y"),
        ("GET", "/%2e%2e%2f"),
        ("HEAD", "/"),
        ("POST", "/"),
        ("DELETE", "/"),
        ("OPTIONS", "*"),
        ("CONNECT", "evil.example:443"),
        ("BREW", "/"),
    ];
    for (method, target) in cases {
        let request = Request::builder()
            .method(method)
            .uri(target)
            .version(Version::HTTP_2)
            .header("cookie", answer::cookie())
            .body(Body::from("a body"))
            .unwrap();
        probe::send(app.clone(), request).await;
        assert_is_the_question(&recorder, &format!("{method} {target}"));
    }
}
