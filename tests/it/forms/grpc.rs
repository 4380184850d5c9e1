//! Which requests are answered with a gRPC status: to whatever knows no gRPC, that is a 200.

use axum::{Router, body::Body, routing::any};
use http::{Method, Request, header};
use tower_better_auth::{
    Require,
    rejection::problem,
    testing::{AuthServer, user},
};

use super::{Seen, layer, own, send};

/// With the method, as gRPC.
async fn call(app: &Router, method: Method, cookie: Option<&str>) -> Seen {
    let mut request = Request::new(Body::empty());
    *request.method_mut() = method;
    let headers = request.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        "application/grpc+proto".parse().unwrap(),
    );
    if let Some(cookie) = cookie {
        headers.insert(header::COOKIE, cookie.parse().unwrap());
    }
    send(app, request).await
}

/// A gateway that asks whether a request may pass copies the client's headers, and reads the status.
#[tokio::test]
async fn only_a_post_is_refused_with_a_200() {
    let server = AuthServer::start().await;
    let ada = server.sign_in(user("ada")).cookie();
    let ada = ada.to_str().unwrap();
    let guarded = any(async || ()).layer(Require::role("admin"));
    let router: Router = Router::new().route("/", guarded);
    let required = layer(&server);
    let covered = |layer| router.clone().layer(layer);
    let mistake = (500, "13");
    let apps = [
        ("application/json", covered(required.clone()), None),
        (
            "application/json",
            covered(required.clone().optional()),
            None,
        ),
        (
            "application/problem+json",
            covered(required.clone().respond_with(problem)),
            None,
        ),
        ("text/x-own", covered(required.respond_with(own)), None),
        ("application/json", router.clone(), Some(mistake)),
    ];
    for (content_type, app, always) in apps {
        for (cookie, expected) in [(None, (401, "16")), (Some(ada), (403, "7"))] {
            let (status, grpc_status) = always.unwrap_or(expected);
            for method in [Method::GET, Method::PUT, Method::OPTIONS] {
                let seen = call(&app, method, cookie).await;
                assert_eq!(seen.status, status);
                assert_eq!(seen.header(header::CONTENT_TYPE), Some(content_type));
                assert!(!seen.headers.contains_key("grpc-status"));
                assert!(!seen.body.is_empty());
            }
            let seen = call(&app, Method::POST, cookie).await;
            assert_eq!(seen.status, 200);
            assert_eq!(seen.headers["grpc-status"], grpc_status);
            let content_type = seen.header(header::CONTENT_TYPE);
            assert_eq!(content_type, Some("application/grpc+proto"));
            assert!(seen.body.is_empty());
        }
    }
}
