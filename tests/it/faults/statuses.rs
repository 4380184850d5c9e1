//! What the status and headers of an answer decide.

use super::{ACTIVE, SIGNED_OUT, UNAVAILABLE, UPSTREAM_TEXT, builder, each_row};
use crate::support::{
    answer::{JSON, http, session},
    probe,
    raw_server::{RawServer, answer},
};

#[tokio::test]
async fn only_a_200_with_json_and_a_401_with_json_are_verdicts() {
    let session = session().to_string();
    let message = format!(r#"{{"message":"{UPSTREAM_TEXT}"}}"#);
    let html = format!("<html>{UPSTREAM_TEXT}</html>");
    let cases: &[(&str, &[&str], &str, &str)] = &[
        ("200 OK", &[JSON], &session, ACTIVE),
        (
            "200 OK",
            &["content-type: application/json; charset=utf-8"],
            &session,
            ACTIVE,
        ),
        (
            "200 OK",
            &[JSON, "content-encoding: identity"],
            &session,
            ACTIVE,
        ),
        ("200 OK", &[JSON], "null", SIGNED_OUT),
        (
            "200 OK",
            &[JSON],
            r#"{"user":null,"session":null}"#,
            SIGNED_OUT,
        ),
        ("401 Unauthorized", &[JSON], &message, SIGNED_OUT),
        (
            "401 Unauthorized",
            &["content-type: text/html"],
            &html,
            UNAVAILABLE,
        ),
        ("401 Unauthorized", &[JSON], "", UNAVAILABLE),
        ("401 Unauthorized", &[], &message, UNAVAILABLE),
        ("200 OK", &[], &session, UNAVAILABLE),
        (
            "200 OK",
            &["content-type: text/plain"],
            &session,
            UNAVAILABLE,
        ),
        ("200 OK", &["content-type: text/html"], "null", UNAVAILABLE),
        (
            "200 OK",
            &["content-type: application/problem+json"],
            &session,
            UNAVAILABLE,
        ),
        (
            "200 OK",
            &[JSON, "content-encoding: br"],
            &session,
            UNAVAILABLE,
        ),
        ("201 Created", &[JSON], &session, UNAVAILABLE),
        ("202 Accepted", &[JSON], &session, UNAVAILABLE),
        (
            "203 Non-Authoritative Information",
            &[JSON],
            &session,
            UNAVAILABLE,
        ),
        ("204 No Content", &[], "", UNAVAILABLE),
        ("206 Partial Content", &[JSON], &session, UNAVAILABLE),
        ("300 Multiple Choices", &[JSON], &session, UNAVAILABLE),
        (
            "301 Moved Permanently",
            &[JSON, "location: /elsewhere"],
            &session,
            UNAVAILABLE,
        ),
        (
            "302 Found",
            &[JSON, "location: /sign-in"],
            "null",
            UNAVAILABLE,
        ),
        ("304 Not Modified", &[], "", UNAVAILABLE),
        (
            "307 Temporary Redirect",
            &["location: //evil.invalid/"],
            "",
            UNAVAILABLE,
        ),
        ("400 Bad Request", &[JSON], "null", UNAVAILABLE),
        ("403 Forbidden", &[JSON], &message, UNAVAILABLE),
        ("404 Not Found", &[JSON], "null", UNAVAILABLE),
        ("405 Method Not Allowed", &[JSON], "null", UNAVAILABLE),
        (
            "407 Proxy Authentication Required",
            &[JSON],
            "null",
            UNAVAILABLE,
        ),
        ("418 I'm a teapot", &[JSON], &session, UNAVAILABLE),
        ("429 Too Many Requests", &[JSON], "null", UNAVAILABLE),
        ("431 Request Header Fields Too Large", &[], "", UNAVAILABLE),
        ("500 Internal Server Error", &[JSON], &session, UNAVAILABLE),
        ("500 Internal Server Error", &[JSON], &message, UNAVAILABLE),
        (
            "502 Bad Gateway",
            &["content-type: text/html"],
            &html,
            UNAVAILABLE,
        ),
        ("503 Service Unavailable", &[JSON], "null", UNAVAILABLE),
        ("504 Gateway Timeout", &[], "", UNAVAILABLE),
        ("599 Odd", &[JSON], &session, UNAVAILABLE),
        ("999 Odd", &[JSON], &session, UNAVAILABLE),
    ];
    let row = |(status, headers, body, expected): &(&str, &[&str], &str, &'static str)| {
        let name = format!("{status} {headers:?} {body}");
        (name, answer(http(status, headers, body)), *expected)
    };
    each_row(cases.iter().map(row).collect()).await;
}

#[tokio::test]
async fn a_client_is_told_to_wait_for_as_long_as_the_auth_server_asks() {
    const DATE: &str = "date: Sat, 21 Nov 2026 06:00:00 GMT";
    let cases: &[(&[&str], &str)] = &[
        (&[], "2"),
        (&["x-retry-after: 7"], "7"),
        (&["retry-after: 7"], "7"),
        (&["x-retry-after: 3", "retry-after: 7"], "3"),
        (&["retry-after: 86400"], "30"),
        (&["x-retry-after: 0"], "1"),
        (&["retry-after: -1"], "2"),
        (&["retry-after: soon"], "2"),
        (&[DATE, "retry-after: Sat, 21 Nov 2026 06:00:12 GMT"], "12"),
        (&[DATE, "retry-after: Sat, 21 Nov 2026 05:00:00 GMT"], "1"),
        (&[DATE, "retry-after: Sun, 22 Nov 2026 06:00:00 GMT"], "30"),
    ];
    for (headers, expected) in cases {
        let limited = http("429 Too Many Requests", headers, "Too many requests");
        let server = RawServer::start(answer(limited)).await;
        let (seen, _) = probe::ask(builder(server.url()).build().unwrap()).await;
        assert_eq!(seen.summary(), UNAVAILABLE, "{headers:?}");
        assert_eq!(seen.header("retry-after"), Some(*expected), "{headers:?}");
        assert_eq!(seen.header("set-cookie"), None, "{headers:?}");
    }
}
