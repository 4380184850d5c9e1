use std::time::{Duration, Instant};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tower_better_auth::{
    BetterAuth, BetterAuthBuilder,
    testing::{AuthServer, Fault, user},
};

use super::{app, me, steady};

#[tokio::test(start_paused = true)]
async fn no_fault_in_process_is_a_verdict() {
    let server = AuthServer::in_process();
    let app = app(steady(server.builder()));
    let ada = server.sign_in(user("ada"));
    for fault in Fault::all() {
        server.fail_with(fault.clone());
        let seen = me(&app, &ada).await;
        assert_eq!(seen.summary(), "503 AUTH_SERVICE_UNAVAILABLE", "{fault:?}");
        let arrives = usize::from(!matches!(fault, Fault::Refused));
        assert_eq!(server.session_calls(), arrives, "{fault:?}");
        server.forget_requests();
    }
    server.recover();
    tokio::time::advance(Duration::from_secs(10)).await;
    assert_eq!(me(&app, &ada).await.summary(), "200");
}

#[tokio::test]
async fn no_fault_on_a_socket_is_a_verdict() {
    let server = AuthServer::start().await;
    let ada = server.sign_in(user("ada"));
    for fault in Fault::all() {
        // A handle of its own for each, because one that was told to wait would not ask.
        let builder = BetterAuth::builder(server.url()).deadline(Duration::from_secs(1));
        let app = app(steady(builder));
        server.recover();
        assert_eq!(me(&app, &ada).await.summary(), "200");
        server.fail_with(fault.clone());
        let seen = me(&app, &ada).await;
        assert_eq!(seen.summary(), "503 AUTH_SERVICE_UNAVAILABLE", "{fault:?}");
    }
}

/// Bytes that are no answer, or not quite, and what a client sees when they are all there is.
fn bytes() -> Vec<(Vec<u8>, &'static str)> {
    const UNAVAILABLE: &str = "503 AUTH_SERVICE_UNAVAILABLE";
    let json = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n";
    let null = |head: &str| format!("{json}{head}\r\n\r\nnull").into_bytes();
    let huge = format!("x: {}\r\ncontent-length: 4", "y".repeat(1 << 20));
    let many = "x: y\r\n".repeat(10_000) + "content-length: 4";
    let signed_out = "401 INVALID_SESSION";
    vec![
        (null("content-length: 4"), signed_out),
        (null("x: y"), signed_out),
        (
            b"HTTP/1.1 103 Early Hints\r\n\r\n"
                .iter()
                .copied()
                .chain(null("x: y"))
                .collect(),
            signed_out,
        ),
        (null("transfer-encoding: chunked"), UNAVAILABLE),
        (null("content-length: 5"), UNAVAILABLE),
        (null("content-length: 3"), UNAVAILABLE),
        (null("content-length: -1"), UNAVAILABLE),
        (null("content-length: 4\r\ncontent-length: 5"), UNAVAILABLE),
        (null("x : y"), UNAVAILABLE),
        (null(&huge), UNAVAILABLE),
        (null(&many), UNAVAILABLE),
        (b"\xff".repeat(64), UNAVAILABLE),
        (
            b"HTTP/1.1 101 Switching Protocols\r\nupgrade: h2c\r\nconnection: upgrade\r\n\r\n"
                .to_vec(),
            UNAVAILABLE,
        ),
        (b"HTTP/1.1 200 OK\r\ncontent-".to_vec(), UNAVAILABLE),
        (Vec::new(), UNAVAILABLE),
    ]
}

#[tokio::test]
async fn bytes_are_sent_as_they_are_and_read_the_same_without_a_socket() {
    let (socket, in_process) = (AuthServer::start().await, AuthServer::in_process());
    let over_socket = || BetterAuth::builder(socket.url());
    let without = || in_process.builder();
    let places: [(_, _, &dyn Fn() -> BetterAuthBuilder); 2] = [
        ("on a socket", &socket, &over_socket),
        ("in process", &in_process, &without),
    ];
    for (place, server, builder) in places {
        let ada = server.sign_in(user("ada"));
        for (bytes, expected) in bytes() {
            // A retry is needed where a connection ends after a whole answer, which made it look fit for another.
            let app = app(builder().build().unwrap());
            let start = String::from_utf8_lossy(&bytes[..bytes.len().min(100)]).into_owned();
            server.fail_with(Fault::raw(bytes));
            assert_eq!(me(&app, &ada).await.summary(), expected, "{place}: {start}");
            server.recover();
            assert_eq!(
                me(&app, &ada).await.summary(),
                "200",
                "{place}: after {start}"
            );
        }
    }
}

#[tokio::test]
async fn bytes_are_all_that_is_sent_and_then_the_connection_ends() {
    let server = AuthServer::start().await;
    for sent in ["", "SSH-2.0-OpenSSH_9.9\r\n", "\0\u{1}"] {
        server.fail_with(Fault::raw(sent));
        let mut stream = TcpStream::connect(server.url().strip_prefix("http://").unwrap())
            .await
            .unwrap();
        stream
            .write_all(b"GET /api/auth/get-session HTTP/1.1\r\nhost: localhost\r\n\r\n")
            .await
            .unwrap();
        let mut read = String::new();
        stream.read_to_string(&mut read).await.unwrap();
        assert_eq!(read, sent);
    }
}

