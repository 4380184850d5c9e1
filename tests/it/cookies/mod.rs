//! From a client's request to the auth server's, through the whole stack: which bytes leave, and which never do.

mod differential;
mod elsewhere;
mod over_a_socket;
mod upstream;

use axum::body::Body;
use http::{HeaderValue, Request, header};

use crate::support::{
    probe::{self, Seen},
    recorder::Recorder,
};

const ANONYMOUS: &str = "401 UNAUTHENTICATED";
const REFUSED: &str = "401 INVALID_SESSION";

/// Sends a request with these `Cookie` lines; gives what came back, and the `Cookie` header that was asked about.
async fn send(recorder: &Recorder, lines: &[&[u8]]) -> (Seen, Option<Vec<u8>>) {
    let (app, handled) = probe::protected(recorder.handle());
    let mut request = Request::get("/").body(Body::empty()).unwrap();
    for line in lines {
        let value = HeaderValue::from_bytes(line).unwrap();
        request.headers_mut().append(header::COOKIE, value);
    }
    let seen = probe::send(app, request).await;
    assert_eq!(handled.get() == 1, seen.status == 200);
    (seen, only_cookie_header(recorder))
}

/// The one `Cookie` header of the one call, or `None` where no call was made.
fn only_cookie_header(recorder: &Recorder) -> Option<Vec<u8>> {
    let calls = recorder.take();
    assert!(calls.len() <= 1, "{} calls", calls.len());
    let call = calls.first()?;
    let cookies: Vec<_> = call.headers().get_all(header::COOKIE).iter().collect();
    assert_eq!(cookies.len(), 1);
    Some(cookies[0].as_bytes().to_vec())
}

const NAME: &str = "better-auth.session_token=";

#[tokio::test]
async fn whatever_a_browser_sends_the_listed_cookies_leave_byte_for_byte() {
    let every_high_byte: Vec<u8> = [NAME.as_bytes(), &(0x80..=0xFF).collect::<Vec<u8>>()].concat();
    let visible: Vec<u8> = (0x21..0x7F).filter(|byte| *byte != b';').collect();
    let every_visible_byte = [NAME.as_bytes(), &visible].concat();
    let cases: &[(&[&[u8]], &[u8])] = &[
        (&[b"better-auth.session_token=made-up"], b"better-auth.session_token=made-up"),
        (&[&every_high_byte], &every_high_byte),
        (&[&every_visible_byte], &every_visible_byte),
        (&[b"better-auth.session_token=a\tb"], b"better-auth.session_token=a\tb"),
        (&[b"better-auth.session_token=\"A B\""], b"better-auth.session_token=\"A B\""),
        (&[b"better-auth.session_token=%00%0D%0A"], b"better-auth.session_token=%00%0D%0A"),
        (&[b"better-auth.session_token==="], b"better-auth.session_token==="),
        (&[b"x=\xC3\xA9; better-auth.session_token=A"], b"better-auth.session_token=A"),
        (&[b"\xFF\xFE=\x80; better-auth.session_token=A"], b"better-auth.session_token=A"),
        (&[b"x=\"a; better-auth.session_token=A"], b"better-auth.session_token=A"),
        (&[b"$Version=1; better-auth.session_token=A; $Path=/"], b"better-auth.session_token=A"),
        (
            &[b"better-auth.session_token=A; better-auth.session_token=B"],
            b"better-auth.session_token=A; better-auth.session_token=B",
        ),
        (
            &[b"better-auth.session_token=A", b"x=1", b"better-auth.session_token=B"],
            b"better-auth.session_token=A; better-auth.session_token=B",
        ),
        (
            &[b"__Secure-better-auth.session_token=B; better-auth.session_token=A"],
            b"__Secure-better-auth.session_token=B; better-auth.session_token=A",
        ),
        (
            &[b"a=1; better-auth.dont_remember=t; b=2", b"c=3; better-auth.session_token=A"],
            b"better-auth.dont_remember=t; better-auth.session_token=A",
        ),
        (
            &[b"better-auth.session_data=forged; better-auth.session_token=A"],
            b"better-auth.session_token=A",
        ),
        (
            &[b"\xA0better-auth.session_token=B; better-auth.session_token=A"],
            b"better-auth.session_token=A",
        ),
        (
            &[b"better-auth.session_token\xA0=B; better-auth.session_token=A"],
            b"better-auth.session_token=A",
        ),
        (
            &[b"\x85better-auth.session_token=B; \xE2\x80\x80better-auth.session_token=C; better-auth.session_token=A"],
            b"better-auth.session_token=A",
        ),
        (
            &[b"better-auth%2Esession_token=B; better-auth.session_token=A"],
            b"better-auth.session_token=A",
        ),
        (
            &[b"better-auth.session_token=; better-auth.session_token=A"],
            b"better-auth.session_token=; better-auth.session_token=A",
        ),
    ];
    let recorder = Recorder::signed_in();
    for (lines, expected) in cases {
        let shown: Vec<_> = lines
            .iter()
            .map(|line| line.escape_ascii().to_string())
            .collect();
        let (seen, forwarded) = send(&recorder, lines).await;
        assert_eq!(seen.summary(), "200", "{shown:?}");
        assert_eq!(forwarded.as_deref(), Some(*expected), "{shown:?}");
    }
}

