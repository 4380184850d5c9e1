//! A gRPC status without a message: the answer is [trailers only], sent as headers.
//!
//! [trailers only]: https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md#responses

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, header};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use super::{Rejection, RejectionKind, complete::complete};

/// What `grpc-message` has to encode: all but the printable ASCII characters, and the percent sign itself.
const MESSAGE: &AsciiSet = &CONTROLS.add(b'%');

/// The content type to answer with, for a request that is a gRPC call: a POST.
///
/// The answer is a 200 in the eyes of everything that knows no gRPC. A gateway that asks this service whether a request
/// may pass copies the client's headers, but asks with a GET.
pub(crate) fn content_type<B>(request: &Request<B>) -> Option<HeaderValue> {
    let content_type = request.headers().get(header::CONTENT_TYPE)?;
    if request.method() != Method::POST {
        return None;
    }
    let rest = content_type.as_bytes().strip_prefix(b"application/grpc")?;
    let is_grpc = matches!(rest.first(), None | Some(b'+' | b';' | b'-' | b' '));
    is_grpc.then(|| content_type.clone())
}

/// The response where no layer will give it a form, with the rejection in its extensions.
pub(crate) fn respond(rejection: Rejection, content_type: HeaderValue) -> Response<Bytes> {
    let mut response = render(&rejection, content_type);
    complete(rejection, &mut response);
    response
}

pub(super) fn render(rejection: &Rejection, content_type: HeaderValue) -> Response<Bytes> {
    let message = utf8_percent_encode(rejection.message(), MESSAGE).to_string();
    let mut response = Response::new(Bytes::new());
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, content_type);
    headers.insert(
        "grpc-status",
        HeaderValue::from_static(status(rejection.kind())),
    );
    if let Ok(message) = HeaderValue::from_str(&message) {
        headers.insert("grpc-message", message);
    }
    response
}

/// `UNAUTHENTICATED`, `PERMISSION_DENIED`, `UNAVAILABLE`, `INTERNAL`.
fn status(kind: RejectionKind) -> &'static str {
    match kind {
        RejectionKind::Unauthenticated | RejectionKind::InvalidSession => "16",
        RejectionKind::Forbidden | RejectionKind::CrossSite => "7",
        RejectionKind::SessionNotFound => "5",
        RejectionKind::Unavailable => "14",
        RejectionKind::Misconfigured => "13",
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::verdict::Verdict;

    #[test]
    fn only_grpc_is_answered_as_grpc() {
        for (content_type, expected) in [
            ("application/grpc", true),
            ("application/grpc+proto", true),
            ("application/grpc;charset=x", true),
            ("application/grpc-web+proto", true),
            ("application/grpcfoo", false),
            ("application/json", false),
            ("text/html; application/grpc", false),
        ] {
            for (method, expected) in [("POST", expected), ("GET", false)] {
                let request = Request::builder()
                    .method(method)
                    .header(header::CONTENT_TYPE, content_type);
                let found = super::content_type(&request.body(()).unwrap());
                assert_eq!(found.is_some(), expected, "{method} {content_type}");
            }
        }
    }

    #[test]
    fn every_kind_has_its_status_and_the_message_is_encoded() {
        let rejection = |verdict| Rejection::unless_active(verdict).unwrap_err();
        let retry_after = Duration::from_secs(1);
        for (rejection, status, message) in [
            (
                rejection(Verdict::Anonymous),
                "16",
                "Authentication required",
            ),
            (
                rejection(Verdict::SignedOut),
                "16",
                "Invalid or expired session",
            ),
            (rejection(Verdict::banned()), "7", "This account is banned"),
            (
                rejection(Verdict::Unavailable { retry_after }),
                "14",
                "Authentication service unavailable",
            ),
            (Rejection::misconfigured(), "13", "Internal server error"),
            (
                Rejection::session_not_found(),
                "5",
                "You have no such session",
            ),
            (
                Rejection::forbidden("X", "100 % é\n"),
                "7",
                "100 %25 %C3%A9%0A",
            ),
        ] {
            let response = render(&rejection, HeaderValue::from_static("application/grpc"));
            assert_eq!(response.status(), 200);
            assert_eq!(response.headers()["grpc-status"], status);
            assert_eq!(response.headers()["grpc-message"], message);
            assert!(response.body().is_empty());
        }
    }
}
