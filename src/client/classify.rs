//! The answer: one pure function over status, headers and body.

use std::{
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::Duration,
};

use headers::{ContentType, HeaderMapExt};
use http::{HeaderMap, StatusCode, header};
use serde_json::Value;

use super::{
    BoxError,
    error::{Cause, Unavailable},
};
use crate::types::{AuthSession, decode_answer, parse};

/// The longest time that an auth server can ask to be left alone for.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(30);

/// The header of Better Auth's rate limiter, in seconds.
const X_RETRY_AFTER: &str = "x-retry-after";

/// The only two things that an auth server can say; the third is that it says nothing.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    Active(Arc<AuthSession>),
    SignedOut,
}

/// Reads the body of a 200.
#[derive(Clone)]
pub(crate) enum Decoder {
    /// What `GET /get-session` answers.
    BetterAuth,
    /// The application's own.
    Custom(Arc<Decode>),
}

pub(crate) type Decode = dyn Fn(&[u8]) -> Result<Option<AuthSession>, BoxError> + Send + Sync;

/// Whether an API key was sent, which the server may refuse with a 403.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ApiKey {
    Sent,
    NotSent,
}

/// Decides. Only a 200 with a well-formed session admits, only a clear no is signed out, the rest is unavailable.
pub(super) fn classify(
    status: StatusCode,
    headers: &HeaderMap,
    body: &[u8],
    decoder: &Decoder,
    api_key: ApiKey,
) -> Result<Answer, Unavailable> {
    let cause = match status {
        StatusCode::OK | StatusCode::UNAUTHORIZED if is_encoded(headers) => Cause::Encoded,
        StatusCode::OK | StatusCode::UNAUTHORIZED if !is_json(headers) => Cause::NotJson(status),
        StatusCode::OK => return decoder.decode(body).map_err(Unavailable::from),
        StatusCode::UNAUTHORIZED => match parse(body) {
            Ok(_) => return Ok(Answer::SignedOut),
            Err(error) => Cause::Malformed(error.into()),
        },
        // The API key plugin answers so to a key that is too short, which is the client's doing and no outage.
        StatusCode::FORBIDDEN if api_key == ApiKey::Sent && is_invalid_api_key(headers, body) => {
            return Ok(Answer::SignedOut);
        }
        _ => {
            return Err(Unavailable {
                cause: Cause::Status(status),
                retry_after: retry_after(headers),
            });
        }
    };
    Err(cause.into())
}

impl Decoder {
    fn decode(&self, body: &[u8]) -> Result<Answer, Cause> {
        let session = match self {
            Self::BetterAuth => decode_answer(body).map_err(Cause::Malformed)?,
            // A decoder that panics is one that failed: the request is answered, and the connection lives.
            Self::Custom(decode) => catch_unwind(AssertUnwindSafe(|| decode(body)))
                .unwrap_or_else(|_| Err("it panicked".into()))
                .map_err(Cause::Decoder)?,
        };
        Ok(session.map_or(Answer::SignedOut, |session| {
            Answer::Active(Arc::new(session))
        }))
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let content_type = headers.typed_get::<ContentType>();
    content_type.is_some_and(|it| headers::Mime::from(it).essence_str() == "application/json")
}

fn is_encoded(headers: &HeaderMap) -> bool {
    headers
        .get_all(header::CONTENT_ENCODING)
        .iter()
        .any(|encoding| !encoding.as_bytes().eq_ignore_ascii_case(b"identity"))
}

pub(super) fn is_plain_json(headers: &HeaderMap) -> bool {
    is_json(headers) && !is_encoded(headers)
}

fn is_invalid_api_key(headers: &HeaderMap, body: &[u8]) -> bool {
    is_plain_json(headers)
        && parse(body).is_ok_and(|body| body.get("code") == Some(&Value::from("INVALID_API_KEY")))
}

/// `X-Retry-After` of Better Auth, or `Retry-After`, clamped to 1 to 30 seconds.
///
/// A date is read against the answer's own `Date`, so that no clock is needed and none can disagree.
pub(super) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = |name: &str| headers.get(name)?.to_str().ok().map(str::trim);
    let seconds = |text: &str| text.parse().ok().map(Duration::from_secs);
    let until = |text: &str| {
        let date = httpdate::parse_http_date(headers.get(header::DATE)?.to_str().ok()?).ok()?;
        let until = httpdate::parse_http_date(text).ok()?;
        Some(until.duration_since(date).unwrap_or_default())
    };
    let wait = text(X_RETRY_AFTER).and_then(seconds).or_else(|| {
        let text = text(header::RETRY_AFTER.as_str())?;
        seconds(text).or_else(|| until(text))
    })?;
    Some(wait.clamp(Duration::from_secs(1), RETRY_AFTER_MAX))
}

