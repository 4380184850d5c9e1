//! Requests that another site makes.

// Helpers are not seen as tests by the lint's own exemption.
#![allow(clippy::unwrap_used)]

use std::net::SocketAddr;

use axum::{
    Router,
    body::Body,
    extract::WebSocketUpgrade,
    response::Response,
    routing::{get, post},
};
use http::{HeaderValue, Method, Request, StatusCode, header};
use http_body_util::BodyExt;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use tower::{Layer, ServiceExt};
use tower_better_auth::{
    ConfigError, CurrentUser, Rejection, RejectionKind, SessionAuth,
    cross_site::SameOrigin,
    rejection,
    testing::{AuthServer, user},
};
use tower_http::cors::CorsLayer;

use crate::support::mock::Mock;

const EVIL: &str = "https://evil.example";

fn routes() -> Router {
    let socket = |upgrade: WebSocketUpgrade| async move {
        upgrade.on_upgrade(async move |mut socket| {
            let _ = socket.send("hello".into()).await;
        })
    };
    Router::new()
        .route(
            "/notes",
            get(|| async { "read" }).post(|| async { "written" }),
        )
        .route("/socket", axum::routing::any(socket))
}

fn request(method: Method, headers: &[(&str, &str)]) -> Request<Body> {
    let mut request = Request::builder().method(method).uri("/notes");
    for (name, value) in [("host", "app.example")].iter().chain(headers) {
        request = request.header(*name, *value);
    }
    request.body(Body::empty()).unwrap()
}

async fn send(app: &Router, request: Request<Body>) -> Response {
    app.clone().oneshot(request).await.unwrap()
}

async fn json(response: Response) -> serde_json::Value {
    let body = response.into_body().collect().await.unwrap().to_bytes();
    serde_json::from_slice(&body).unwrap()
}

#[tokio::test]
async fn another_sites_request_is_refused_in_our_form_and_no_handler_runs() {
    let app = routes().layer(SameOrigin::new());
    let ours = request(Method::POST, &[("origin", "https://app.example")]);
    assert_eq!(send(&app, ours).await.status(), StatusCode::OK);

    let response = send(&app, request(Method::POST, &[("origin", EVIL)])).await;
    assert_eq!(response.status(), StatusCode::FORBIDDEN);
    assert_eq!(response.headers()[header::CACHE_CONTROL], "no-store");
    let rejection = response.extensions().get::<Rejection>().unwrap();
    assert_eq!(rejection.kind(), RejectionKind::CrossSite);
    assert_eq!(
        json(response).await,
        serde_json::json!({
            "success": false,
            "error": "Requests from other sites are refused",
            "code": "CROSS_SITE_REQUEST",
        })
    );
}

#[tokio::test]
async fn a_layer_further_out_gives_the_refusal_its_form() {
    let mock = Mock::new();
    let auth = SessionAuth::new(mock.handle()).respond_with(rejection::problem);
    let app = routes().layer(SameOrigin::new()).layer(auth);
    let cookie = ("cookie", "better-auth.session_token=t");
    let response = send(&app, request(Method::POST, &[("origin", EVIL), cookie])).await;
    assert_eq!(response.status(), StatusCode::FORBIDDEN);
    assert_eq!(
        response.headers()[header::CONTENT_TYPE],
        "application/problem+json"
    );
    assert_eq!(json(response).await["code"], "CROSS_SITE_REQUEST");
}

#[tokio::test]
async fn outside_of_session_auth_a_refusal_costs_no_check() {
    let mock = Mock::new();
    let auth = SessionAuth::new(mock.handle());
    let app = routes().layer(auth).layer(SameOrigin::new());
    let cookie = ("cookie", "better-auth.session_token=t");
    let refused = send(&app, request(Method::POST, &[("origin", EVIL), cookie])).await;
    assert_eq!((refused.status(), mock.count()), (StatusCode::FORBIDDEN, 0));
    // Who makes it does not matter, nor whether anybody is signed in: a sign-in can be forged as well.
    let refused = send(&app, request(Method::POST, &[("origin", EVIL)])).await;
    assert_eq!(json(refused).await["code"], "CROSS_SITE_REQUEST");
    let passed = send(&app, request(Method::POST, &[cookie])).await;
    assert_eq!((passed.status(), mock.count()), (StatusCode::OK, 1));
}

