//! The faults, in one table: what the auth server does, and what that is to mean.

use std::time::Duration;

use serde_json::json;

use crate::support::{
    answer::{EXPIRES_AT, JSON, head, http, ok, session, session_of, signed_in},
    raw_server::{Script, Step, answer},
};

/// One thing that an auth server, or the network before it, can do.
pub(crate) struct Fault {
    pub(crate) name: String,
    pub(crate) does: Does,
    pub(crate) says: Says,
    /// How many calls one check makes: two where the first cannot have been answered.
    pub(crate) tries: usize,
    pub(crate) pace: Pace,
    /// For how long the server asks to be left alone, and then is.
    pub(crate) pause: Option<Duration>,
}

/// Where it happens.
pub(crate) enum Does {
    /// Over plain HTTP/1.1, by the default transport.
    Http(Script),
    /// Before there is a connection.
    Resolving(Resolution),
    /// Over TLS, which this server never speaks.
    Tls(Script),
    /// Over HTTP/2, which this server never speaks for long.
    Http2(Script),
}

/// What a name resolves to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Resolution {
    TheServer,
    /// An address where nobody listens.
    Nobody,
    /// TEST-NET-1 of RFC 5737.
    Nowhere,
    NoAddress,
}

/// What it is to mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Says {
    Active,
    Banned,
    SignedOut,
    /// A session whose end has passed.
    Expired,
    Unavailable,
    /// Nothing: the request shows no credential, and nobody is to be asked.
    Anonymous,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pace {
    Prompt,
    /// Nothing but the deadline ends it.
    UntilDeadline,
}

impl Fault {
    fn new(name: impl Into<String>, does: Does, says: Says) -> Self {
        Self {
            name: name.into(),
            does,
            says,
            tries: 1,
            pace: Pace::Prompt,
            pause: None,
        }
    }

    fn script(name: &str, script: Script) -> Self {
        Self::new(name, Does::Http(script), Says::Unavailable)
    }

    fn bytes(name: &str, bytes: Vec<u8>) -> Self {
        Self::script(name, answer(bytes))
    }

    fn answer(status: &str, headers: &[&str], body: &str) -> Self {
        let shown: String = body.chars().take(24).collect();
        let name = [&[status], headers, &[&shown]].concat().join(", ");
        Self::bytes(&name, http(status, headers, body))
    }

    fn body(name: &str, body: impl AsRef<[u8]>) -> Self {
        Self::bytes(&format!("200, {name}"), ok(body))
    }

    fn says(self, says: Says) -> Self {
        Self { says, ..self }
    }

    fn tried_again(self) -> Self {
        Self { tries: 2, ..self }
    }

    fn until_deadline(self) -> Self {
        let pace = Pace::UntilDeadline;
        Self { pace, ..self }
    }

    fn pauses(self, seconds: u64) -> Self {
        let pause = Some(Duration::from_secs(seconds));
        Self { pause, ..self }
    }

    /// Whether the same address can be healthy in the end.
    pub(crate) fn heals(&self) -> bool {
        matches!(self.does, Does::Http(_) | Does::Resolving(_))
    }

    /// Whether a call gets as far as the server.
    pub(crate) fn reaches_the_server(&self) -> bool {
        !matches!(self.does, Does::Resolving(_))
    }
}

