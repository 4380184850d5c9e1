//! CORS outside of `SessionAuth`, and the trap of the other order.

use axum::{Router, body::Body, routing::get};
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use tower::ServiceExt;
use tower_better_auth::testing::{AuthServer, Fault, user};
use tower_http::cors::CorsLayer;

use super::layer;

const ORIGIN: &str = "https://app.example.com";

fn cors() -> CorsLayer {
    CorsLayer::new()
        .allow_origin(HeaderValue::from_static(ORIGIN))
        .allow_credentials(true)
        .allow_methods([Method::GET, Method::PUT])
        .allow_headers([header::CONTENT_TYPE])
}

fn routes() -> Router {
    Router::new().route("/me", get(|| async { "hello" }).put(|| async { "changed" }))
}

fn preflight() -> Request<Body> {
    Request::options("/me")
        .header(header::ORIGIN, ORIGIN)
        .header(header::ACCESS_CONTROL_REQUEST_METHOD, "PUT")
        .header(header::ACCESS_CONTROL_REQUEST_HEADERS, "content-type")
        .body(Body::empty())
        .unwrap()
}

async fn fetch(app: &Router, cookie: Option<HeaderValue>) -> Response<Body> {
    let mut request = Request::get("/me").header(header::ORIGIN, ORIGIN);
    if let Some(cookie) = cookie {
        request = request.header(header::COOKIE, cookie);
    }
    let request = request.body(Body::empty()).unwrap();
    app.clone().oneshot(request).await.unwrap()
}

/// Whether a page of `ORIGIN` may read the answer to a request that it sent with cookies.
fn is_readable(response: &Response<Body>) -> bool {
    let says = |name, expected| response.headers().get(name).is_some_and(|v| v == expected);
    says(header::ACCESS_CONTROL_ALLOW_ORIGIN, ORIGIN)
        && says(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, "true")
}

#[tokio::test]
async fn a_preflight_is_answered_without_a_session_and_without_a_call() {
    let server = AuthServer::start().await;
    server.fail_with(Fault::DatabaseDown);
    let app = routes().layer(layer(&server)).layer(cors());
    let response = app.oneshot(preflight()).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    assert!(is_readable(&response));
    assert_eq!(
        response.headers()[header::ACCESS_CONTROL_ALLOW_METHODS],
        "GET,PUT"
    );
    assert_eq!(server.session_calls(), 0);
}

#[tokio::test]
async fn the_page_can_read_every_answer_also_a_refusal() {
    let server = AuthServer::start().await;
    let ada = server.sign_in(user("ada"));
    let app = routes().layer(layer(&server)).layer(cors());

    let response = fetch(&app, Some(ada.cookie())).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert!(is_readable(&response));

    let response = fetch(&app, None).await;
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
    assert!(is_readable(&response));
    let vary = response.headers().get_all(header::VARY);
    assert!(vary.iter().any(|line| line == "Cookie"), "{vary:?}");

    server.fail_with(Fault::DatabaseDown);
    let response = fetch(&app, Some(ada.cookie())).await;
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(is_readable(&response));
}

/// The trap: a browser sends no cookies with a preflight, takes the 401 for a no, and never sends the request.
#[tokio::test]
async fn inside_of_session_auth_no_preflight_gets_through() {
    let server = AuthServer::start().await;
    let app = routes().layer(cors()).layer(layer(&server));
    let response = app.clone().oneshot(preflight()).await.unwrap();
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
    assert!(!is_readable(&response));
    let response = fetch(&app, None).await;
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
    assert!(!is_readable(&response));
}