#[tokio::test]
async fn a_request_without_a_session_cookie_costs_no_call() {
    let cases: &[&[&[u8]]] = &[
        &[],
        &[b""],
        &[b";;;"],
        &[b"="],
        &[b"theme=dark"],
        &[b"better-auth.session_token"],
        &[b"better-auth.session_token="],
        &[b"better-auth.session_token= \t "],
        &[b"better-auth.dont_remember=t"],
        &[b"better-auth.session_data=forged"],
        &[b"Better-Auth.Session_Token=A"],
        &[b"__secure-better-auth.session_token=A"],
        &[b"__Host-better-auth.session_token=A"],
        &[b"better-auth%2Esession_token=A"],
        &[b"better-auth.session%5Ftoken=A"],
        &[b"\xA0better-auth.session_token=A"],
        &[b"better-auth.session_token\x85=A"],
        &[b"\xEF\xBB\xBFbetter-auth.session_token=A"],
        &[b"\"better-auth.session_token\"=A"],
        &[b"x=1, better-auth.session_token=A"],
        &[b"x=1& better-auth.session_token=A"],
        &[b"better-auth-session_token=A"],
        &[b"better-auth.session_token.0=A"],
    ];
    let recorder = Recorder::signed_in();
    for lines in cases {
        let shown: Vec<_> = lines
            .iter()
            .map(|line| line.escape_ascii().to_string())
            .collect();
        let (seen, forwarded) = send(&recorder, lines).await;
        assert_eq!(
            (seen.summary().as_str(), forwarded),
            (ANONYMOUS, None),
            "{shown:?}"
        );
    }
}

#[tokio::test]
async fn a_cookie_that_is_too_large_is_refused_without_a_call_and_counts_alone() {
    let most = 8 * 1024 - NAME.len();
    let cases = [
        (most, 0, "200"),
        (most + 1, 0, REFUSED),
        (1 << 20, 0, REFUSED),
        (most, 1 << 20, "200"),
    ];
    let recorder = Recorder::signed_in();
    for (own, others, expected) in cases {
        let token = format!("{NAME}{}", "A".repeat(own));
        let line = format!("x={}; {token}", "x".repeat(others));
        let (seen, forwarded) = send(&recorder, &[line.as_bytes()]).await;
        assert_eq!(seen.summary(), expected, "{own} and {others} bytes");
        let expected = (expected == "200").then(|| token.into_bytes());
        assert!(forwarded == expected, "{own} and {others} bytes");
    }
}

#[tokio::test]
async fn duplicates_are_refused_without_a_call_where_that_was_chosen() {
    let recorder = Recorder::signed_in();
    let auth = recorder
        .builder()
        .reject_ambiguous_cookies()
        .build()
        .unwrap();
    let (app, handled) = probe::protected(auth);
    for (cookies, expected, calls) in [
        (
            "better-auth.session_token=A; better-auth.session_token=B",
            REFUSED,
            0,
        ),
        (
            "better-auth.session_token=A; better-auth.session_token=A",
            REFUSED,
            0,
        ),
        (
            "better-auth.session_token=A; __Secure-better-auth.session_token=B",
            "200",
            1,
        ),
        ("better-auth.session_token=A; x=1; x=2", "200", 1),
    ] {
        let request = Request::get("/")
            .header("cookie", cookies)
            .body(Body::empty());
        let seen = probe::send(app.clone(), request.unwrap()).await;
        assert_eq!(seen.summary(), expected, "{cookies}");
        assert_eq!(recorder.take().len(), calls, "{cookies}");
    }
    assert_eq!(handled.get(), 2);
}
