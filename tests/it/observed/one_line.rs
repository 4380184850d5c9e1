//! The text of an error that is not ours can quote what a user has chosen: it is one line of the log all the same.

use std::{future::ready, io};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use tower::service_fn;
use tower_better_auth::{BetterAuth, CheckError};

use crate::support::{log, probe, recorder::Recorder};

const FORGED: [&str; 5] = ["\n", "\r", "\u{85}", "\u{2028}", "\u{1b}[2J"];

fn forged(end: &str) -> String {
    format!("unknown variant `{end}2026-01-01T00:00:00Z ERROR forged: all is lost`")
}

fn assert_is_visible(text: &str) {
    let is_visible = |char: char| !char.is_control() && char != '\u{2028}';
    assert!(text.chars().all(is_visible), "{text:?}");
}

fn assert_warns_in_one_line(auth: BetterAuth) {
    let ((seen, _), log) = log::of(probe::ask(auth));
    assert_eq!(seen.summary(), "503 AUTH_SERVICE_UNAVAILABLE");
    let forged: Vec<_> = log.lines().filter(|line| line.contains("forged")).collect();
    assert_eq!(forged.len(), 1, "{log}");
    assert!(forged[0].contains("auth server unavailable"), "{log}");
    assert_is_visible(forged[0]);
}

fn unreachable(end: &str) -> BetterAuth {
    let error = forged(end);
    let transport = service_fn(move |_: Request<Bytes>| {
        ready(Err::<Response<Full<Bytes>>, _>(io::Error::other(
            error.clone(),
        )))
    });
    let builder = BetterAuth::builder("http://localhost").transport(transport);
    builder.build().unwrap()
}

#[test]
fn what_a_decoder_quotes_forges_no_line_of_the_log() {
    for end in FORGED {
        let decode = move |_: &[u8]| Err(forged(end).into());
        let builder = Recorder::signed_in().builder().decode_with(decode);
        assert_warns_in_one_line(builder.build().unwrap());
    }
}

#[test]
fn what_a_transport_quotes_forges_no_line_of_the_log() {
    for end in FORGED {
        assert_warns_in_one_line(unreachable(end));
    }
}

#[tokio::test]
async fn what_a_transport_quotes_forges_no_line_of_a_failed_check() {
    for end in FORGED {
        let error: CheckError = unreachable(end).check().await.unwrap_err();
        assert!(error.to_string().contains("forged"), "{error}");
        assert_is_visible(&error.to_string());
    }
}
