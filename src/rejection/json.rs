//! The default form: JSON.

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use serde::Serialize;

use super::{Rejection, RequestHead, complete::complete};

#[derive(Serialize)]
struct Body<'a> {
    success: bool,
    error: &'a str,
    code: &'a str,
}

/// Responds with `{"success":false,"error":"Authentication required","code":"UNAUTHENTICATED"}`: the default form, for
/// closures that treat only some requests differently.
#[must_use]
pub fn json(rejection: &Rejection, _: &RequestHead<'_>) -> Response<Bytes> {
    respond(rejection)
}

/// The response for a rejection where no layer has chosen a form, with the rejection in its extensions.
pub(crate) fn render(rejection: Rejection) -> Response<Bytes> {
    let mut response = respond(&rejection);
    complete(rejection, &mut response);
    response
}

pub(super) fn respond(rejection: &Rejection) -> Response<Bytes> {
    let body = Body {
        success: false,
        error: &rejection.message,
        code: &rejection.code,
    };
    json_response(rejection.status(), "application/json", &body)
}

/// The same form for what is no rejection, because it has nothing to do with a session.
#[cfg(any(feature = "proxy", feature = "webhooks"))]
pub(crate) fn plain(
    status: StatusCode,
    code: &'static str,
    error: &'static str,
) -> Response<Bytes> {
    let success = false;
    let body = Body {
        success,
        error,
        code,
    };
    let mut response = json_response(status, "application/json", &body);
    let no_store = HeaderValue::from_static("no-store");
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, no_store);
    response
}

pub(super) fn json_response(
    status: StatusCode,
    content_type: &'static str,
    body: &impl Serialize,
) -> Response<Bytes> {
    let body = serde_json::to_vec(body).expect("a struct of strings and numbers is JSON");
    let mut response = Response::new(Bytes::from(body));
    *response.status_mut() = status;
    let content_type = HeaderValue::from_static(content_type);
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, content_type);
    response
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

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
                rejection(Verdict::banned()),
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
                Rejection::session_not_found(),
                404,
                None,
                None,
                r#"{"success":false,"error":"You have no such session","code":"SESSION_NOT_FOUND"}"#,
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

    #[cfg(any(feature = "proxy", feature = "webhooks"))]
    #[test]
    fn what_is_no_rejection_has_the_same_form_and_nobody_keeps_it() {
        let response = plain(StatusCode::NOT_FOUND, "NOT_FOUND", "Not found");
        assert_eq!(response.status(), 404);
        assert_eq!(response.headers()["content-type"], "application/json");
        assert_eq!(response.headers()["cache-control"], "no-store");
        let body = r#"{"success":false,"error":"Not found","code":"NOT_FOUND"}"#;
        assert_eq!(response.body(), body);
    }
}