impl fmt::Debug for Decoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::BetterAuth => "BetterAuth",
            Self::Custom(_) => "Custom",
        })
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};
    use proptest::prelude::*;

    use super::*;

    const SESSION: &str = r#"{"session":{"id":"s","userId":"u","expiresAt":"2026-11-27T09:32:22.106Z"},"user":{"id":"u"}}"#;
    const JSON: (&str, &str) = ("content-type", "application/json");

    type Lines = &'static [(&'static str, &'static str)];

    fn headers(lines: &[(&str, &str)]) -> HeaderMap {
        lines
            .iter()
            .map(|(name, value)| {
                let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
                (name, HeaderValue::from_str(value).unwrap())
            })
            .collect()
    }

    /// `active`, `signed out`, or why it is neither.
    fn outcome(status: u16, lines: &[(&str, &str)], body: &str, api_key: ApiKey) -> String {
        let status = StatusCode::from_u16(status).unwrap();
        let answer = classify(
            status,
            &headers(lines),
            body.as_bytes(),
            &Decoder::BetterAuth,
            api_key,
        );
        match answer {
            Ok(Answer::Active(_)) => "active".to_owned(),
            Ok(Answer::SignedOut) => "signed out".to_owned(),
            Err(unavailable) => unavailable.cause.to_string(),
        }
    }

    #[test]
    #[allow(clippy::too_many_lines)]
    fn the_verdict_table() {
        let cases: &[(u16, Lines, &str, &str)] = &[
            (200, &[JSON], SESSION, "active"),
            (
                200,
                &[("content-type", "application/json; charset=utf-8")],
                SESSION,
                "active",
            ),
            (
                200,
                &[("content-type", "Application/JSON")],
                SESSION,
                "active",
            ),
            (
                200,
                &[JSON, ("content-encoding", "identity")],
                SESSION,
                "active",
            ),
            (200, &[JSON], "null", "signed out"),
            (
                200,
                &[JSON],
                r#"{"user":null,"session":null}"#,
                "signed out",
            ),
            (
                401,
                &[JSON],
                r#"{"message":"Failed to get session"}"#,
                "signed out",
            ),
            (401, &[JSON], "null", "signed out"),
            (
                401,
                &[JSON],
                "",
                "the body is not JSON: Eof at byte 0 of line 1",
            ),
            (
                401,
                &[JSON],
                "Unauthorized",
                "the body is not JSON: Syntax at byte 1 of line 1",
            ),
            (
                401,
                &[],
                "{}",
                "it answered 401 Unauthorized with a body that is not declared as JSON",
            ),
            (
                401,
                &[("content-type", "text/html")],
                "{}",
                "it answered 401 Unauthorized with a body that is not declared as JSON",
            ),
            (
                200,
                &[],
                SESSION,
                "it answered 200 OK with a body that is not declared as JSON",
            ),
            (
                200,
                &[("content-type", "text/html")],
                "null",
                "it answered 200 OK with a body that is not declared as JSON",
            ),
            (
                200,
                &[("content-type", "application/jsonp")],
                SESSION,
                "it answered 200 OK with a body that is not declared as JSON",
            ),
            (
                200,
                &[JSON, ("content-encoding", "gzip")],
                SESSION,
                "it answered 200 with an encoded body",
            ),
            (
                200,
                &[JSON],
                "",
                "the body is not JSON: Eof at byte 0 of line 1",
            ),
            (200, &[JSON], "{}", "`user` is missing"),
            (
                200,
                &[JSON],
                "[]",
                "the body is neither null nor an object with `user` and `session`",
            ),
            (200, &[JSON], r#"{"message":"ok"}"#, "`user` is missing"),
            (201, &[JSON], SESSION, "it answered 201 Created"),
            (204, &[], "", "it answered 204 No Content"),
            (206, &[JSON], SESSION, "it answered 206 Partial Content"),
            (301, &[JSON], SESSION, "it answered 301 Moved Permanently"),
            (
                302,
                &[("location", "/sign-in")],
                "",
                "it answered 302 Found",
            ),
            (304, &[], "", "it answered 304 Not Modified"),
            (400, &[JSON], "null", "it answered 400 Bad Request"),
            (403, &[JSON], "null", "it answered 403 Forbidden"),
            (
                403,
                &[JSON],
                r#"{"code":"INVALID_API_KEY"}"#,
                "it answered 403 Forbidden",
            ),
            (404, &[JSON], "null", "it answered 404 Not Found"),
            (405, &[JSON], "null", "it answered 405 Method Not Allowed"),
            (429, &[JSON], "null", "it answered 429 Too Many Requests"),
            (
                431,
                &[],
                "",
                "it answered 431 Request Header Fields Too Large",
            ),
            (
                500,
                &[JSON],
                SESSION,
                "it answered 500 Internal Server Error",
            ),
            (
                500,
                &[JSON],
                "null",
                "it answered 500 Internal Server Error",
            ),
            (502, &[], "", "it answered 502 Bad Gateway"),
            (503, &[], "", "it answered 503 Service Unavailable"),
        ];
        for (status, lines, body, expected) in cases {
            assert_eq!(
                outcome(*status, lines, body, ApiKey::NotSent),
                *expected,
                "{status} {lines:?} {body}"
            );
        }
    }

    #[test]
    fn a_refused_api_key_is_no_outage_and_nothing_else_turns_a_403_into_one() {
        let code = r#"{"message":"Invalid API key.","code":"INVALID_API_KEY"}"#;
        let cases: &[(Lines, &str, bool)] = &[
            (&[JSON], code, true),
            (&[JSON], r#"{"code":"OTHER"}"#, false),
            (&[JSON], "", false),
            (&[], code, false),
            (&[JSON, ("content-encoding", "br")], code, false),
        ];
        for (lines, body, expected) in cases {
            let is_signed_out = outcome(403, lines, body, ApiKey::Sent) == "signed out";
            assert_eq!(is_signed_out, *expected, "{lines:?} {body}");
        }
    }

    #[test]
    fn an_own_decoder_reads_the_200_and_only_that() {
        let decoder = Decoder::Custom(Arc::new(|body| match body {
            b"panic" => panic!("on purpose"),
            b"yes" => Ok(Some(serde_json::from_str(SESSION)?)),
            b"no" => Ok(None),
            _ => Err("neither".into()),
        }));
        for (status, body, expected) in [
            (200, "yes", "active"),
            (200, "no", "signed out"),
            (
                200,
                "null",
                "the decoder given to `decode_with` failed: neither",
            ),
            (
                200,
                "panic",
                "the decoder given to `decode_with` failed: it panicked",
            ),
            (500, "yes", "it answered 500 Internal Server Error"),
        ] {
            let status = StatusCode::from_u16(status).unwrap();
            let answer = classify(
                status,
                &headers(&[JSON]),
                body.as_bytes(),
                &decoder,
                ApiKey::NotSent,
            );
            let seen = match answer {
                Ok(Answer::Active(_)) => "active".to_owned(),
                Ok(Answer::SignedOut) => "signed out".to_owned(),
                Err(unavailable) => unavailable.cause.to_string(),
            };
            assert_eq!(seen, expected);
        }
    }

    #[test]
    fn the_time_to_wait_is_read_in_all_its_forms_and_clamped() {
        const DATE: (&str, &str) = ("date", "Sat, 21 Nov 2026 06:00:00 GMT");
        let cases: &[(Lines, Option<u64>)] = &[
            (&[], None),
            (&[("x-retry-after", "10")], Some(10)),
            (&[("retry-after", "7")], Some(7)),
            (&[("x-retry-after", "10"), ("retry-after", "7")], Some(10)),
            (&[("x-retry-after", "x"), ("retry-after", "7")], Some(7)),
            (&[("retry-after", "0")], Some(1)),
            (&[("retry-after", "-5")], None),
            (&[("retry-after", "soon")], None),
            (&[("retry-after", "86400")], Some(30)),
            (&[("retry-after", "99999999999999999999")], None),
            (
                &[("retry-after", "Sat, 21 Nov 2026 06:00:12 GMT"), DATE],
                Some(12),
            ),
            (
                &[("retry-after", "Sat, 21 Nov 2026 05:00:00 GMT"), DATE],
                Some(1),
            ),
            (
                &[("retry-after", "Sat, 21 Nov 2026 07:00:00 GMT"), DATE],
                Some(30),
            ),
            (&[("retry-after", "Sat, 21 Nov 2026 06:00:12 GMT")], None),
        ];
        for (lines, expected) in cases {
            let status = StatusCode::TOO_MANY_REQUESTS;
            let answer = classify(
                status,
                &headers(lines),
                b"",
                &Decoder::BetterAuth,
                ApiKey::NotSent,
            );
            let Err(unavailable) = answer else {
                panic!("429 is no verdict");
            };
            assert_eq!(
                unavailable.retry_after.map(|wait| wait.as_secs()),
                *expected,
                "{lines:?}"
            );
        }
    }

    fn waiting_time() -> impl Strategy<Value = String> {
        let date = (0_u64..4_000_000_000).prop_map(|seconds| {
            httpdate::fmt_http_date(std::time::UNIX_EPOCH + Duration::from_secs(seconds))
        });
        prop_oneof![
            any::<u64>().prop_map(|seconds| seconds.to_string()),
            (0_u64..60).prop_map(|seconds| seconds.to_string()),
            "[0-9 +.eE-]{0,24}",
            "[ -~]{0,40}",
            date,
        ]
    }

    proptest! {
        #[test]
        fn whatever_the_time_to_wait_says_it_is_none_or_between_1_and_30_seconds(
            own in proptest::option::of(waiting_time()),
            standard in proptest::option::of(waiting_time()),
            date in proptest::option::of(waiting_time()),
        ) {
            let mut lines = HeaderMap::new();
            for (name, value) in [("x-retry-after", &own), ("retry-after", &standard), ("date", &date)] {
                if let Some(value) = value {
                    lines.insert(name, HeaderValue::from_str(value).unwrap());
                }
            }
            let wait = retry_after(&lines).map(|wait| wait.as_secs_f64());
            prop_assert!(wait.is_none_or(|wait| (1.0..=30.0).contains(&wait)), "{wait:?}");
            let seconds = |text: &Option<String>| text.as_deref()?.trim().parse::<u64>().ok();
            if let Some(seconds) = seconds(&own).or_else(|| seconds(&standard)) {
                #[allow(clippy::cast_precision_loss)]
                let expected = seconds.clamp(1, 30) as f64;
                prop_assert_eq!(wait, Some(expected));
            }
        }

        #[test]
        fn whatever_is_answered_nothing_but_a_200_with_json_is_active(
            status in prop_oneof![Just(200), Just(401), 100_u16..1000],
            content_type in prop_oneof![Just("application/json".to_owned()), "[a-z/+;= -]{0,30}"],
            body in prop_oneof![Just(SESSION.to_owned()), Just("null".to_owned()), ".{0,40}"],
        ) {
            let seen = outcome(status, &[("content-type", &content_type)], &body, ApiKey::NotSent);
            let is_json = content_type.split(';').next().unwrap().trim() == "application/json";
            if seen == "active" {
                prop_assert!(status == 200 && is_json && body == SESSION);
            }
            if seen == "signed out" {
                prop_assert!((status == 200 && body.trim() == "null") || status == 401);
                prop_assert!(is_json);
            }
        }
    }

    #[test]
    fn debug_says_whose_decoder_it_is() {
        let custom = Decoder::Custom(Arc::new(|_| Ok(None)));
        let shown = format!("{:?} {custom:?}", Decoder::BetterAuth);
        assert_eq!(shown, "BetterAuth Custom");
    }
}