/// All of them.
pub(crate) fn all() -> Vec<Fault> {
    [
        verdicts(),
        anonymous(),
        statuses(),
        bodies(),
        unreached(),
        cut_off(),
        hanging(),
        without_measure(),
        no_http(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// What is no fault at all, so that the table is seen to tell the difference.
fn verdicts() -> Vec<Fault> {
    let message = r#"{"message":"Unauthorized"}"#;
    let mut over = session();
    over["session"]["expiresAt"] = "2020-01-01T00:00:00.000Z".into();
    let banned = |end| session_of(json!({"id": "u1", "banned": true, "banExpires": end}));
    let early_hints = [head("103 Early Hints", &[]), signed_in()].concat();
    vec![
        Fault::body("a session", session().to_string()).says(Says::Active),
        Fault::bytes("200 behind a 103", early_hints).says(Says::Active),
        Fault::script("200, then closed", then(signed_in(), Step::Close)).says(Says::Active),
        Fault::body("null", "null").says(Says::SignedOut),
        Fault::body("null user and session", r#"{"user":null,"session":null}"#)
            .says(Says::SignedOut),
        Fault::answer("401 Unauthorized", &[JSON], message).says(Says::SignedOut),
        Fault::body("a session that is over", over.to_string()).says(Says::Expired),
        Fault::body("a banned user", banned(json!(null)).to_string()).says(Says::Banned),
        Fault::body(
            "a user banned for long",
            banned(json!(EXPIRES_AT)).to_string(),
        )
        .says(Says::Banned),
    ]
}

/// A request without a credential, whatever the server would say to it.
fn anonymous() -> Vec<Fault> {
    let refused = Does::Resolving(Resolution::Nobody);
    vec![
        Fault::bytes("no cookie, and a session for everybody", signed_in()).says(Says::Anonymous),
        Fault::new("no cookie, and refused", refused, Says::Anonymous),
        Fault::script("no cookie, and never answers", vec![Step::Hang]).says(Says::Anonymous),
    ]
}

fn statuses() -> Vec<Fault> {
    const HTML: &str = "content-type: text/html";
    const TEXT: &str = "content-type: text/plain";
    const DATE: &str = "date: Sat, 21 Nov 2026 06:00:00 GMT";
    const IN_TWELVE_SECONDS: &str = "retry-after: Sat, 21 Nov 2026 06:00:12 GMT";
    let session = session().to_string();
    let page = "<html></html>";
    let moved: &[&str] = &[JSON, "location: /elsewhere"];
    vec![
        Fault::answer("201 Created", &[JSON], &session),
        Fault::answer("204 No Content", &[], ""),
        Fault::answer("206 Partial Content", &[JSON], &session),
        Fault::answer("301 Moved Permanently", moved, &session),
        Fault::answer("302 Found", &[JSON, "location: /sign-in"], "null"),
        Fault::answer("303 See Other", moved, "null"),
        Fault::answer("304 Not Modified", &[], ""),
        Fault::answer("307 Temporary Redirect", &["location: //evil.invalid/"], ""),
        Fault::answer("308 Permanent Redirect", moved, "null"),
        Fault::answer("400 Bad Request", &[JSON], "null"),
        Fault::answer("401 Unauthorized", &[HTML], page),
        Fault::answer("401 Unauthorized", &[], "{}"),
        Fault::answer("401 Unauthorized", &[JSON], ""),
        Fault::answer("403 Forbidden", &[JSON], r#"{"message":"Forbidden"}"#),
        Fault::answer("403 Forbidden", &[JSON], r#"{"code":"INVALID_API_KEY"}"#),
        Fault::answer("404 Not Found", &[JSON], "null"),
        Fault::answer("405 Method Not Allowed", &[JSON], "null"),
        Fault::answer("413 Content Too Large", &[], ""),
        Fault::answer("429 Too Many Requests", &[TEXT], "Too many requests"),
        Fault::answer(
            "429 Too Many Requests",
            &[JSON, "retry-after: soon"],
            "null",
        ),
        Fault::answer("429 Too Many Requests", &["x-retry-after: 7"], "").pauses(7),
        Fault::answer("429 Too Many Requests", &["retry-after: 3"], "").pauses(3),
        Fault::answer("429 Too Many Requests", &["retry-after: 86400"], "").pauses(30),
        Fault::answer("429 Too Many Requests", &["x-retry-after: 0"], "").pauses(1),
        Fault::answer("429 Too Many Requests", &[DATE, IN_TWELVE_SECONDS], "").pauses(12),
        Fault::answer("431 Request Header Fields Too Large", &[], ""),
        Fault::answer("500 Internal Server Error", &[JSON], &session),
        Fault::answer("500 Internal Server Error", &[JSON], "null"),
        Fault::answer("501 Not Implemented", &[], ""),
        Fault::answer("502 Bad Gateway", &[HTML], page).tried_again(),
        Fault::answer("503 Service Unavailable", &[JSON], "null").tried_again(),
        Fault::answer("504 Gateway Timeout", &[], "").tried_again(),
        Fault::answer("599 Odd", &[JSON], &session),
        Fault::answer("200 OK", &[HTML], page),
        Fault::answer("200 OK", &[HTML], "null"),
        Fault::answer("200 OK", &[], &session),
        Fault::answer("200 OK", &[TEXT], &session),
        Fault::answer(
            "200 OK",
            &["content-type: application/problem+json"],
            &session,
        ),
        Fault::answer("200 OK", &[JSON, "content-encoding: gzip"], &session),
        Fault::answer("200 OK", &[JSON, "content-encoding: br"], "null"),
        Fault::answer("401 Unauthorized", &[JSON, "content-encoding: gzip"], "{}"),
    ]
}

fn bodies() -> Vec<Fault> {
    let good = session().to_string();
    let name = "x".repeat(65 * 1024);
    let oversize = session_of(json!({"id": "u1", "name": name})).to_string();
    let with = |pointer: &str, value: serde_json::Value| {
        let mut answer = session();
        *answer.pointer_mut(pointer).unwrap() = value;
        answer.to_string()
    };
    let twice = good.replacen("\"user\":", r#""user":null,"user":"#, 1);
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    vec![
        Fault::body("nothing", ""),
        Fault::body("{}", "{}"),
        Fault::body("[]", "[]"),
        Fault::body("true", "true"),
        Fault::body("\"\"", "\"\""),
        Fault::body("a message", r#"{"message":"ok"}"#),
        Fault::body("HTML", "<!doctype html>"),
        Fault::body("half a session", &good[..good.len() / 2]),
        Fault::body("a session and a byte", format!("{good}x")),
        Fault::body("65 KiB", oversize),
        Fault::body(
            "no UTF-8",
            [b"{\"x\":\"\xFF\",", &good.as_bytes()[1..]].concat(),
        ),
        Fault::body("a BOM", [b"\xEF\xBB\xBF", good.as_bytes()].concat()),
        Fault::body("a lone surrogate", good.replace("Ada", r"\ud800")),
        Fault::body("NaN", good.replace("\"Ada\"", "NaN")),
        Fault::body("one name twice", twice),
        Fault::body("10,000 deep", deep),
        Fault::body("no id", with("/user/id", json!(null))),
        Fault::body("an empty id", with("/user/id", json!(""))),
        Fault::body("a number for an id", with("/user/id", json!(1))),
        Fault::body("two users", with("/session/userId", json!("u2"))),
        Fault::body("no end", with("/session/expiresAt", json!(null))),
        Fault::body(
            "an end that is none",
            with("/session/expiresAt", json!("soon")),
        ),
        Fault::body("a session that is none", with("/session", json!(true))),
        Fault::body(
            "an odd ban",
            session_of(json!({"id": "u1", "banned": 1})).to_string(),
        ),
    ]
}

/// Before there is a connection, or before it can be spoken over.
fn unreached() -> Vec<Fault> {
    let unreached = |name, resolution| {
        Fault::new(name, Does::Resolving(resolution), Says::Unavailable).tried_again()
    };
    let alert = b"\x15\x03\x03\x00\x02\x02\x28".to_vec();
    let tls = |name, script| Fault::new(name, Does::Tls(script), Says::Unavailable);
    let http2 = |name, script| Fault::new(name, Does::Http2(script), Says::Unavailable);
    let settings = b"\0\0\0\x04\0\0\0\0\0".to_vec();
    let go_away = b"\0\0\x08\x07\0\0\0\0\0\0\0\0\0\0\0\0\x02".to_vec();
    vec![
        unreached("refused", Resolution::Nobody),
        unreached("a name without an address", Resolution::NoAddress),
        unreached("an address without a route", Resolution::Nowhere).until_deadline(),
        tls("a TLS alert", vec![Step::send(alert), Step::Close]).tried_again(),
        tls(
            "HTTP in place of TLS",
            vec![Step::send(signed_in()), Step::Close],
        )
        .tried_again(),
        tls("a TLS handshake that hangs", vec![Step::Hang]).until_deadline(),
        http2("GOAWAY", then([settings, go_away].concat(), Step::Close)).tried_again(),
    ]
}

fn cut_off() -> Vec<Fault> {
    let whole = signed_in();
    let in_head = whole[..30].to_vec();
    let in_body = whole[..whole.len() - 10].to_vec();
    let in_chunk = [chunked(), b"4\r\nnu".to_vec()].concat();
    let no_last_chunk = [chunked(), b"4\r\nnull\r\n".to_vec()].concat();
    let after_request = |end| vec![Step::Request, end];
    vec![
        Fault::script("closed at once", vec![Step::Close]).tried_again(),
        Fault::script("reset at once", vec![Step::Reset]).tried_again(),
        Fault::script("closed after the request", after_request(Step::Close)).tried_again(),
        Fault::script("reset after the request", after_request(Step::Reset)).tried_again(),
        Fault::script("closed in the head", then(in_head.clone(), Step::Close)).tried_again(),
        Fault::script("reset in the head", then(in_head, Step::Reset)).tried_again(),
        Fault::script("closed in the body", then(in_body.clone(), Step::Close)),
        Fault::script("reset in the body", then(in_body, Step::Reset)),
        Fault::script("closed in a chunk", then(in_chunk, Step::Close)),
        Fault::script(
            "closed before the last chunk",
            then(no_last_chunk, Step::Close),
        ),
        Fault::script("a length too long, then closed", lying(1, Step::Close)),
        Fault::bytes(
            "a length past max_body",
            [
                head("200 OK", &[JSON, "content-length: 1000000"]),
                b"null".to_vec(),
            ]
            .concat(),
        ),
    ]
}

fn hanging() -> Vec<Fault> {
    let whole = signed_in();
    let (first, second) = whole.split_at(whole.len() - 60);
    let drip = |bytes: &[u8]| Step::Drip {
        bytes: bytes.to_vec().into(),
        every: Duration::from_millis(20),
    };
    let drip_body = vec![Step::Request, Step::send(first.to_vec()), drip(second)];
    let space = drip(&b"1\r\n \r\n".repeat(1000));
    let endless_space = vec![Step::Request, Step::send(chunked()), space];
    let faults = [
        ("never reads and never answers", vec![Step::Hang]),
        ("never answers", vec![Step::Request, Step::Hang]),
        ("hangs in the head", then(whole[..30].to_vec(), Step::Hang)),
        (
            "hangs between head and body",
            then(head_of(&whole), Step::Hang),
        ),
        ("hangs in the body", then(first.to_vec(), Step::Hang)),
        ("hangs before the first chunk", then(chunked(), Step::Hang)),
        ("a length too long, then nothing", lying(1, Step::Hang)),
        (
            "100 and nothing else",
            then(head("100 Continue", &[]), Step::Hang),
        ),
        ("drips the head", vec![Step::Request, drip(&whole)]),
        ("drips the body", drip_body),
        ("drips white space", endless_space),
    ];
    let slow = |(name, script)| Fault::script(name, script).until_deadline();
    faults.into_iter().map(slow).collect()
}

fn without_measure() -> Vec<Fault> {
    let endless = |head: Vec<u8>, more: &'static [u8]| {
        let more = more.repeat(1000);
        vec![Step::Request, Step::send(head), Step::forever(more)]
    };
    let status = b"HTTP/1.1 200 OK\r\n".to_vec();
    let megabyte = format!("x-big: {}", "x".repeat(1 << 20));
    let many: Vec<String> = (0..10_000).map(|index| format!("x-{index}: x")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).chain([JSON]).collect();
    let early = Step::forever(head("103 Early Hints", &["link: <x>"]));
    let chunk_extension = endless(chunked(), b"1;xxxxxxxxx");
    let endless_body = endless(head("200 OK", &[JSON]), b" ");
    vec![
        Fault::script("endless chunks", endless(chunked(), b"8\r\n        \r\n")),
        Fault::script("an endless chunk extension", chunk_extension),
        Fault::script("an endless body", endless_body),
        Fault::script("an endless head", endless(status.clone(), b"x: y\r\n")),
        Fault::script(
            "an endless header",
            endless([status, b"x: ".to_vec()].concat(), b"y"),
        ),
        Fault::script("endless 1xx", vec![Step::Request, early]).until_deadline(),
        Fault::bytes(
            "a header of 1 MB",
            http("200 OK", &[JSON, &megabyte], "null"),
        ),
        Fault::bytes("10,000 headers", http("200 OK", &many, "null")),
    ]
}

fn no_http() -> Vec<Fault> {
    let session = session().to_string();
    let length = format!("content-length: {}", session.len());
    let with = |headers: &[&str]| {
        let head = head("200 OK", &[&[JSON], headers].concat());
        then([&head[..], session.as_bytes()].concat(), Step::Close)
    };
    let line = |line: &str| {
        let bytes = format!("{line}\r\n{JSON}\r\n{length}\r\n\r\n{session}");
        then(bytes, Step::Close)
    };
    let switching = head(
        "101 Switching Protocols",
        &["upgrade: h2c", "connection: upgrade"],
    );
    let faults = [
        ("a status of two digits", line("HTTP/1.1 20 OK")),
        ("another protocol", line("SSH-2.0-OpenSSH_9.9")),
        ("two lengths", with(&[&length, "content-length: 4"])),
        ("a negative length", with(&["content-length: -1"])),
        ("a space before the colon", with(&[&length, "x : y"])),
        ("a NUL in a header", with(&[&length, "x: \0"])),
        ("nothing but 0xFF", then(vec![0xFF; 64], Step::Close)),
    ];
    let fault = |(name, script)| Fault::script(name, script).tried_again();
    let mut faults: Vec<Fault> = faults.into_iter().map(fault).collect();
    faults.push(Fault::script("101", then(switching, Step::Close)));
    let both = with(&[&length, "transfer-encoding: chunked"]);
    faults.push(Fault::script("length and chunks", both));
    faults
}

/// Reads the request, sends `bytes`, ends with `end`.
fn then(bytes: impl Into<bytes::Bytes>, end: Step) -> Script {
    vec![Step::Request, Step::send(bytes), end]
}

fn chunked() -> Vec<u8> {
    head("200 OK", &[JSON, "transfer-encoding: chunked"])
}

fn head_of(response: &[u8]) -> Vec<u8> {
    let end = response.windows(4).position(|bytes| bytes == b"\r\n\r\n");
    response[..end.unwrap() + 4].to_vec()
}

/// Announces more than there is.
fn lying(by: usize, end: Step) -> Script {
    let session = session().to_string();
    let length = format!("content-length: {}", session.len() + by);
    let head = head("200 OK", &[JSON, &length]);
    then([&head[..], session.as_bytes()].concat(), end)
}