/// What a client of the socket runs into.
async fn error(server: &AuthServer) -> String {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let url = format!("{}/api/auth/get-session", server.url());
    let error = client.get(url).send().await.unwrap_err();
    let mut text = format!("{error:?}");
    text.make_ascii_lowercase();
    text
}

#[tokio::test]
async fn a_socket_is_refused_closed_or_reset_as_asked() {
    let server = AuthServer::start().await;
    for (fault, expected) in [
        (Fault::Refused, "connectionrefused"),
        (Fault::Disconnect, "incompletemessage"),
        (Fault::Reset, "connectionreset"),
        (Fault::Refused, "connectionrefused"),
    ] {
        server.fail_with(fault.clone());
        let error = error(&server).await;
        assert!(error.contains(expected), "{fault:?}: {error}");
    }
}

#[tokio::test]
async fn a_refusal_closes_the_connections_that_there_were_and_recovers_at_the_same_port() {
    let server = AuthServer::start().await;
    let app = app(steady(BetterAuth::builder(server.url())));
    let ada = server.sign_in(user("ada"));
    for _ in 0..3 {
        assert_eq!(me(&app, &ada).await.summary(), "200");
        server.fail_with(Fault::Refused);
        let calls = server.session_calls();
        assert_eq!(
            me(&app, &ada).await.summary(),
            "503 AUTH_SERVICE_UNAVAILABLE"
        );
        assert_eq!(server.session_calls(), calls, "nothing arrives");
        server.recover();
    }
    assert_eq!(me(&app, &ada).await.summary(), "200");
}

#[tokio::test(start_paused = true)]
async fn a_fault_that_is_counted_passes_by_itself() {
    let server = AuthServer::in_process();
    let builder = server.builder().retries(1);
    let app = app(builder.build().unwrap());
    let ada = server.sign_in(user("ada"));
    for (times, expected) in [(1, "200"), (2, "503 AUTH_SERVICE_UNAVAILABLE"), (0, "200")] {
        server.fail_next(times, Fault::Refused);
        assert_eq!(me(&app, &ada).await.summary(), expected, "{times}");
        server.forget_requests();
    }
    server.fail_next(1, Fault::status(502));
    assert_eq!(me(&app, &ada).await.summary(), "200");
    assert_eq!(server.session_calls(), 2);
}

#[tokio::test]
async fn a_compressed_answer_is_one_that_a_client_can_read() {
    let server = AuthServer::start().await;
    let ada = server.sign_in(user("ada").field("note", "x".repeat(100_000)));
    server.fail_with(Fault::Compressed);
    let client = reqwest::Client::builder().no_proxy().gzip(true).build();
    let request = client
        .unwrap()
        .get(format!("{}/api/auth/get-session", server.url()))
        .header("cookie", ada.cookie());
    let session: serde_json::Value = request.send().await.unwrap().json().await.unwrap();
    assert_eq!(session["user"]["id"], "ada");
    assert_eq!(session["user"]["note"].as_str().unwrap().len(), 100_000);
}

#[tokio::test(start_paused = true)]
async fn latency_is_waited_for() {
    let server = AuthServer::in_process();
    let builder = server.builder().deadline(Duration::from_secs(2));
    let app = app(steady(builder));
    let ada = server.sign_in(user("ada"));
    let started = Instant::now();
    for (latency, expected) in [
        (1999, "200"),
        (2001, "503 AUTH_SERVICE_UNAVAILABLE"),
        (0, "200"),
    ] {
        server.answer_after(Duration::from_millis(latency));
        assert_eq!(me(&app, &ada).await.summary(), expected, "{latency} ms");
    }
    assert!(
        started.elapsed() < Duration::from_secs(1),
        "time was paused"
    );
}

#[tokio::test]
async fn a_rate_limit_says_when_to_come_back() {
    let server = AuthServer::in_process();
    let app = app(steady(server.builder()));
    let ada = server.sign_in(user("ada"));
    let retry_after = Duration::from_secs(7);
    server.fail_with(Fault::RateLimited { retry_after });
    assert_eq!(me(&app, &ada).await.header("retry-after"), Some("7"));
}

#[tokio::test]
async fn a_refusal_ends_calls_that_hang() {
    let server = AuthServer::start().await;
    let deadline = Duration::from_secs(10);
    let app = app(steady(BetterAuth::builder(server.url()).deadline(deadline)));
    let ada = server.sign_in(user("ada"));
    server.fail_with(Fault::Hang);
    let hanging = me(&app, &ada);
    let refuse = async {
        while server.session_calls() == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        server.fail_with(Fault::Refused);
    };
    let (seen, ()) = tokio::join!(hanging, refuse);
    assert_eq!(seen.summary(), "503 AUTH_SERVICE_UNAVAILABLE");
    assert!(seen.elapsed < deadline / 2, "{:?}", seen.elapsed);
}
