//! What the sender is told.

use axum_core::body::Body;
use http::{HeaderValue, Response, StatusCode, header};

use crate::rejection;

/// Why a message was not acted upon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    NotPost,
    Unsigned,
    OutOfRange,
    TooLarge,
    Forged,
    /// The sender hung up.
    BrokenOff,
    Invalid,
    /// It is good, and not every process knows yet: it has to be sent again.
    NotSpread,
}

impl Refusal {
    /// In a word, for the audit trail.
    pub(super) fn reason(self) -> &'static str {
        match self {
            Self::NotPost => "method",
            Self::Unsigned => "unsigned",
            Self::OutOfRange => "out_of_range",
            Self::TooLarge => "too_large",
            Self::Forged => "forged",
            Self::BrokenOff => "broken_off",
            Self::Invalid => "invalid",
            Self::NotSpread => "not_spread",
        }
    }

    /// What whoever reads the log can do.
    pub(super) fn fix(self) -> &'static str {
        match self {
            Self::NotPost => "webhooks are sent with POST",
            Self::Unsigned => {
                "the headers `webhook-id`, `webhook-timestamp` and `webhook-signature` of Standard Webhooks have to be there once each"
            }
            Self::OutOfRange => "set the clocks of both hosts",
            Self::TooLarge => "no revocation is as large as this",
            Self::Forged => {
                "give the receiver and the plugin the same secret; otherwise somebody tries to forge webhooks"
            }
            Self::BrokenOff => "look at what stands between Better Auth and this service",
            Self::NotSpread => "look at the Redis that the processes share",
            Self::Invalid => "send `{\"type\":…,\"data\":{\"userId\":…}}`",
        }
    }

    fn told(self) -> (StatusCode, &'static str, &'static str) {
        let invalid = (
            StatusCode::BAD_REQUEST,
            "Invalid webhook",
            "INVALID_WEBHOOK",
        );
        match self {
            Self::NotPost => (
                StatusCode::METHOD_NOT_ALLOWED,
                "Method not allowed",
                "METHOD_NOT_ALLOWED",
            ),
            Self::Unsigned | Self::Forged => (
                StatusCode::UNAUTHORIZED,
                "Invalid webhook signature",
                "INVALID_WEBHOOK_SIGNATURE",
            ),
            Self::OutOfRange => (
                StatusCode::UNAUTHORIZED,
                "Webhook timestamp out of range",
                "WEBHOOK_TIMESTAMP_OUT_OF_RANGE",
            ),
            Self::TooLarge => (
                StatusCode::PAYLOAD_TOO_LARGE,
                "Webhook too large",
                "WEBHOOK_TOO_LARGE",
            ),
            Self::BrokenOff | Self::Invalid => invalid,
            Self::NotSpread => (
                StatusCode::SERVICE_UNAVAILABLE,
                "Not every process could be told",
                "REVOCATION_NOT_SPREAD",
            ),
        }
    }

    pub(super) fn response(self) -> Response<Body> {
        let (status, error, code) = self.told();
        let mut response = rejection::plain(status, code, error).map(Body::from);
        let headers = response.headers_mut();
        let text = HeaderValue::from_static;
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, text("Webhook-Signature"));
        }
        if self == Self::NotSpread {
            headers.insert(header::RETRY_AFTER, text("1"));
        }
        if self == Self::NotPost {
            headers.insert(header::ALLOW, text("POST"));
        }
        response
    }
}

/// It is done.
pub(super) fn done() -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    let no_store = HeaderValue::from_static("no-store");
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, no_store);
    response
}
