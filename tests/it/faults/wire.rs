//! Servers that do not keep to HTTP, or hang up, or never come to an end.

use std::time::Duration;

use super::{ACTIVE, SIGNED_OUT, UNAVAILABLE, each_row, each_row_at_the_deadline};
use crate::support::{
    answer::{JSON, head, http, ok, session, signed_in},
    raw_server::{Script, Step, answer},
};

const EVERY: Duration = Duration::from_millis(20);

fn row(name: &str, script: Script, expected: &'static str) -> (String, Script, &'static str) {
    (name.to_owned(), script, expected)
}

/// Reads the request, sends `bytes`, ends with `end`.
fn then(bytes: impl Into<bytes::Bytes>, end: Step) -> Script {
    vec![Step::Request, Step::send(bytes), end]
}

#[tokio::test]
async fn a_connection_that_ends_too_early_is_unavailable() {
    let whole = signed_in();
    let in_head = whole[..30].to_vec();
    let in_body = whole[..whole.len() - 10].to_vec();
    let chunked = head("200 OK", &[JSON, "transfer-encoding: chunked"]);
    let in_chunk = [&chunked[..], b"4\r\nnu"].concat();
    let no_last_chunk = [&chunked[..], b"4\r\nnull\r\n"].concat();
    each_row(vec![
        row("closed at once", vec![Step::Close], UNAVAILABLE),
        row("reset at once", vec![Step::Reset], UNAVAILABLE),
        row(
            "closed after the request",
            vec![Step::Request, Step::Close],
            UNAVAILABLE,
        ),
        row(
            "reset after the request",
            vec![Step::Request, Step::Reset],
            UNAVAILABLE,
        ),
        row(
            "closed in the head",
            then(in_head.clone(), Step::Close),
            UNAVAILABLE,
        ),
        row("reset in the head", then(in_head, Step::Reset), UNAVAILABLE),
        row(
            "closed in the body",
            then(in_body.clone(), Step::Close),
            UNAVAILABLE,
        ),
        row("reset in the body", then(in_body, Step::Reset), UNAVAILABLE),
        row(
            "closed in a chunk",
            then(in_chunk, Step::Close),
            UNAVAILABLE,
        ),
        row(
            "closed before the last chunk",
            then(no_last_chunk, Step::Close),
            UNAVAILABLE,
        ),
        row("closed after the body", then(whole, Step::Close), ACTIVE),
    ])
    .await;
}

#[tokio::test]
async fn a_server_that_takes_for_ever_is_unavailable_at_the_deadline() {
    let whole = signed_in();
    let drip = |bytes: Vec<u8>| Step::Drip {
        bytes: bytes.into(),
        every: EVERY,
    };
    let (first, second) = whole.split_at(whole.len() - 60);
    let chunked = head("200 OK", &[JSON, "transfer-encoding: chunked"]);
    let body_dripped = vec![
        Step::Request,
        Step::send(first.to_vec()),
        drip(second.to_vec()),
    ];
    let endless_space = vec![
        Step::Request,
        Step::send(chunked.clone()),
        drip(b"1\r\n \r\n".repeat(1000)),
    ];
    let too_long = head("200 OK", &[JSON, "content-length: 5"]);
    let too_long = [&too_long[..], b"null"].concat();
    each_row_at_the_deadline(vec![
        row(
            "never reads and never answers",
            vec![Step::Hang],
            UNAVAILABLE,
        ),
        row(
            "never answers",
            vec![Step::Request, Step::Hang],
            UNAVAILABLE,
        ),
        row(
            "hangs in the head",
            then(whole[..30].to_vec(), Step::Hang),
            UNAVAILABLE,
        ),
        row(
            "hangs in the body",
            then(first.to_vec(), Step::Hang),
            UNAVAILABLE,
        ),
        row(
            "hangs before the first chunk",
            then(chunked, Step::Hang),
            UNAVAILABLE,
        ),
        row(
            "a length that is too long",
            then(too_long, Step::Hang),
            UNAVAILABLE,
        ),
        row(
            "100 and nothing else",
            then(head("100 Continue", &[]), Step::Hang),
            UNAVAILABLE,
        ),
        row(
            "drips the head",
            vec![Step::Request, drip(whole.clone())],
            UNAVAILABLE,
        ),
        row("drips the body", body_dripped, UNAVAILABLE),
        row("drips white space", endless_space, UNAVAILABLE),
    ])
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_without_measure_is_unavailable() {
    let chunked = head("200 OK", &[JSON, "transfer-encoding: chunked"]);
    let plain = head("200 OK", &[JSON]);
    let endless = |head: Vec<u8>, more: &'static [u8]| {
        vec![
            Step::Request,
            Step::send(head),
            Step::forever(more.repeat(1000)),
        ]
    };
    let megabyte = format!("x-big: {}", "x".repeat(1 << 20));
    let many: Vec<String> = (0..10_000).map(|index| format!("x-{index}: x")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).chain([JSON]).collect();
    each_row_at_the_deadline(vec![
        row(
            "endless chunks",
            endless(chunked.clone(), b"1\r\n \r\n"),
            UNAVAILABLE,
        ),
        row(
            "endless chunk extension",
            endless(chunked, b"1;xxxxxxxxx"),
            UNAVAILABLE,
        ),
        row("endless body", endless(plain, b" "), UNAVAILABLE),
        row(
            "endless head",
            endless(b"HTTP/1.1 200 OK\r\n".to_vec(), b"x: y\r\n"),
            UNAVAILABLE,
        ),
        row(
            "endless header",
            endless(b"HTTP/1.1 200 OK\r\nx: ".to_vec(), b"y"),
            UNAVAILABLE,
        ),
        row(
            "endless status line",
            endless(b"HTTP/1.1 200 ".to_vec(), b"O"),
            UNAVAILABLE,
        ),
        row(
            "a header of 1 MB",
            answer(http("200 OK", &[JSON, &megabyte], "null")),
            UNAVAILABLE,
        ),
        row(
            "10,000 headers",
            answer(http("200 OK", &many, "null")),
            UNAVAILABLE,
        ),
        row(
            "endless 1xx",
            vec![
                Step::Request,
                Step::forever(head("103 Early Hints", &["link: <x>"])),
            ],
            UNAVAILABLE,
        ),
    ])
    .await;
}

