//! What is sent, and what comes back, as bytes.

use super::{call, proxy, raw, request, serve, status};
use crate::support::{
    answer, log,
    nowhere::nowhere,
    raw_server::{self, RawServer, Step},
};

/// The headers that arrived, in lower case and in order.
fn arrived(server: &RawServer) -> Vec<String> {
    let requests = server.requests();
    let lines = requests.last().unwrap().lines().skip(1);
    let mut lines: Vec<_> = lines
        .filter(|line| !line.is_empty())
        .map(|line| {
            let (name, value) = line.split_once(':').unwrap();
            format!("{}:{}", name.to_ascii_lowercase(), value)
        })
        .collect();
    lines.sort();
    lines
}

#[tokio::test]
async fn what_is_for_the_next_hop_or_about_the_client_does_not_arrive() {
    let server = RawServer::start(raw_server::answer(answer::ok("{}"))).await;
    let app = serve(proxy(&server.url())).await;
    let lines = [
        "Connection: x-internal, keep-alive",
        "X-Internal: 1",
        "Keep-Alive: timeout=5",
        "Proxy-Connection: keep-alive",
        "Proxy-Authorization: Basic x",
        "TE: trailers",
        "Trailer: x-sum",
        "Upgrade: h2c",
        "HTTP2-Settings: AAMAAABkAAQAAP__",
        "Expect: 100-continue",
        "Forwarded: for=1.1.1.1;host=evil.example",
        "X-Forwarded-For: 1.1.1.1, 2.2.2.2",
        "X_Forwarded_For: 1.1.1.1",
        "X-Forwarded-Host: evil.example",
        "X-Forwarded-Proto: http",
        "X-Real-IP: 1.1.1.1",
        "Cookie: theme=dark; better-auth.state=\"a; better-auth.session_token=x.y%2B=",
        "Cookie: cart=1; __Secure-better-auth.two_factor=z",
        "Accept: */*",
        "Accept-Encoding: gzip, br",
        "Authorization: Bearer t",
        "Origin: https://app.example",
        "Content-Type: application/json",
        "Content-Length: 2",
    ];
    let sent = format!(
        "POST /api/auth/sign-in/email HTTP/1.1\r\nHost: app.example\r\nConnection: close\r\n{}\r\n\r\n{{}}",
        lines.join("\r\n")
    );
    let answer = raw(app, sent).await;
    assert!(answer.contains("200 OK"), "{answer}");
    assert_eq!(
        arrived(&server),
        [
            "accept-encoding: gzip, br".to_owned(),
            "accept: */*".to_owned(),
            "authorization: Bearer t".to_owned(),
            "content-length: 2".to_owned(),
            "content-type: application/json".to_owned(),
            "cookie: better-auth.state=\"a; better-auth.session_token=x.y%2B=; \
             __Secure-better-auth.two_factor=z"
                .to_owned(),
            format!("host: {}", server.address()),
            "origin: https://app.example".to_owned(),
            "x-forwarded-for: 127.0.0.1".to_owned(),
        ]
    );
}

#[tokio::test]
async fn every_set_cookie_line_comes_back_byte_for_byte_and_in_order() {
    let lines = [
        "set-cookie: better-auth.session_token=; Max-Age=0; Path=/",
        "set-cookie: better-auth.session_token=a.b%2Bc=, d; Path=/; HttpOnly;SameSite=Lax",
        "set-cookie: better-auth.session_token=a.b%2Bc=, d; Path=/; HttpOnly;SameSite=Lax",
        "set-cookie: __Secure-better-auth.x=\"q\";  Expires=Thu, 01 Jan 2099 00:00:00 GMT",
        "location: //elsewhere.example/a b",
        "content-encoding: br",
        "x-odd: \u{e9}",
        "connection: x-inner",
        "x-inner: 1",
        "keep-alive: timeout=5",
    ];
    let upstream = answer::http("302 Found", &lines, "not really brotli");
    let server = RawServer::start(raw_server::answer(upstream)).await;
    let app = serve(proxy(&server.url())).await;
    let answer = raw(
        app,
        request("GET /api/auth/callback/github?code=x", &[], ""),
    )
    .await;
    assert_eq!(status(&answer), 302);
    let back = |name: &str| -> Vec<String> {
        let head = answer.split("\r\n\r\n").next().unwrap();
        let lines = head.split("\r\n").filter(|line| line.starts_with(name));
        lines.map(str::to_owned).collect()
    };
    assert_eq!(back("set-cookie"), lines[..4]);
    assert_eq!(back("location"), lines[4..5]);
    assert_eq!(back("content-encoding"), lines[5..6]);
    assert_eq!(back("x-odd"), lines[6..7]);
    assert!(
        back("x-inner").is_empty() && back("keep-alive").is_empty(),
        "{answer}"
    );
    assert!(answer.ends_with("\r\n\r\nnot really brotli"), "{answer}");
    assert_eq!(server.connections(), 1, "the redirect was followed");
}

