//! How much, how long, how many: over sockets.

use std::{
    convert::Infallible,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{Router, body::Body, routing::any};
use bytes::Bytes;
use futures_util::stream;
use http::{HeaderValue, Request, StatusCode, header};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinSet,
    time::Instant,
};
use tower::ServiceExt;
use tower_better_auth::Cache;

use super::{call, post, proxy, raw, request, serve, serve_app, status};
use crate::support::{
    answer,
    mock::{Mock, settle},
    raw_server::{self, RawServer, Step},
};

const SHORT: Duration = Duration::from_millis(200);

#[tokio::test]
async fn what_is_announced_as_too_long_is_refused_before_it_is_sent() {
    let server = RawServer::start(raw_server::answer(answer::ok("{}"))).await;
    let app = serve(proxy(&server.url())).await;
    let mut client = TcpStream::connect(app).await.unwrap();
    let head = "POST /api/auth/upload HTTP/1.1\r\nhost: a\r\ncontent-length: 104857600\r\n\r\n";
    client.write_all(head.as_bytes()).await.unwrap();
    let mut answer = String::new();
    // Not a byte of the body is sent, and the answer is there.
    let _ = client.read_to_string(&mut answer).await;
    assert_eq!(status(&answer), 413, "{answer}");
    assert!(answer.contains(r#""code":"PAYLOAD_TOO_LARGE""#), "{answer}");
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn what_is_not_announced_is_refused_when_it_is_too_long() {
    let server = RawServer::start(vec![Step::Request, Step::Hang]).await;
    let app = serve(proxy(&server.url()).max_body(10)).await;
    let chunked = ["transfer-encoding: chunked"];
    let body = "b\r\n12345678901\r\n0\r\n\r\n";
    for path in ["/upload", "/admin/ban-user"] {
        let line = format!("POST /api/auth{path}");
        let answer = raw(app, request(&line, &chunked, body)).await;
        assert_eq!(status(&answer), 413, "{answer}");
    }
}

/// One byte at a time, or none at all.
#[tokio::test]
async fn a_client_that_falls_silent_is_not_waited_for() {
    let server = RawServer::start(vec![Step::Request, Step::Hang]).await;
    let app = serve(proxy(&server.url()).idle_timeout(SHORT)).await;
    for (headers, body) in [
        (["content-length: 10"], "{"),
        (["content-length: 100000"], "{"),
        (["transfer-encoding: chunked"], "1\r\n{\r\n"),
    ] {
        let answer = raw(app, request("POST /api/auth/sign-in/email", &headers, body)).await;
        assert_eq!(status(&answer), 408, "{headers:?}: {answer}");
        assert!(answer.contains("REQUEST_TIMEOUT"), "{answer}");
    }
}

#[tokio::test]
async fn an_auth_server_that_falls_silent_ends_the_answer_without_its_end() {
    let half = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n";
    let server = RawServer::start(vec![Step::Request, Step::send(half), Step::Hang]).await;
    let app = serve(proxy(&server.url()).idle_timeout(SHORT)).await;
    let answer = raw(app, request("GET /api/auth/list-sessions", &[], "")).await;
    assert_eq!(status(&answer), 200, "{answer}");
    assert!(
        answer.contains("half") && !answer.ends_with("0\r\n\r\n"),
        "{answer}"
    );
}

#[tokio::test]
async fn an_auth_server_that_does_not_answer_is_unavailable() {
    let server = RawServer::start(vec![Step::Request, Step::Hang]).await;
    let app = serve(proxy(&server.url()).deadline(SHORT)).await;
    for line in ["GET /api/auth/get-session", "POST /api/auth/sign-out"] {
        let answer = raw(app, request(line, &[], "")).await;
        assert_eq!(status(&answer), 503, "{answer}");
        assert!(answer.contains("retry-after: 2\r\n"), "{answer}");
    }
}

/// Slow uploads have places of their own: a quarter.
#[tokio::test]
async fn slow_clients_do_not_keep_the_others_from_signing_in() {
    // Answers when it has read the body.
    let server = Router::new().fallback(any(|_: Bytes| async { "{}" }));
    let server = serve_app(server).await;
    let app = serve(proxy(&format!("http://{server}")).max_concurrency(4)).await;
    let mut slow = Vec::new();
    for _ in 0..20 {
        let mut client = TcpStream::connect(app).await.unwrap();
        let head = request("POST /api/auth/upload", &["content-length: 100000"], "x");
        client.write_all(head.as_bytes()).await.unwrap();
        slow.push(client);
        let mut client = TcpStream::connect(app).await.unwrap();
        let head = request("POST /api/auth/sign-in/email", &["content-length: 10"], "x");
        client.write_all(head.as_bytes()).await.unwrap();
        slow.push(client);
    }
    let signing_in = raw(
        app,
        request("POST /api/auth/sign-in/email", &["content-length: 2"], "{}"),
    );
    let answer = tokio::time::timeout(Duration::from_secs(5), signing_in)
        .await
        .unwrap();
    assert_eq!(status(&answer), 200, "{answer}");
}

/// A body that is read for the id in it takes memory, so only as many are read at once as there are places for uploads.
#[tokio::test]
async fn long_bodies_that_have_to_be_read_are_read_in_turn() {
    let proxy = proxy("http://localhost:1").max_concurrency(8);
    let begun = Arc::new(AtomicUsize::new(0));
    let mut clients = JoinSet::new();
    for _ in 0..20 {
        let begun = Arc::clone(&begun);
        let body = stream::once(async move {
            begun.fetch_add(1, Ordering::SeqCst);
            std::future::pending::<Result<Bytes, Infallible>>().await
        });
        let request = Request::post("/api/auth/admin/ban-user").body(Body::from_stream(body));
        clients.spawn(proxy.clone().oneshot(request.unwrap()));
    }
    settle().await;
    assert_eq!(begun.load(Ordering::SeqCst), 2);
}

/// As many as may wait, and not one of them is there.
#[tokio::test(start_paused = true)]
async fn uploads_that_wait_for_their_turn_fill_no_line_but_their_own() {
    let mock = Mock::new();
    let proxy = mock.handle().proxy();
    let upload = |path| {
        let silence = stream::pending::<Result<Bytes, Infallible>>();
        let request = Request::post(path).body(Body::from_stream(silence));
        request.unwrap()
    };
    let mut clients = JoinSet::new();
    for in_line in [16, 1024] {
        for _ in 0..in_line {
            clients.spawn(proxy.clone().oneshot(upload("/api/auth/upload")));
        }
        settle().await;
    }
    let began = Instant::now();
    let signing_in = call(&proxy, post("/api/auth/sign-in/email")).await;
    assert_eq!(signing_in.status, StatusCode::OK);
    for path in ["/api/auth/upload", "/api/auth/admin/ban-user"] {
        let late = call(&proxy, upload(path)).await;
        assert_eq!(late.code(), "AUTH_SERVICE_UNAVAILABLE", "{path}");
    }
    assert_eq!(began.elapsed(), Duration::ZERO);
}

/// They outlive their clients, and may all wait for one and the same answer.
#[tokio::test(start_paused = true)]
async fn only_so_many_wait_to_be_found_out_about() {
    let mock = Mock::new();
    mock.hold();
    let auth = mock.builder().cache(Cache::ttl(Duration::from_secs(300)));
    let proxy = auth.build().unwrap().proxy();
    let mut clients = JoinSet::new();
    for _ in 0..1024 {
        let mut request = post("/api/auth/sign-out");
        let cookie = HeaderValue::from_static("better-auth.session_token=x");
        request.headers_mut().insert(header::COOKIE, cookie);
        clients.spawn(proxy.clone().oneshot(request));
    }
    settle().await;
    assert_eq!(mock.count(), 1);
    assert!(clients.try_join_next().is_none());
    let began = Instant::now();
    let late = call(&proxy, post("/api/auth/sign-in/email")).await;
    assert_eq!(late.code(), "AUTH_SERVICE_UNAVAILABLE");
    assert_eq!(began.elapsed(), Duration::ZERO);
}

/// What waits holds its headers, and so do those that outlive their clients.
#[tokio::test]
async fn headers_of_more_than_sixty_four_kibibytes_are_refused() {
    let mock = Mock::new();
    let proxy = mock.handle().proxy();
    // As HTTP/2 counts: each line with 32 bytes.
    let longest = 64 * 1024 - ("cookie".len() + 32) - ("origin".len() + 32);
    for (length, expected) in [(longest, 200), (longest + 1, 431)] {
        let mut request = post("/api/auth/sign-in/email");
        let theme = HeaderValue::try_from("x".repeat(length - 1)).unwrap();
        request.headers_mut().insert(header::COOKIE, theme);
        let origin = HeaderValue::from_static("x");
        request.headers_mut().insert(header::ORIGIN, origin);
        let seen = call(&proxy, request).await;
        assert_eq!(seen.status, expected, "{length}");
        let is_refused = seen.code() == "REQUEST_HEADER_FIELDS_TOO_LARGE";
        assert_eq!(is_refused, expected == 431);
    }
    assert_eq!(mock.count(), 1);
}
