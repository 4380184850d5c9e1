//! The faults on the way to the auth server, on real sockets.

use std::time::Duration;

use tower_better_auth::{BetterAuth, CheckError, health::CheckErrorKind};

use super::assert_error;
use crate::support::{
    nowhere::nowhere,
    raw_server::{RawServer, Step, answer},
};

/// Far from what any of them takes but the one that only the deadline ends.
const PATIENCE: Duration = Duration::from_secs(20);

async fn failure(url: &str) -> CheckError {
    failure_within(PATIENCE, url).await
}

async fn failure_within(deadline: Duration, url: &str) -> CheckError {
    let auth = BetterAuth::builder(url).deadline(deadline).build();
    auth.unwrap().check().await.unwrap_err()
}

#[tokio::test]
async fn nothing_listens() {
    let url = nowhere();
    let error = failure(&url).await;
    let words = [
        &*format!("{url}/api/auth/get-session"),
        "nothing listens there",
        "start the auth server",
    ];
    assert_error(&error, CheckErrorKind::Unreachable, &words);
}

#[tokio::test]
async fn a_name_without_an_address() {
    let error = failure("http://nonexistent.invalid").await;
    let words = [
        "http://nonexistent.invalid/",
        "host name has no address",
        "DNS",
    ];
    assert_error(&error, CheckErrorKind::Unreachable, &words);
}

#[cfg(any(feature = "rustls", feature = "native-tls"))]
#[tokio::test]
async fn a_server_without_tls() {
    let refusal = "HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n";
    let server = RawServer::start(vec![Step::send(refusal), Step::Hang]).await;
    let error = failure(&format!("https://{}", server.address())).await;
    assert_error(
        &error,
        CheckErrorKind::Tls,
        &["over TLS", "certificate", "`http`"],
    );
}

/// What a TLS server says to whoever speaks HTTP: an alert.
#[tokio::test]
async fn a_server_with_tls_where_http_is_spoken() {
    let server = RawServer::start(vec![
        Step::Request,
        Step::send(&b"\x15\x03\x01\x00\x02\x02\x46"[..]),
        Step::Close,
    ])
    .await;
    let error = failure(&server.url()).await;
    let words = ["does that port speak `http`?"];
    assert_error(&error, CheckErrorKind::Unreachable, &words);
}

#[tokio::test]
async fn a_server_that_says_nothing() {
    let server = RawServer::start(vec![Step::Hang]).await;
    let error = failure_within(Duration::from_millis(500), &server.url()).await;
    assert_error(
        &error,
        CheckErrorKind::Unreachable,
        &["within 500ms", "firewalls"],
    );
}

#[tokio::test]
async fn a_server_that_hangs_up() {
    for step in [Step::Close, Step::Reset] {
        let server = RawServer::start(vec![Step::Request, step]).await;
        let error = failure(&server.url()).await;
        assert_error(
            &error,
            CheckErrorKind::Unreachable,
            &["cannot be reached ("],
        );
    }
}

#[tokio::test]
async fn a_page_of_any_size() {
    let head =
        "HTTP/1.1 404 Not Found\r\ncontent-type: text/html\r\ncontent-length: 1000000\r\n\r\n";
    let page = "<p>Not found</p>".repeat(62_500);
    let server = RawServer::start(answer(format!("{head}{page}"))).await;
    let error = failure(&server.url()).await;
    let words = ["more than 65536 bytes", "no Better Auth server answers"];
    assert_error(&error, CheckErrorKind::UnexpectedAnswer, &words);
}

#[tokio::test]
async fn headers_of_any_size() {
    let head = format!("HTTP/1.1 200 OK\r\nx-big: {}\r\n\r\n", "x".repeat(1 << 20));
    let server = RawServer::start(answer(head)).await;
    let error = failure(&server.url()).await;
    let words = [
        "headers that are too large",
        "no Better Auth server answers",
    ];
    assert_error(&error, CheckErrorKind::UnexpectedAnswer, &words);
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = RawServer::start(answer("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")).await;
    let location = format!("{}/api/auth/get-session", elsewhere.url());
    let redirect = format!(
        "HTTP/1.1 301 Moved Permanently\r\nlocation: {location}\r\ncontent-length: 0\r\n\r\n"
    );
    let server = RawServer::start(answer(redirect)).await;
    let error = failure(&server.url()).await;
    let fix = format!("give `{}` as", elsewhere.url());
    assert_error(&error, CheckErrorKind::Redirect, &[&fix]);
    assert_eq!(elsewhere.connections(), 0);

    let following = BetterAuth::builder(server.url()).http_client(reqwest::Client::new());
    let error = following.build().unwrap().check().await.unwrap_err();
    let fix = "`http_client` a client that follows none";
    assert_error(&error, CheckErrorKind::Redirect, &[fix]);
}