#[tokio::test]
async fn head_and_options_pass_with_the_length_that_the_server_names() {
    let head = answer::head(
        "200 OK",
        &["content-length: 17", "content-type: application/json"],
    );
    let server = RawServer::start(raw_server::answer(head)).await;
    let app = serve(proxy(&server.url())).await;
    let answer = raw(app, request("HEAD /api/auth/get-session", &[], "")).await;
    assert!(answer.contains("content-length: 17\r\n"), "{answer}");
    assert!(answer.ends_with("\r\n\r\n"), "{answer}");
    assert!(server.requests()[0].starts_with("HEAD /api/auth/get-session "));

    let no_content = answer::head("204 No Content", &["access-control-allow-origin: *"]);
    let server = RawServer::start(raw_server::answer(no_content)).await;
    let app = serve(proxy(&server.url())).await;
    let answer = raw(app, request("OPTIONS /api/auth/sign-out", &[], "")).await;
    assert_eq!(status(&answer), 204);
    assert!(
        answer.contains("access-control-allow-origin: *\r\n"),
        "{answer}"
    );
}

/// However two servers could read such a request, only one reading goes on.
#[tokio::test]
async fn a_request_in_two_minds_about_its_length_smuggles_nothing() {
    let server = RawServer::start(raw_server::answer(answer::ok("{}"))).await;
    let app = serve(proxy(&server.url())).await;
    let hidden = "GET /api/auth/hidden HTTP/1.1\r\nhost: a\r\n\r\n";
    for headers in [
        "content-length: 4\r\ntransfer-encoding: chunked",
        "transfer-encoding: chunked\r\ncontent-length: 4",
        "content-length: 0\r\ncontent-length: 44",
        "content-length: 0, 44",
        "content-length: +0",
        "transfer-encoding: identity",
        "transfer-encoding: chunked, identity",
        "transfer-encoding: xchunked",
        "transfer-encoding : chunked",
        "transfer-encoding:\x0bchunked",
        "x: y\r\n content-length: 0",
        "x: y\n\ntransfer-encoding: chunked",
    ] {
        let sent = format!(
            "POST /api/auth/sign-in/email HTTP/1.1\r\nhost: a\r\nconnection: close\r\n{headers}\r\n\r\n0\r\n\r\n{hidden}"
        );
        raw(app, sent).await;
        let requests = server.requests();
        let smuggled = requests.iter().any(|request| request.starts_with("GET"));
        assert!(!smuggled, "{headers:?}: {requests:?}");
    }
    for request in server.requests() {
        let head = request.to_ascii_lowercase();
        let has = |name: &str| head.matches(&format!("\r\n{name}:")).count();
        assert!(
            has("content-length") + has("transfer-encoding") <= 1,
            "{head}"
        );
    }
}

#[tokio::test]
async fn early_answers_are_passed_over_and_another_protocol_is_no_answer() {
    let mut hinted = answer::head("103 Early Hints", &["link: </a.css>; rel=preload"]);
    hinted.extend(answer::ok("{}"));
    let server = RawServer::start(raw_server::answer(hinted)).await;
    let app = serve(proxy(&server.url())).await;
    let answer = raw(app, request("GET /api/auth/ok", &[], "")).await;
    assert_eq!(status(&answer), 200, "{answer}");

    let switching = answer::head(
        "101 Switching Protocols",
        &["connection: upgrade", "upgrade: x"],
    );
    let server = RawServer::start(raw_server::answer(switching)).await;
    let app = serve(proxy(&server.url())).await;
    let answer = raw(app, request("GET /api/auth/ok", &[], "")).await;
    assert_eq!(status(&answer), 502, "{answer}");
    assert!(answer.contains("AUTH_SERVICE_BAD_ANSWER"), "{answer}");

    let upgrade = ["upgrade: websocket", "connection: upgrade"];
    let sent = format!(
        "GET /api/auth/ok HTTP/1.1\r\nhost: a\r\n{}\r\n\r\n",
        upgrade.join("\r\n")
    );
    let server = RawServer::start(raw_server::answer(answer::ok("{}"))).await;
    let app = serve(proxy(&server.url())).await;
    let answer = raw(app, sent.replace("host: a", "host: a\r\nconnection: close")).await;
    assert_eq!(status(&answer), 400, "{answer}");
    assert_eq!(server.connections(), 0);
}