/// Requirement 101: a preflight is a question, and the page of a trusted origin can read the answers.
#[tokio::test]
async fn cors_goes_around_it_and_trusts_the_same_origins() {
    const FRIEND: &str = "https://friend.example";
    let cors = CorsLayer::new()
        .allow_origin([FRIEND, EVIL].map(HeaderValue::from_static))
        .allow_credentials(true)
        .allow_methods([Method::POST]);
    let app = routes()
        .layer(SameOrigin::new().trust(FRIEND).unwrap())
        .layer(cors);
    let preflight = [
        ("origin", FRIEND),
        ("access-control-request-method", "POST"),
    ];
    let response = send(&app, request(Method::OPTIONS, &preflight)).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(
        response.headers()[header::ACCESS_CONTROL_ALLOW_METHODS],
        "POST"
    );

    let site = ("sec-fetch-site", "cross-site");
    let response = send(&app, request(Method::POST, &[("origin", FRIEND), site])).await;
    assert_eq!(response.status(), StatusCode::OK);
    // CORS alone lets this one through: it is about who may read, not about who may write.
    let response = send(&app, request(Method::POST, &[("origin", EVIL), site])).await;
    assert_eq!(response.status(), StatusCode::FORBIDDEN);
    assert_eq!(
        response.headers()[header::ACCESS_CONTROL_ALLOW_ORIGIN],
        EVIL
    );
}

#[tokio::test]
async fn head_passes_as_get_does() {
    let app = routes().layer(SameOrigin::new());
    for method in [Method::GET, Method::HEAD] {
        let response = send(
            &app,
            request(
                method,
                &[("origin", EVIL), ("sec-fetch-site", "cross-site")],
            ),
        );
        assert_eq!(response.await.status(), StatusCode::OK);
    }
}

#[tokio::test]
async fn a_grpc_call_is_refused_with_a_status_of_grpc() {
    let app = routes().layer(SameOrigin::new());
    let call = request(
        Method::POST,
        &[("origin", EVIL), ("content-type", "application/grpc")],
    );
    let response = send(&app, call).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.headers()["grpc-status"], "7");
}

#[tokio::test]
async fn bearers_are_exempt_by_choice_and_an_origin_is_trusted_in_any_spelling() {
    let bearer = [("origin", EVIL), ("authorization", "Bearer t")];
    for (layer, expected) in [
        (SameOrigin::new(), 403),
        (SameOrigin::new().exempt_bearer(), 200),
    ] {
        let response = send(&routes().layer(layer), request(Method::POST, &bearer)).await;
        assert_eq!(response.status(), expected);
    }
    for origin in [
        "https://evil.example",
        "https://EVIL.example:443",
        "https://evil.example/",
    ] {
        let app = routes().layer(SameOrigin::new().trust(origin).unwrap());
        let response = send(&app, request(Method::POST, &[("origin", EVIL)])).await;
        assert_eq!(response.status(), StatusCode::OK, "{origin}");
    }
    for origin in [
        "",
        "*",
        "evil.example",
        "https://*.example",
        "https://evil.example/x",
        "null",
        "https://é.example",
    ] {
        let error = SameOrigin::new().trust(origin).err();
        let Some(error @ ConfigError::Origin { .. }) = error else {
            panic!("{origin}: {error:?}");
        };
        assert!(
            error.to_string().starts_with("`trust` cannot be used"),
            "{error}"
        );
    }
}

#[test]
fn it_is_shown_with_what_it_trusts() {
    let layer = SameOrigin::new().trust("https://friend.example").unwrap();
    assert!(format!("{layer:?}").contains("https://friend.example"));
    let service = layer.layer(());
    assert_eq!(
        format!("{service:?}"),
        "SameOriginService { inner: (), .. }"
    );
}

async fn serve(app: Router) -> SocketAddr {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });
    address
}

