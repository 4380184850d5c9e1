//! Where requests go, and where none does.

use axum::Router;

use super::{MOUNT, call, proxy, raw, request, serve, serve_app, status};
use crate::support::{
    answer,
    raw_server::{self, RawServer},
};

async fn upstream() -> RawServer {
    RawServer::start(raw_server::answer(answer::ok("{}"))).await
}

fn request_line(server: &RawServer) -> Option<String> {
    let requests = server.requests();
    let line = requests.last()?.lines().next()?;
    Some(line.to_owned())
}

#[tokio::test]
async fn paths_that_lead_elsewhere_are_not_found_and_nobody_is_called() {
    let server = upstream().await;
    let app = serve_app(Router::new().fallback_service(proxy(&server.url()))).await;
    for target in [
        "/",
        "/api/auth",
        "/api/auth/",
        "/api/authx/ok",
        "/api/auth@evil.example/ok",
        "//evil.example/api/auth/ok",
        "/api/auth//evil.example/ok",
        "/api/auth/../admin",
        "/api/auth/..%2fadmin",
        "/api/auth/%2e%2e/admin",
        "/api/auth/%252e%252e/admin",
        "/api/auth/..\\admin",
        "/api/auth/%5c..%5cadmin",
        "/api/auth/ok%0d%0aHost:%20evil.example",
        "http://evil.example/admin",
        "*",
    ] {
        let answer = raw(app, request(&format!("GET {target}"), &[], "")).await;
        assert!(matches!(status(&answer), 400 | 404), "{target}: {answer}");
    }
    for line in ["CONNECT evil.example:443", "TRACE /api/auth/ok"] {
        let answer = raw(app, request(line, &[], "")).await;
        assert_eq!(status(&answer), 405, "{line}: {answer}");
    }
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn an_absolute_target_and_a_host_change_nothing_about_where_it_goes() {
    let server = upstream().await;
    let app = serve(proxy(&server.url())).await;
    let line = format!("host: {}", server.address());
    for target in [
        "/api/auth/ok?a=%2F..&b='",
        "http://evil.example/api/auth/ok?a=%2F..&b='",
    ] {
        let answer = raw(app, request(&format!("GET {target}"), &[], "")).await;
        assert_eq!(status(&answer), 200, "{target}: {answer}");
        let arrived = request_line(&server).unwrap();
        assert_eq!(
            arrived.replace("%27", "'"),
            "GET /api/auth/ok?a=%2F..&b=' HTTP/1.1"
        );
        assert!(
            server
                .requests()
                .last()
                .unwrap()
                .to_ascii_lowercase()
                .contains(&line)
        );
    }
}

#[tokio::test]
async fn it_can_be_mounted_as_a_route_nested_and_alone() {
    let server = upstream().await;
    let proxy = proxy(&server.url());
    let nested = Router::new().nest_service("/api/auth", proxy.clone());
    let deeper = Router::new().nest("/v1", Router::new().route_service(MOUNT, proxy.clone()));
    for (app, path) in [
        (
            Router::new().route_service(MOUNT, proxy.clone()),
            "/api/auth/ok",
        ),
        (nested, "/api/auth/ok"),
        (deeper, "/v1/api/auth/ok"),
        (
            Router::new().fallback_service(proxy.clone()),
            "/api/auth/ok",
        ),
    ] {
        let app = serve_app(app).await;
        let answer = raw(app, request(&format!("GET {path}"), &[], "")).await;
        assert_eq!(status(&answer), 200, "{path}: {answer}");
        assert_eq!(request_line(&server).unwrap(), "GET /api/auth/ok HTTP/1.1");
    }
    let alone = call(
        &proxy,
        http::Request::get("/api/auth/ok")
            .body(axum::body::Body::empty())
            .unwrap(),
    );
    assert_eq!(alone.await.status, 200);
}

/// A limiter in front goes by the path that it sees.
#[tokio::test]
async fn a_prefix_that_comes_twice_leads_no_further() {
    let server = upstream().await;
    let app = serve_app(Router::new().nest_service("/api/auth", proxy(&server.url()))).await;
    raw(app, request("GET /api/auth/api/auth/ok", &[], "")).await;
    assert_eq!(
        request_line(&server).unwrap(),
        "GET /api/auth/api/auth/ok HTTP/1.1"
    );
}

#[tokio::test]
async fn a_base_path_of_its_own_is_the_one_that_counts() {
    let server = upstream().await;
    let proxy = proxy(&format!("{}/x/auth", server.url()));
    let get = |path: &str| {
        http::Request::get(path)
            .body(axum::body::Body::empty())
            .unwrap()
    };
    assert_eq!(call(&proxy, get("/api/auth/ok")).await.status, 404);
    assert_eq!(call(&proxy, get("/x/auth/ok")).await.status, 200);
    assert_eq!(request_line(&server).unwrap(), "GET /x/auth/ok HTTP/1.1");
}