#[tokio::test]
async fn an_answer_that_is_not_http_is_unavailable() {
    let session = session().to_string();
    let length = format!("content-length: {}", session.len());
    let with = |status: &str, headers: &[&str]| {
        let head = head(status, &[&[JSON], headers].concat());
        answer([&head[..], session.as_bytes()].concat())
    };
    let raw =
        |line: &str| answer(format!("{line}\r\n{JSON}\r\n{length}\r\n\r\n{session}").into_bytes());
    each_row(vec![
        row("a status of two digits", raw("HTTP/1.1 20 OK"), UNAVAILABLE),
        row(
            "a status of four digits",
            raw("HTTP/1.1 2000 OK"),
            UNAVAILABLE,
        ),
        row("no status", raw("HTTP/1.1"), UNAVAILABLE),
        row("another protocol", raw("SSH-2.0-OpenSSH_9.9"), UNAVAILABLE),
        row("HTTP/9.9", raw("HTTP/9.9 200 OK"), UNAVAILABLE),
        row(
            "two lengths",
            with("200 OK", &[&length, "content-length: 4"]),
            UNAVAILABLE,
        ),
        row(
            "a negative length",
            with("200 OK", &["content-length: -1"]),
            UNAVAILABLE,
        ),
        row(
            "a length past u64",
            with("200 OK", &["content-length: 99999999999999999999999"]),
            UNAVAILABLE,
        ),
        row(
            "a length with a sign",
            with("200 OK", &["content-length: +4"]),
            UNAVAILABLE,
        ),
        row(
            "length and chunks",
            with("200 OK", &[&length, "transfer-encoding: chunked"]),
            UNAVAILABLE,
        ),
        row(
            "chunks that are none",
            with("200 OK", &["transfer-encoding: chunked"]),
            UNAVAILABLE,
        ),
        row(
            "a space before the colon",
            with("200 OK", &[&length, "x : y"]),
            UNAVAILABLE,
        ),
        row(
            "a folded header",
            with("200 OK", &[&length, "x: y\r\n z"]),
            UNAVAILABLE,
        ),
        row(
            "a NUL in a header",
            with("200 OK", &[&length, "x: \0"]),
            UNAVAILABLE,
        ),
        row(
            "101",
            with(
                "101 Switching Protocols",
                &["upgrade: h2c", "connection: upgrade"],
            ),
            UNAVAILABLE,
        ),
        row("nothing but 0xFF", answer(vec![0xFF; 64]), UNAVAILABLE),
        row(
            "HTTP/2 frames",
            answer(b"\0\0\x12\x04\0\0\0\0\0\0\x03\0\0\0\x64".to_vec()),
            UNAVAILABLE,
        ),
    ])
    .await;
}

#[tokio::test]
async fn a_length_that_lies_is_unavailable_or_cuts_the_body_off() {
    let session = session().to_string();
    let lie = |length: usize, end: Step| {
        let length = format!("content-length: {length}");
        let head = head("200 OK", &[JSON, &length]);
        then([&head[..], session.as_bytes()].concat(), end)
    };
    let length = session.len();
    each_row(vec![
        row(
            "too long, then closed",
            lie(length + 1, Step::Close),
            UNAVAILABLE,
        ),
        row(
            "past the limit, then nothing",
            lie(1 << 20, Step::Hang),
            UNAVAILABLE,
        ),
        row("far too long", lie(usize::MAX, Step::Close), UNAVAILABLE),
        row("too short", lie(length - 1, Step::Close), UNAVAILABLE),
        row("zero", lie(0, Step::Close), UNAVAILABLE),
    ])
    .await;
}

#[tokio::test]
async fn what_comes_after_an_answer_is_not_read_into_the_next_one() {
    let smuggled = [ok("null"), signed_in()].concat();
    each_row(vec![
        row(
            "a second answer behind the first",
            answer(smuggled),
            SIGNED_OUT,
        ),
        row(
            "a 1xx before the answer",
            answer([head("103 Early Hints", &[]), signed_in()].concat()),
            ACTIVE,
        ),
    ])
    .await;
}
