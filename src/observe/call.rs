//! One call to the auth server, and each attempt at it.

use std::time::Instant;

use http::StatusCode;
use tracing::{Id, Span, field::Empty};

use super::{TARGET, check::millis, metrics};

/// A question to the auth server, with all attempts to get an answer.
#[derive(Debug)]
pub(crate) struct Call {
    span: Span,
    began: Instant,
}

impl Call {
    pub(crate) fn begin(asked: &'static str) -> Self {
        let span = tracing::debug_span!(
            target: TARGET,
            "better_auth.call",
            asked,
            status = Empty,
            attempts = Empty,
            cause = Empty,
            elapsed_ms = Empty,
        );
        Self {
            span,
            began: Instant::now(),
        }
    }

    pub(crate) fn span(&self) -> Span {
        self.span.clone()
    }

    /// `cause` says in a word why there is no answer.
    pub(crate) fn end(
        self,
        status: Option<StatusCode>,
        attempts: u32,
        cause: Option<&'static str>,
    ) {
        if let Some(status) = status {
            self.span.record("status", status.as_u16());
        }
        if let Some(cause) = cause {
            metrics::unavailable(cause);
            self.span.record("cause", cause);
        }
        self.span.record("attempts", attempts);
        self.span.record("elapsed_ms", millis(self.began));
    }
}

/// One attempt, on the wire. Dropped without an end, it was cut off: the deadline had passed, or nobody wanted to know any
/// more.
#[derive(Debug)]
pub(crate) struct Fetch {
    began: Instant,
    result: &'static str,
}

impl Fetch {
    pub(crate) fn begin() -> Self {
        metrics::in_flight(1.0);
        Self {
            began: Instant::now(),
            result: "cut_off",
        }
    }

    /// The class of the answer's status, or in a word why there is none.
    pub(crate) fn end(mut self, result: Result<StatusCode, &'static str>) {
        self.result = result.map_or_else(|cause| cause, class);
    }
}

impl Drop for Fetch {
    fn drop(&mut self) {
        metrics::in_flight(-1.0);
        metrics::fetched(self.result, self.began.elapsed());
    }
}

fn class(status: StatusCode) -> &'static str {
    match status.as_u16() {
        100..200 => "1xx",
        200..300 => "2xx",
        300..400 => "3xx",
        400..500 => "4xx",
        _ => "5xx",
    }
}

/// A call that waits for its turn, for as long as this lives.
#[derive(Debug)]
pub(crate) struct Waiting(());

impl Waiting {
    pub(crate) fn begin() -> Self {
        metrics::waiting(1.0);
        Self(())
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        metrics::waiting(-1.0);
    }
}

/// In whose span a shared call began, for those who wait with them.
#[derive(Clone, Debug)]
pub(crate) struct Origin(Option<Id>);

impl Origin {
    pub(crate) fn here() -> Self {
        Self(Span::current().id())
    }

    /// Links the current span to it.
    pub(crate) fn link(&self) {
        Span::current().follows_from(self.0.clone());
    }
}

/// The span of a call that nobody waits for. It does not keep the request's span open, but is linked to it.
pub(crate) fn renewal() -> Span {
    let span = tracing::debug_span!(target: TARGET, parent: None, "better_auth.renewal");
    span.follows_from(Span::current().id());
    span
}
