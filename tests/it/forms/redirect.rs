//! The way to the sign-in page: who is sent there, and who is not.

use axum::{Router, body::Body, routing::any};
use http::{HeaderValue, Method, Request, header};
use tower_better_auth::{
    SessionAuth,
    rejection::RedirectToSignIn,
    testing::{AuthServer, Fault, user},
};

use super::{HTML, app, cookie, fetch, layer, routes, send};
use crate::support::log;

fn redirecting(server: &AuthServer) -> SessionAuth {
    layer(server).redirect_to_sign_in("/sign-in")
}

#[tokio::test]
async fn a_page_is_redirected_wherever_the_refusal_comes_from() {
    let server = AuthServer::start().await;
    let required = app(redirecting(&server));
    let optional = app(redirecting(&server).optional());
    let accept = [(header::ACCEPT, HTML)];
    for (app, path) in [
        (&required, "/user"),
        (&required, "/nowhere"),
        (&optional, "/user"),
        (&optional, "/guarded"),
        (&optional, "/handler"),
    ] {
        let seen = fetch(app, path, &accept).await;
        assert_eq!(seen.status, 303, "{path}");
        let location = format!("/sign-in?redirect_to={path}");
        assert_eq!(seen.header(header::LOCATION), Some(&*location));
        assert_eq!(seen.header(header::CACHE_CONTROL), Some("no-store"));
        assert_eq!(seen.list(header::VARY), ["cookie"]);
        assert_eq!(seen.header(header::WWW_AUTHENTICATE), None);
        assert_eq!(seen.text(), "");
        assert_eq!(seen.header(header::CONTENT_TYPE), None);
    }
}

#[tokio::test]
async fn neither_an_outage_nor_a_denial_sends_anybody_to_sign_in() {
    let server = AuthServer::start().await;
    let accept = (header::ACCEPT, HTML);
    let ada = [cookie(server.sign_in(user("ada")).cookie()), accept.clone()];
    let mallory = server.sign_in(user("mallory").banned()).cookie();
    let mallory = [cookie(mallory), accept];
    for layer in [redirecting(&server), redirecting(&server).optional()] {
        server.recover();
        let app = app(layer);
        let denied = [
            (&ada, "/guarded"),
            (&ada, "/handler"),
            (&mallory, "/user"),
            (&mallory, "/guarded"),
        ];
        for (who, path) in denied {
            let seen = fetch(&app, path, who).await;
            assert_eq!(seen.status, 403, "{path}");
            assert_eq!(seen.header(header::LOCATION), None);
        }
        for fault in [
            Fault::DatabaseDown,
            Fault::Disconnect,
            Fault::answer(302, "text/html", "sign in"),
            Fault::status(403),
        ] {
            server.fail_with(fault.clone());
            for path in ["/user", "/guarded", "/handler"] {
                let seen = fetch(&app, path, &ada).await;
                assert_eq!(seen.status, 503, "{path} {fault:?}");
                assert_eq!(seen.header(header::LOCATION), None);
            }
        }
    }
    let uncovered = fetch(&routes(), "/user", &ada).await;
    assert_eq!(uncovered.status, 500);
    assert_eq!(uncovered.header(header::LOCATION), None);
}

#[tokio::test]
async fn only_a_navigation_is_redirected() {
    let server = AuthServer::start().await;
    let app: Router = Router::new()
        .route("/user", any(|| async { "signed in" }))
        .layer(redirecting(&server));
    let cases = [
        (Method::GET, Some(HTML), 303),
        (Method::POST, Some(HTML), 401),
        (Method::HEAD, Some(HTML), 401),
        (Method::DELETE, Some(HTML), 401),
        (Method::GET, Some(HeaderValue::from_static("*/*")), 401),
        (
            Method::GET,
            Some(HeaderValue::from_static("application/json")),
            401,
        ),
        (Method::GET, None, 401),
    ];
    for (method, accept, status) in cases {
        let mut request = Request::new(Body::empty());
        *request.method_mut() = method.clone();
        *request.uri_mut() = "/user".parse().unwrap();
        if let Some(accept) = accept.clone() {
            request.headers_mut().insert(header::ACCEPT, accept);
        }
        let seen = send(&app, request).await;
        assert_eq!(seen.status, status, "{method} {accept:?}");
        assert_eq!(seen.header(header::LOCATION).is_some(), status == 303);
        assert_eq!(
            seen.list(header::WWW_AUTHENTICATE).len(),
            usize::from(status == 401)
        );
    }
}

#[tokio::test]
async fn an_accept_header_that_means_harm_does_none() {
    let server = AuthServer::start().await;
    let app = app(redirecting(&server));
    let long = |piece: &str| piece.repeat(100_000).into_bytes();
    let cases: [(Vec<u8>, u16); 9] = [
        (long(","), 401),
        (long("a/b,"), 401),
        (long("x"), 401),
        (long(";q=1"), 401),
        ([long("a/b,"), b"text/html".to_vec()].concat(), 303),
        (b"text/html\xff".to_vec(), 401),
        ("text/html, é".into(), 401),
        (b"text/html;q=NaN".to_vec(), 401),
        (b"text/html;q=-1".to_vec(), 401),
    ];
    for (accept, status) in cases {
        let start = String::from_utf8_lossy(&accept[..accept.len().min(20)]).into_owned();
        let accept = HeaderValue::from_bytes(&accept).unwrap();
        let seen = fetch(&app, "/user", &[(header::ACCEPT, accept)]).await;
        assert_eq!(seen.status, status, "{start}");
    }
}

#[tokio::test]
async fn a_guarded_sign_in_page_is_no_loop() {
    let server = AuthServer::start().await;
    let accept = [
        (header::ACCEPT, HTML),
        (header::HOST, HeaderValue::from_static("app.example.com")),
    ];
    for page in [
        "/sign-in",
        "/sign-in?theme=dark",
        "https://app.example.com/sign-in",
        "HTTPS://APP.example.com/sign-in",
    ] {
        let auth = layer(&server).redirect_to_sign_in(page);
        let app: Router = Router::new()
            .route("/sign-in", any(|| async { "sign in here" }))
            .layer(auth.clone());
        let nested: Router = Router::new().nest("/sign-in", app.clone());
        for path in ["/sign-in", "/sign-in?redirect_to=/a", "/sign-in/"] {
            let seen = fetch(&app, path, &accept).await;
            assert_eq!(seen.status, 401, "{page} at {path}");
        }
        let seen = fetch(&nested, "/sign-in/sign-in", &accept).await;
        assert_eq!(seen.status, 303, "another page of the same last name");
    }
    // The same path of another host is another page.
    let elsewhere = layer(&server).redirect_to_sign_in("https://login.example.com/sign-in");
    let seen = fetch(&app(elsewhere), "/sign-in", &accept).await;
    assert_eq!(seen.status, 303);
}

#[test]
fn a_page_that_is_no_address_is_logged_as_an_error_when_it_is_given() {
    for (page, is_logged) in [
        ("/sign-in", false),
        ("https://www.example.com/sign-in", false),
        ("sign-in", true),
        ("//evil.example", true),
    ] {
        let (_, log) = log::of(async { RedirectToSignIn::at(page) });
        let is_error = log.contains("ERROR tower_better_auth");
        assert_eq!(is_error, is_logged, "{page}: {log}");
    }
}
