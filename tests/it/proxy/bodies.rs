//! Bodies pass as they come, and end only where they end.

use std::{convert::Infallible, net::SocketAddr, sync::Arc, time::Duration};

use axum::{Router, body::Body, response::Response, routing::any};
use bytes::Bytes;
use futures_util::stream;
use http::Request;
use http_body_util::BodyExt;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::{Mutex, mpsc},
};

use super::{proxy, raw, request, serve, serve_app, status};
use crate::support::raw_server::{RawServer, Step};

/// One end of a body.
type Chunks = mpsc::UnboundedSender<Bytes>;

fn body(chunks: mpsc::UnboundedReceiver<Bytes>) -> Body {
    Body::from_stream(stream::unfold(chunks, |mut chunks| async move {
        let chunk = chunks.recv().await?;
        Some((Ok::<_, Infallible>(chunk), chunks))
    }))
}

fn url(address: SocketAddr) -> String {
    format!("http://{address}")
}

#[tokio::test]
async fn an_answer_passes_as_it_comes() {
    let (chunks, waiting) = mpsc::unbounded_channel();
    let waiting = Arc::new(Mutex::new(Some(waiting)));
    let upstream = Router::new().fallback(any(async move || {
        Response::new(body(waiting.lock().await.take().unwrap()))
    }));
    let upstream = serve_app(upstream).await;
    let app = serve(proxy(&url(upstream))).await;
    let mut answer = reqwest::get(format!("http://{app}/api/auth/events"))
        .await
        .unwrap();
    // The next piece is sent when the one before has come through, so nobody can have waited for the whole.
    for piece in ["one", "two", "three"] {
        chunks.send(Bytes::from(piece)).unwrap();
        assert_eq!(answer.chunk().await.unwrap().unwrap(), piece);
    }
    drop(chunks);
    assert_eq!(answer.chunk().await.unwrap(), None);
}

#[tokio::test]
async fn a_request_passes_as_it_comes() {
    let (arrived, mut arrivals) = mpsc::unbounded_channel();
    let upstream = Router::new().fallback(any(async move |request: Request<Body>| {
        let mut body = request.into_body();
        while let Some(frame) = body.frame().await {
            arrived.send(frame.unwrap().into_data().unwrap()).unwrap();
        }
        "done"
    }));
    let upstream = serve_app(upstream).await;
    let app = serve(proxy(&url(upstream))).await;
    let (chunks, waiting): (Chunks, _) = mpsc::unbounded_channel();
    let sending = reqwest::Client::new().post(format!("http://{app}/api/auth/upload"));
    let sending = sending.body(reqwest::Body::wrap(SyncBody(std::sync::Mutex::new(body(
        waiting,
    )))));
    let answer = tokio::spawn(sending.send());
    for piece in ["one", "two", "three"] {
        chunks.send(Bytes::from(piece)).unwrap();
        assert_eq!(arrivals.recv().await.unwrap(), piece);
    }
    drop(chunks);
    let answer = answer.await.unwrap().unwrap();
    assert_eq!(answer.text().await.unwrap(), "done");
}

/// For reqwest, which asks for a body that is `Sync`.
struct SyncBody(std::sync::Mutex<Body>);

impl http_body::Body for SyncBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<http_body::Frame<Bytes>, axum::Error>>> {
        std::pin::Pin::new(self.0.get_mut().unwrap()).poll_frame(cx)
    }
}

/// The auth server dies within its answer: nobody may take half of it for the whole.
#[tokio::test]
async fn an_answer_that_breaks_off_has_no_end() {
    for head in [
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf",
    ] {
        for end in [Step::Close, Step::Reset] {
            let server = RawServer::start(vec![Step::Request, Step::send(head), end]).await;
            let app = serve(proxy(&server.url())).await;
            let answer = raw(app, request("GET /api/auth/list-sessions", &[], "")).await;
            // A reset can overtake what was sent before it.
            assert!(matches!(status(&answer), 200 | 502), "{answer}");
            assert!(!answer.ends_with("0\r\n\r\n"), "{answer}");
            let url = format!("http://{app}/api/auth/list-sessions");
            let whole = match reqwest::get(url).await {
                Ok(answer) if answer.status() == 200 => answer.bytes().await.is_ok(),
                Ok(_) | Err(_) => false,
            };
            assert!(!whole, "half an answer was taken for the whole: {head}");
        }
    }
}

/// Whoever only asks has nothing to wait for once the client is gone.
#[tokio::test]
async fn a_client_that_goes_away_ends_its_question() {
    struct Gone(mpsc::UnboundedSender<()>);
    impl Drop for Gone {
        fn drop(&mut self) {
            let _ = self.0.send(());
        }
    }
    let (arrived, mut arrivals) = mpsc::unbounded_channel();
    let (gone, mut ends) = mpsc::unbounded_channel();
    let upstream = Router::new().fallback(any(async move || {
        let _gone = Gone(gone.clone());
        arrived.send(()).unwrap();
        std::future::pending::<()>().await;
    }));
    let upstream = serve_app(upstream).await;
    let app = serve(proxy(&url(upstream))).await;
    let mut client = TcpStream::connect(app).await.unwrap();
    client
        .write_all(request("GET /api/auth/list-sessions", &[], "").as_bytes())
        .await
        .unwrap();
    arrivals.recv().await.unwrap();
    drop(client);
    ends.recv().await.unwrap();
}

#[tokio::test]
async fn a_body_that_breaks_off_is_not_passed_on_as_whole() {
    let (arrived, mut arrivals) = mpsc::unbounded_channel();
    let upstream = Router::new().fallback(any(async move |request: Request<Body>| {
        arrived
            .send(request.into_body().collect().await.is_ok())
            .unwrap();
    }));
    let upstream = serve_app(upstream).await;
    let app = serve(proxy(&url(upstream))).await;
    let mut client = TcpStream::connect(app).await.unwrap();
    let chunk = "x".repeat(70_000);
    let head = request("POST /api/auth/upload", &["content-length: 100000"], &chunk);
    client.write_all(head.as_bytes()).await.unwrap();
    client.shutdown().await.unwrap();
    let mut answer = String::new();
    let _ = client.read_to_string(&mut answer).await;
    assert_eq!(arrivals.recv().await, Some(false));

    // A short one is read first, and its first half goes nowhere.
    let mut client = TcpStream::connect(app).await.unwrap();
    let head = request("POST /api/auth/sign-in/email", &["content-length: 10"], "{");
    client.write_all(head.as_bytes()).await.unwrap();
    drop(client);
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(arrivals.try_recv().is_err());
}
