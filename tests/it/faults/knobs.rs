//! The settings that bound a call: each test fails when its setting is ignored.

use std::time::{Duration, Instant};

use tokio::{
    net::{TcpSocket, TcpStream},
    time::timeout,
};
use tower_better_auth::{BetterAuth, defaults};

use super::{ACTIVE, EPSILON, UNAVAILABLE};
use crate::support::{
    answer::{ok, session},
    probe,
    raw_server::{RawServer, Step, answer},
};

#[tokio::test]
async fn the_deadline_holds_from_the_connection_to_the_last_byte() {
    let server = RawServer::start(vec![Step::Request, Step::Hang]).await;
    for millis in [50, 400] {
        let deadline = Duration::from_millis(millis);
        let auth = BetterAuth::builder(server.url()).deadline(deadline).build();
        let (seen, _) = probe::ask(auth.unwrap()).await;
        assert_eq!(seen.summary(), UNAVAILABLE);
        let expected = deadline..deadline + EPSILON;
        assert!(
            expected.contains(&seen.elapsed),
            "{:?} for {deadline:?}",
            seen.elapsed
        );
    }
}

/// A good answer of exactly `length` bytes.
fn body_of(length: usize) -> String {
    let session = session().to_string();
    format!("{session}{}", " ".repeat(length - session.len()))
}

#[tokio::test]
async fn a_body_is_read_up_to_max_body_and_not_a_byte_further() {
    for (length, max_body, expected) in [
        (1000, Some(1000), ACTIVE),
        (1001, Some(1000), UNAVAILABLE),
        (defaults::MAX_BODY, None, ACTIVE),
        (defaults::MAX_BODY + 1, None, UNAVAILABLE),
        (defaults::MAX_BODY + 1, Some(1 << 20), ACTIVE),
    ] {
        let server = RawServer::start(answer(ok(body_of(length)))).await;
        let builder = BetterAuth::builder(server.url());
        let builder = match max_body {
            Some(bytes) => builder.max_body(bytes),
            None => builder,
        };
        let (seen, _) = probe::ask(builder.build().unwrap()).await;
        assert_eq!(seen.summary(), expected, "{length} bytes of {max_body:?}");
    }
}

/// A listener whose queue is full: the kernel answers no further connection.
struct FullListener {
    url: String,
    _listener: tokio::net::TcpListener,
    _queued: Vec<TcpStream>,
}

impl FullListener {
    /// `None` where the kernel takes any number of connections.
    async fn start() -> Option<Self> {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let listener = socket.listen(1).unwrap();
        let address = listener.local_addr().unwrap();
        let mut queued = Vec::new();
        for _ in 0..64 {
            match timeout(Duration::from_millis(200), TcpStream::connect(address)).await {
                Ok(stream) => queued.push(stream.unwrap()),
                Err(_) => {
                    return Some(Self {
                        url: format!("http://{address}"),
                        _listener: listener,
                        _queued: queued,
                    });
                }
            }
        }
        None
    }
}

#[tokio::test]
async fn a_connection_may_take_as_long_as_connect_timeout_and_no_longer() {
    // Linux holds the queue to its length; other kernels may not, and then there is nothing to see.
    let Some(server) = FullListener::start().await else {
        assert_ne!(std::env::consts::OS, "linux", "the queue did not fill");
        return;
    };
    for (millis, deadline) in [(100, 20), (800, 20)] {
        let connect_timeout = Duration::from_millis(millis);
        let auth = BetterAuth::builder(&server.url)
            .connect_timeout(connect_timeout)
            .deadline(Duration::from_secs(deadline));
        let (seen, _) = probe::ask(auth.build().unwrap()).await;
        assert_eq!(seen.summary(), UNAVAILABLE);
        // A retry may double it, and is itself bounded.
        let expected = connect_timeout..connect_timeout * 2 + EPSILON;
        assert!(
            expected.contains(&seen.elapsed),
            "{:?} for {connect_timeout:?}",
            seen.elapsed
        );
    }
}

#[tokio::test]
async fn without_a_connect_timeout_of_ones_own_the_default_holds() {
    let Some(server) = FullListener::start().await else {
        assert_ne!(std::env::consts::OS, "linux", "the queue did not fill");
        return;
    };
    let started = Instant::now();
    let auth = BetterAuth::builder(&server.url).deadline(Duration::from_secs(20));
    let (seen, _) = probe::ask(auth.build().unwrap()).await;
    assert_eq!(seen.summary(), UNAVAILABLE);
    let expected = defaults::CONNECT_TIMEOUT..defaults::CONNECT_TIMEOUT * 2 + EPSILON;
    assert!(
        expected.contains(&started.elapsed()),
        "{:?}",
        started.elapsed()
    );
}
