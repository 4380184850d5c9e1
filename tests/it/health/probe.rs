//! Readiness as a service: it answers from what is known, and asks nobody.

use std::{convert::Infallible, future::Ready};

use axum::{Router, body::to_bytes};
use http::{HeaderMap, Method, Request, Response, StatusCode};
use serde_json::{Value, json};
use tokio::time::advance;
use tower::{Service, ServiceExt};
use tower_better_auth::{BetterAuth, Cache, SessionAuth, health::ReadinessService};

use crate::support::{
    app::App,
    mock::{Act, Mock},
};

const SECOND: std::time::Duration = std::time::Duration::from_secs(1);

async fn ready(auth: &BetterAuth) -> (StatusCode, HeaderMap, Value) {
    let app: Router = Router::new().route_service("/readyz", auth.readiness_service());
    let request = Request::get("/readyz").body(axum::body::Body::empty());
    let (head, body) = app.oneshot(request.unwrap()).await.unwrap().into_parts();
    let body = to_bytes(body, 1024).await.unwrap();
    (
        head.status,
        head.headers,
        serde_json::from_slice(&body).unwrap(),
    )
}

fn cookie_of(number: usize) -> String {
    format!("better-auth.session_token=t0ken{number}.c2ln")
}

fn handle(mock: &Mock) -> (BetterAuth, App) {
    let auth = mock.builder().retries(0).cache(Cache::ttl(60 * SECOND));
    let auth = auth.build().unwrap();
    (auth.clone(), App::required(auth))
}

#[tokio::test(start_paused = true)]
async fn it_tells_what_is_known_and_asks_nobody() {
    let mock = Mock::new();
    let (auth, app) = handle(&mock);
    let (status, headers, body) = ready(&auth).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(headers["cache-control"], "no-store");
    assert_eq!(headers["content-type"], "application/json");
    assert!(!headers.contains_key("retry-after"));
    let expected = json!({
        "ready": true,
        "circuitBreaker": "closed",
        "pausedForSeconds": null,
        "lastContactSeconds": null,
        "cachedSessions": 0,
        "lastHeardSeconds": null,
    });
    assert_eq!(body, expected);
    assert_eq!(mock.count(), 0);

    app.get_as(&cookie_of(1), "/me").await.assert_ok();
    advance(3 * SECOND + SECOND / 2).await;
    let (_, _, body) = ready(&auth).await;
    assert_eq!(body["lastContactSeconds"], 3);
    assert_eq!(mock.count(), 1);

    // The cache counts in its own time.
    for number in 0..500 {
        app.get_as(&cookie_of(number), "/me").await.assert_ok();
    }
    let (_, _, body) = ready(&auth).await;
    assert!(body["cachedSessions"].as_u64() > Some(0), "{body}");
}

#[tokio::test(start_paused = true)]
async fn an_open_breaker_is_not_ready_until_it_lets_a_call_through() {
    let mock = Mock::doing(Act::status(500));
    let (auth, app) = handle(&mock);
    for number in 0..20 {
        app.get_as(&cookie_of(number), "/me").await;
    }
    let asked = mock.count();
    let (status, headers, body) = ready(&auth).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(headers["retry-after"], "2");
    assert_eq!(headers["cache-control"], "no-store");
    assert_eq!(
        (&body["ready"], &body["circuitBreaker"]),
        (&json!(false), &json!("open"))
    );

    advance(2 * SECOND).await;
    let (status, _, body) = ready(&auth).await;
    assert_eq!(
        (status, &body["circuitBreaker"]),
        (StatusCode::OK, &json!("half-open"))
    );
    assert_eq!(mock.count(), asked, "a probe asked the auth server");
    mock.does(Act::signed_in());
    app.get_as(&cookie_of(0), "/me").await.assert_ok();
    assert_eq!(ready(&auth).await.2["circuitBreaker"], "closed");
}

#[tokio::test(start_paused = true)]
async fn a_pause_is_not_ready_for_as_long_as_it_lasts() {
    let mock = Mock::doing(Act::json(429, &[("x-retry-after", "10")], &Value::Null));
    let (auth, app) = handle(&mock);
    app.get_as(&cookie_of(0), "/me").await;
    advance(SECOND / 2).await;
    let (status, headers, body) = ready(&auth).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(headers["retry-after"], "10");
    assert_eq!(body["pausedForSeconds"], 10);
    advance(10 * SECOND).await;
    assert_eq!(ready(&auth).await.0, StatusCode::OK);
    assert_eq!(mock.count(), 1);
}

/// Its types can be written down, whatever the request's body is, and it may stand in a layered router.
#[tokio::test]
async fn it_is_a_service_for_any_request_and_needs_no_session() {
    struct Probe<S>(S);
    impl Probe<ReadinessService> {
        fn call(&mut self) -> Ready<Result<Response<axum::body::Body>, Infallible>> {
            let request = Request::builder().method(Method::POST).body(String::new());
            self.0.call(request.unwrap())
        }
    }
    let (auth, _) = handle(&Mock::new());
    let answer = Probe(auth.readiness_service()).call().await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);

    let app: Router = Router::new()
        .route("/me", axum::routing::get(|| async {}))
        .route_layer(SessionAuth::new(auth.clone()))
        .route_service("/readyz", auth.readiness_service());
    let request = Request::get("/readyz")
        .body(axum::body::Body::empty())
        .unwrap();
    assert_eq!(app.oneshot(request).await.unwrap().status(), StatusCode::OK);
}
