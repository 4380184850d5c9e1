//! A decoder of the application's own that panics.

use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use http::{HeaderMap, Request, header};
use http_body_util::{BodyExt, Empty};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinSet,
};
use tower_better_auth::BetterAuth;

use super::UNAVAILABLE;
use crate::support::{answer, log, probe, recorder::Recorder};

const BUG: &str = "index out of bounds";

/// Panics at the first answer, and reads all that come after it.
fn panicking_once() -> BetterAuth {
    let has_panicked = AtomicBool::new(false);
    let builder = Recorder::signed_in().builder().decode_with(move |body| {
        assert!(has_panicked.swap(true, Ordering::Relaxed), "{BUG}");
        Ok(serde_json::from_slice(body)?)
    });
    builder.build().unwrap()
}

#[test]
fn a_decoder_that_panics_is_an_outage_with_a_word_in_the_log() {
    let ((seen, handled), log) = log::of(probe::ask(panicking_once()));
    super::assert_outcome("a panic", &seen, handled, UNAVAILABLE);
    assert!(!seen.text().contains(BUG), "{}", seen.text());
    let line = log.lines().find(|line| line.contains("WARN")).unwrap();
    for part in ["`decode_with`", "it panicked", "asked=\"session\""] {
        assert!(line.contains(part), "{part}: {log}");
    }

    let mut headers = HeaderMap::new();
    headers.insert(header::COOKIE, answer::cookie().parse().unwrap());
    let auth = panicking_once();
    let (rejection, _) = log::of(async { auth.validate(&headers).await });
    assert_eq!(rejection.unwrap_err().code(), "AUTH_SERVICE_UNAVAILABLE");
}

#[tokio::test]
async fn the_connection_outlives_a_decoder_that_panics() {
    let (app, counter) = probe::protected(panicking_once());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let mut running = JoinSet::new();
    running.spawn(async move { axum::serve(listener, app).await.unwrap() });
    let stream = TokioIo::new(TcpStream::connect(address).await.unwrap());
    let (mut client, connection) = http1::handshake(stream).await.unwrap();
    running.spawn(async move { connection.await.unwrap() });

    for expected in [503, 200, 200] {
        let request = Request::get("/")
            .header(header::HOST, "localhost")
            .header(header::COOKIE, answer::cookie())
            .body(Empty::<Bytes>::new());
        let response = client.send_request(request.unwrap()).await.unwrap();
        assert_eq!(response.status(), expected);
        response.into_body().collect().await.unwrap();
    }
    assert_eq!(counter.get(), 2);
}
