//! The default form: JSON.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Response, header};
use serde::Serialize;

use super::{Rejection, RejectionKind};

/// The challenge of every 401: a scheme that no browser answers with a dialogue.
const CHALLENGE: HeaderValue = HeaderValue::from_static("Cookie realm=\"better-auth\"");

#[derive(Serialize)]
struct Body<'a> {
    success: bool,
    error: &'a str,
    code: &'a str,
}

/// The response for a rejection, with the rejection in its extensions.
pub(crate) fn render(rejection: Rejection) -> Response<Bytes> {
    let body = Body {
        success: false,
        error: &rejection.message,
        code: &rejection.code,
    };
    let body = serde_json::to_vec(&body).expect("a struct of strings is JSON");
    let mut response = Response::new(Bytes::from(body));
    *response.status_mut() = rejection.status();
    describe(&rejection, response.headers_mut());
    response.extensions_mut().insert(rejection);
    response
}

fn describe(rejection: &Rejection, headers: &mut HeaderMap) {
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::VARY, HeaderValue::from_static("Cookie"));
    match rejection.kind {
        RejectionKind::Unauthenticated | RejectionKind::InvalidSession => {
            headers.insert(header::WWW_AUTHENTICATE, CHALLENGE);
        }
        RejectionKind::Forbidden | RejectionKind::Unavailable | RejectionKind::Misconfigured => {}
    }
    if let Some(retry_after) = rejection.retry_after {
        headers.insert(header::RETRY_AFTER, whole_seconds(retry_after).into());
    }
}

/// Rounded up, so that nobody comes back too early, and at least one.
fn whole_seconds(duration: Duration) -> u64 {
    let started = u64::from(duration.subsec_nanos() > 0);
    duration.as_secs().saturating_add(started).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verdict::Verdict;

    fn rejection(verdict: Verdict) -> Rejection {
        Rejection::unless_active(verdict).unwrap_err()
    }

    #[test]
    fn every_rejection_has_its_status_headers_and_stable_body() {
        let unavailable = Verdict::Unavailable {
            retry_after: Duration::from_millis(1500),
        };
        let challenge = Some("Cookie realm=\"better-auth\"");
        let cases = [
            (
                rejection(Verdict::Anonymous),
                401,
                challenge,
                None,
                r#"{"success":false,"error":"Authentication required","code":"UNAUTHENTICATED"}"#,
            ),
            (
                rejection(Verdict::SignedOut),
                401,
                challenge,
                None,
                r#"{"success":false,"error":"Invalid or expired session","code":"INVALID_SESSION"}"#,
            ),
            (
                rejection(Verdict::Banned),
                403,
                None,
                None,
                r#"{"success":false,"error":"This account is banned","code":"USER_BANNED"}"#,
            ),
            (
                rejection(unavailable),
                503,
                None,
                Some("2"),
                r#"{"success":false,"error":"Authentication service unavailable","code":"AUTH_SERVICE_UNAVAILABLE"}"#,
            ),
            (
                Rejection::misconfigured(),
                500,
                None,
                None,
                r#"{"success":false,"error":"Internal server error","code":"AUTH_MISCONFIGURED"}"#,
            ),
            (
                Rejection::forbidden("PLAN", "a \"quoted\" message"),
                403,
                None,
                None,
                r#"{"success":false,"error":"a \"quoted\" message","code":"PLAN"}"#,
            ),
        ];
        for (rejection, status, challenge, retry_after, body) in cases {
            let response = render(rejection.clone());
            let header = |name| {
                response
                    .headers()
                    .get(name)
                    .map(|value| value.to_str().unwrap())
            };
            assert_eq!(response.status(), status);
            assert_eq!(response.body(), body);
            assert_eq!(header(header::WWW_AUTHENTICATE), challenge, "{body}");
            assert_eq!(header(header::RETRY_AFTER), retry_after, "{body}");
            assert_eq!(header(header::CONTENT_TYPE), Some("application/json"));
            assert_eq!(header(header::CACHE_CONTROL), Some("no-store"));
            assert_eq!(header(header::VARY), Some("Cookie"));
            assert_eq!(response.extensions().get::<Rejection>(), Some(&rejection));
        }
    }

    #[test]
    fn retry_after_is_in_whole_seconds_rounded_up_and_at_least_one() {
        for (millis, expected) in [(0, 1), (1, 1), (1000, 1), (1001, 2), (30_000, 30)] {
            assert_eq!(
                whole_seconds(Duration::from_millis(millis)),
                expected,
                "{millis} ms"
            );
        }
    }
}
