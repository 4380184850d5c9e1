//! The same over real connections: HTTP/1.1 with very large headers, HTTP/2 with its crumbs.

use std::net::SocketAddr;

use axum::{Router, routing::get};
use http::{HeaderValue, Version, header};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};
use tower_better_auth::SessionAuth;

use super::{NAME, REFUSED, only_cookie_header};
use crate::support::recorder::Recorder;

/// Serves one protected route that says which version of HTTP it was asked in.
async fn serve(recorder: &Recorder) -> (SocketAddr, JoinSet<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let app = Router::new()
        .route("/", get(async |version: Version| format!("{version:?}")))
        .layer(SessionAuth::new(recorder.handle()));
    let mut serving = JoinSet::new();
    serving.spawn(async move { axum::serve(listener, app).await.unwrap() });
    (address, serving)
}

#[tokio::test]
async fn the_crumbs_of_http_2_give_the_same_as_one_line() {
    let recorder = Recorder::signed_in();
    let (address, _serving) = serve(&recorder).await;
    let client = reqwest::Client::builder()
        .http2_prior_knowledge()
        .no_proxy()
        .build()
        .unwrap();
    let crumbs = [
        "_ga=1",
        "better-auth.session_token=A",
        "x=\u{e9}",
        "better-auth.dont_remember=t",
    ];
    for lines in [crumbs.to_vec(), vec![&crumbs.join("; ")]] {
        let lines = lines
            .iter()
            .map(|line| HeaderValue::from_bytes(line.as_bytes()).unwrap());
        let headers = lines.map(|line| (header::COOKIE, line)).collect();
        let request = client.get(format!("http://{address}/")).headers(headers);
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.text().await.unwrap(), "HTTP/2.0");
        let forwarded = only_cookie_header(&recorder).unwrap();
        assert_eq!(
            forwarded,
            b"better-auth.session_token=A; better-auth.dont_remember=t"
        );
    }
}

/// Sends a request as it is, and gives the whole response.
async fn send_raw(address: SocketAddr, cookies: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let head = b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncookie: ";
    stream
        .write_all(&[&head[..], cookies, b"\r\n\r\n"].concat())
        .await
        .unwrap();
    let mut response = Vec::new();
    stream.read_to_end(&mut response).await.unwrap();
    String::from_utf8(response).unwrap()
}

#[tokio::test]
async fn hundreds_of_kilobytes_of_cookies_cannot_hide_or_break_the_session_cookie() {
    let recorder = Recorder::signed_in();
    let (address, _serving) = serve(&recorder).await;
    // hyper takes 417,792 bytes of headers.
    let others = format!("x={}", "x".repeat(410_000));
    let with_session = format!("{others}; {NAME}A");
    let response = send_raw(address, with_session.as_bytes()).await;
    assert!(response.starts_with("HTTP/1.1 200"), "{response}");
    assert_eq!(
        only_cookie_header(&recorder).unwrap(),
        format!("{NAME}A").as_bytes()
    );

    let huge_session = format!("{NAME}{}", "A".repeat(410_000));
    let response = send_raw(address, huge_session.as_bytes()).await;
    assert!(response.starts_with("HTTP/1.1 401"), "{response}");
    assert!(
        response.contains(REFUSED.trim_start_matches("401 ")),
        "{response}"
    );
    assert_eq!(recorder.count(), 0);
}

#[tokio::test]
async fn a_control_character_in_a_cookie_never_gets_as_far_as_the_auth_server() {
    let recorder = Recorder::signed_in();
    let (address, _serving) = serve(&recorder).await;
    for control in [0x00, 0x01, 0x0B, 0x0C, 0x1F, 0x7F] {
        let cookies = [NAME.as_bytes(), b"A", &[control], b"B"].concat();
        let response = send_raw(address, &cookies).await;
        assert!(
            response.starts_with("HTTP/1.1 400"),
            "{control:#x}: {response}"
        );
    }
    assert_eq!(recorder.count(), 0);
}
