//! What the client is told in place of the auth server's answer.

use std::time::Duration;

use axum_core::{
    body::Body,
    response::{IntoResponse, Response},
};
use http::StatusCode;

use crate::rejection::{self, Rejection};

/// Why a request has no answer of the auth server's. Never says anything about a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// It is not below the base path, or not in plain words.
    NotFound,
    MethodNotAllowed,
    /// A WebSocket.
    Upgrade,
    TooLarge,
    /// More headers than any auth server would take.
    HeadersTooLarge,
    /// The client takes too long over its body.
    TooSlow,
    /// The client's body broke off.
    Incomplete,
    /// The auth server cannot be reached, fails, or gives no answer in time.
    Unavailable {
        retry_after: Duration,
    },
    /// What came back is no answer.
    BadAnswer,
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (status, code, error) = match self {
            Self::Unavailable { retry_after } => {
                return Rejection::unavailable(retry_after).into_response();
            }
            Self::NotFound => (StatusCode::NOT_FOUND, "NOT_FOUND", "Not found"),
            Self::MethodNotAllowed => (
                StatusCode::METHOD_NOT_ALLOWED,
                "METHOD_NOT_ALLOWED",
                "Method not allowed",
            ),
            Self::Upgrade => (
                StatusCode::BAD_REQUEST,
                "UPGRADE_NOT_SUPPORTED",
                "The connection cannot be upgraded here",
            ),
            Self::TooLarge => (
                StatusCode::PAYLOAD_TOO_LARGE,
                "PAYLOAD_TOO_LARGE",
                "The request is too large",
            ),
            Self::HeadersTooLarge => (
                StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
                "REQUEST_HEADER_FIELDS_TOO_LARGE",
                "The headers of the request are too large",
            ),
            Self::TooSlow => (
                StatusCode::REQUEST_TIMEOUT,
                "REQUEST_TIMEOUT",
                "The request took too long",
            ),
            Self::Incomplete => (
                StatusCode::BAD_REQUEST,
                "INCOMPLETE_REQUEST",
                "The request is not complete",
            ),
            Self::BadAnswer => (
                StatusCode::BAD_GATEWAY,
                "AUTH_SERVICE_BAD_ANSWER",
                "Authentication service gave no usable answer",
            ),
        };
        rejection::plain(status, code, error).map(Body::from)
    }
}