/// The status line of the answer to a handshake.
async fn shake_hands(app: SocketAddr, headers: &[(&str, &str)]) -> String {
    let mut stream = TcpStream::connect(app).await.unwrap();
    let lines: Vec<_> = headers
        .iter()
        .map(|(name, value)| format!("{name}: {value}\r\n"))
        .collect();
    let lines = lines.concat();
    let handshake = format!(
        "GET /socket HTTP/1.1\r\nhost: {app}\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\
         sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n{lines}\r\n"
    );
    stream.write_all(handshake.as_bytes()).await.unwrap();
    let mut answer = vec![0; 1024];
    let length = stream.read(&mut answer).await.unwrap();
    String::from_utf8_lossy(&answer[..length])
        .lines()
        .next()
        .unwrap()
        .to_owned()
}

/// No preflight asks first, and the cookies come along: the page of any site could talk in the user's name.
#[tokio::test]
async fn a_websocket_opens_for_pages_of_this_app_and_for_what_is_no_browser() {
    let server = AuthServer::start().await;
    let ada = server.sign_in(user("ada"));
    let cookie = ada.cookie();
    let cookie = ("cookie", cookie.to_str().unwrap());
    let signed_in = |_: CurrentUser, upgrade: WebSocketUpgrade| async move {
        upgrade.on_upgrade(async move |_| {})
    };
    let auth = tower_better_auth::BetterAuth::new(server.url()).unwrap();
    let app = Router::new()
        .route("/socket", axum::routing::any(signed_in))
        .layer(SessionAuth::new(auth))
        .layer(SameOrigin::new().trust("https://friend.example").unwrap());
    let app = serve(app).await;
    let own = format!("http://{app}");
    for (headers, expected) in [
        (&[cookie][..], "101"),
        (&[cookie, ("origin", &own)], "101"),
        (
            &[cookie, ("origin", &own), ("sec-fetch-site", "same-origin")],
            "101",
        ),
        (&[cookie, ("origin", "https://friend.example")], "101"),
        (
            &[
                cookie,
                ("origin", "https://friend.example"),
                ("sec-fetch-site", "cross-site"),
            ],
            "101",
        ),
        (&[cookie, ("origin", EVIL)], "403"),
        (
            &[cookie, ("origin", EVIL), ("sec-fetch-site", "cross-site")],
            "403",
        ),
        (&[cookie, ("origin", "null")], "403"),
        (&[cookie, ("origin", "http://127.0.0.1")], "403"),
        (&[("origin", &own)], "401"),
    ] {
        let answer = shake_hands(app, headers).await;
        assert!(answer.contains(expected), "{headers:?}: {answer}");
    }
}

/// Over HTTP/2 a handshake is an extended `CONNECT`.
#[tokio::test]
async fn a_websocket_over_http_2_is_looked_at_as_well() {
    let app = Router::new()
        .route("/socket", axum::routing::any(|| async { "open" }))
        .layer(SameOrigin::new());
    for (origin, expected) in [
        (Some("https://app.example"), 200),
        (Some(EVIL), 403),
        (None, 200),
    ] {
        let mut request = Request::builder()
            .method(Method::CONNECT)
            .uri("https://app.example/socket");
        if let Some(origin) = origin {
            request = request.header("origin", origin);
        }
        let mut request = request.body(Body::empty()).unwrap();
        let protocol = hyper::ext::Protocol::from_static("websocket");
        request.extensions_mut().insert(protocol);
        assert_eq!(send(&app, request).await.status(), expected, "{origin:?}");
    }
}

/// Such as the return from a sign-in, which a page of the provider posts.
#[tokio::test]
async fn a_route_that_is_added_after_the_layer_is_not_covered() {
    let app = routes()
        .layer(SameOrigin::new())
        .route("/return", post(|| async { "back" }));
    let mut back = request(Method::POST, &[("origin", "https://appleid.apple.com")]);
    *back.uri_mut() = "/return".parse().unwrap();
    assert_eq!(send(&app, back).await.status(), StatusCode::OK);
}
