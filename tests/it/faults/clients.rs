//! What the HTTP client does and must not do: redirects, proxies, cookies, connections.

use super::{ACTIVE, UNAVAILABLE, assert_outcome, builder};
use crate::support::{
    answer::{self, JSON, http, session, signed_in},
    child, probe,
    raw_server::{RawServer, Step, answer},
};

/// A server that sends everybody to `location`.
async fn redirecting_to(status: &str, location: &str) -> RawServer {
    let location = format!("location: {location}");
    RawServer::start(answer(http(status, &[&location], ""))).await
}

#[tokio::test]
async fn a_redirect_is_not_followed_and_the_cookie_goes_nowhere_else() {
    let elsewhere = RawServer::start(answer(signed_in())).await;
    for status in [
        "301 Moved",
        "302 Found",
        "303 See Other",
        "307 Temporary",
        "308 Permanent",
    ] {
        let server = redirecting_to(status, &format!("{}/x", elsewhere.url())).await;
        let (seen, handled) = probe::ask(builder(server.url()).build().unwrap()).await;
        assert_outcome(status, &seen, handled, UNAVAILABLE);
        assert_eq!(seen.header("location"), None, "{status}");
    }
    assert_eq!(elsewhere.connections(), 0);
}

#[tokio::test]
async fn a_redirect_to_itself_is_not_followed() {
    let server = redirecting_to("302 Found", "/api/auth/get-session").await;
    let (seen, handled) = probe::ask(builder(server.url()).build().unwrap()).await;
    assert_outcome("itself", &seen, handled, UNAVAILABLE);
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn an_answer_from_elsewhere_is_not_believed_when_a_client_of_ones_own_follows_redirects() {
    let elsewhere = RawServer::start(answer(signed_in())).await;
    let server = redirecting_to("302 Found", &elsewhere.url()).await;
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let auth = builder(server.url()).http_client(client).build().unwrap();
    let (seen, handled) = probe::ask(auth).await;
    assert_outcome("elsewhere", &seen, handled, UNAVAILABLE);
    assert_eq!(elsewhere.requests().len(), 1, "the client did not follow");
}

#[tokio::test]
async fn a_client_of_ones_own_is_the_one_that_asks() {
    let server = RawServer::start(answer(signed_in())).await;
    let mine = [(
        http::HeaderName::from_static("x-mine"),
        http::HeaderValue::from_static("1"),
    )];
    let client = reqwest::Client::builder()
        .no_proxy()
        .default_headers(mine.into_iter().collect())
        .build()
        .unwrap();
    let auth = builder(server.url()).http_client(client).build().unwrap();
    let (seen, handled) = probe::ask(auth).await;
    assert_outcome("my client", &seen, handled, ACTIVE);
    assert!(server.requests()[0].contains("x-mine: 1\r\n"));
}

#[tokio::test]
async fn the_request_is_a_bare_get_with_one_cookie_header() {
    let server = RawServer::start(answer(signed_in())).await;
    let (seen, handled) = probe::ask(builder(server.url()).build().unwrap()).await;
    assert_outcome("the request", &seen, handled, ACTIVE);
    let requests = server.requests();
    let mut lines: Vec<&str> = requests[0].trim_end().split("\r\n").collect();
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(
        lines.remove(0),
        "GET /api/auth/get-session?disableCookieCache=true&disableRefresh=true HTTP/1.1"
    );
    lines.sort_unstable();
    assert_eq!(
        lines,
        [
            "accept-encoding: identity".to_owned(),
            "accept: application/json".to_owned(),
            format!("cookie: {}", answer::cookie()),
            format!("host: {}", server.address()),
            format!("user-agent: tower-better-auth/{version}"),
        ]
    );
}

#[tokio::test]
async fn cookies_that_the_auth_server_sets_are_neither_kept_nor_relayed() {
    let set_cookie = "set-cookie: better-auth.session_token=planted; Path=/";
    let planting = http("200 OK", &[JSON, set_cookie], session().to_string());
    let server = RawServer::start(answer(planting)).await;
    let (app, _) = probe::protected(builder(server.url()).build().unwrap());
    for _ in 0..2 {
        let seen = probe::send(app.clone(), probe::signed_in("/")).await;
        assert_eq!(
            (seen.summary().as_str(), seen.header("set-cookie")),
            (ACTIVE, None)
        );
    }
    assert_eq!(server.requests().len(), 2);
    assert!(
        server
            .requests()
            .iter()
            .all(|request| !request.contains("planted"))
    );
}

/// reqwest leaves its cookie store aside where a request has a `Cookie` header, so this one has none.
#[tokio::test]
async fn cookies_that_the_auth_server_sets_do_not_join_somebody_elses_bearer() {
    let set_cookie = "set-cookie: better-auth.session_token=planted; Path=/";
    let planting = http("200 OK", &[JSON, set_cookie], session().to_string());
    let server = RawServer::start(answer(planting)).await;
    let auth = builder(server.url()).accept_bearer().build().unwrap();
    let (app, _) = probe::protected(auth);
    for token in ["one", "another"] {
        let mut request = probe::anonymous("/");
        let bearer = format!("Bearer {token}").parse().unwrap();
        request.headers_mut().insert("authorization", bearer);
        assert_eq!(probe::send(app.clone(), request).await.summary(), ACTIVE);
    }
    let requests = server.requests();
    assert_eq!(requests.len(), 2);
    assert!(!requests[1].contains("cookie:"), "{}", requests[1]);
}

#[tokio::test]
async fn a_connection_is_used_again() {
    let server = RawServer::start(answer(signed_in())).await;
    let (app, _) = probe::protected(builder(server.url()).build().unwrap());
    for _ in 0..5 {
        let seen = probe::send(app.clone(), probe::signed_in("/")).await;
        assert_eq!(seen.summary(), ACTIVE);
        // The connection goes back to the pool in a task of its own.
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
    }
    assert_eq!((server.requests().len(), server.connections()), (5, 1));
}

#[tokio::test]
async fn a_connection_is_not_used_again_after_an_answer_that_lies() {
    let smuggled = [answer::ok("null"), signed_in()].concat();
    let server = RawServer::start(answer(smuggled)).await;
    let (app, handled) = probe::protected(builder(server.url()).build().unwrap());
    for _ in 0..3 {
        let seen = probe::send(app.clone(), probe::signed_in("/")).await;
        assert_ne!(seen.summary(), ACTIVE);
    }
    assert_eq!(handled.get(), 0);
}

#[tokio::test]
async fn a_proxy_in_the_environment_never_sees_a_cookie() {
    if child::is_child() {
        let server = RawServer::start(answer(signed_in())).await;
        let (seen, handled) = probe::ask(builder(server.url()).build().unwrap()).await;
        return assert_outcome("past the proxy", &seen, handled, ACTIVE);
    }
    let proxy = RawServer::start(vec![Step::Request, Step::Reset]).await;
    let url = proxy.url();
    let names = [
        "HTTP_PROXY",
        "http_proxy",
        "HTTPS_PROXY",
        "https_proxy",
        "ALL_PROXY",
        "all_proxy",
    ];
    child::run(
        concat!(
            module_path!(),
            "::a_proxy_in_the_environment_never_sees_a_cookie"
        ),
        &names.map(|name| (name, url.as_str())),
        &["NO_PROXY", "no_proxy", "REQUEST_METHOD"],
    )
    .await;
    assert_eq!(proxy.connections(), 0);
}