#[test]
fn nothing_that_passes_through_is_logged() {
    const SECRETS: [&str; 6] = [
        "s3cret-cookie",
        "s3cret-bearer",
        "s3cret-key",
        "s3cret-password",
        "s3cret-in-the-path",
        "s3cret-new-cookie",
    ];
    let lines = ["set-cookie: better-auth.session_token=s3cret-new-cookie"];
    let answered = raw_server::answer(answer::http("200 OK", &lines, "{}"));
    let (seen, log) = log::of(async move {
        let mut seen = Vec::new();
        let answering = RawServer::start(answered).await;
        let closing = RawServer::start(vec![Step::Request, Step::Close]).await;
        for url in [answering.url(), closing.url(), nowhere()] {
            let request = http::Request::post(
                "/api/auth/reset-password/s3cret-in-the-path?token=s3cret-in-the-path",
            )
            .header("cookie", "better-auth.session_token=s3cret-cookie")
            .header("authorization", "Bearer s3cret-bearer")
            .header("x-api-key", "s3cret-key")
            .body("s3cret-password".into());
            seen.push(call(&proxy(&url), request.unwrap()).await.status.as_u16());
        }
        seen
    });
    assert_eq!(seen, [200, 502, 503]);
    assert!(log.contains("auth server unavailable"), "{log}");
    assert!(log.contains("start the auth server"), "{log}");
    for secret in SECRETS {
        assert!(!log.contains(secret), "{secret}: {log}");
    }
}

#[tokio::test]
async fn what_is_no_answer_is_never_one_about_the_session() {
    let garbage = vec![
        Step::Request,
        Step::send("SSH-2.0-OpenSSH_9\r\n"),
        Step::Close,
    ];
    let half = vec![
        Step::Request,
        Step::send("HTTP/1.1 200 OK\r\ncontent-le"),
        Step::Close,
    ];
    for (script, expected) in [
        (garbage, 502),
        (half, 502),
        (vec![Step::Request, Step::Close], 502),
        (vec![Step::Request, Step::Reset], 502),
    ] {
        let server = RawServer::start(script.clone()).await;
        let app = serve(proxy(&server.url())).await;
        for line in ["GET /api/auth/get-session", "POST /api/auth/sign-out"] {
            let answer = raw(app, request(line, &[], "")).await;
            assert_eq!(status(&answer), expected, "{script:?}: {answer}");
            assert!(!answer.contains(&server.address().to_string()), "{answer}");
        }
        // Nothing is sent twice: it may have been done.
        assert_eq!(server.requests().len(), 2, "{script:?}");
    }
    let app = serve(proxy(&nowhere())).await;
    let answer = raw(app, request("POST /api/auth/sign-in/email", &[], "")).await;
    assert_eq!(status(&answer), 503, "{answer}");
    assert!(answer.contains("retry-after: 2\r\n"), "{answer}");
    assert!(
        answer.contains(r#""code":"AUTH_SERVICE_UNAVAILABLE""#),
        "{answer}"
    );
}

/// Since 1.7.13 it says which database it could not reach.
#[tokio::test]
async fn what_a_failed_auth_server_says_of_itself_reaches_nobody() {
    let lines = [
        "content-type: application/json",
        "set-cookie: better-auth.session_token=; Max-Age=0",
        "x-powered-by: next",
    ];
    let body = r#"{"code":"FAILED_TO_GET_SESSION","cause":{"address":"10.0.0.5","port":5432}}"#;
    for failure in [
        "500 Internal Server Error",
        "503 Service Unavailable",
        "599 x",
    ] {
        let script = raw_server::answer(answer::http(failure, &lines, body));
        let server = RawServer::start(script).await;
        let app = serve(proxy(&server.url())).await;
        for line in ["GET /api/auth/get-session", "POST /api/auth/sign-out"] {
            let answer = raw(app, request(line, &[], "")).await;
            assert_eq!(status(&answer), 503, "{answer}");
            let code = r#""code":"AUTH_SERVICE_UNAVAILABLE""#;
            assert!(answer.contains(code), "{answer}");
            for word in ["10.0.0.5", "set-cookie", "next"] {
                assert!(!answer.contains(word), "{word}: {answer}");
            }
        }
    }
}
