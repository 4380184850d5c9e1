//! One check: what came out, where it came from, and how long it took.

use std::time::Instant;

use http::StatusCode;
use tracing::{Level, Span, field::Empty};

use super::{TARGET, metrics};
use crate::verdict::Verdict;

/// The name of a check's span.
const NAME: &str = "better_auth.check";

/// Where a verdict came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// The request shows no credential.
    Anonymous,
    /// The credential is refused without a call.
    Refused,
    /// The cache.
    Hit,
    /// The cache that processes share.
    Shared,
    /// A call that was under way.
    Coalesced,
    /// A call of its own.
    Fetched,
    /// A call of its own, past the cache, for a guard.
    Live,
}

/// What came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Active,
    SignedOut,
    Anonymous,
    Banned,
    Unavailable,
    /// Nobody waited for it: the client hung up.
    Abandoned,
}

impl Source {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Anonymous => "anonymous",
            Self::Refused => "refused",
            Self::Hit => "hit",
            Self::Shared => "shared",
            Self::Coalesced => "coalesced",
            Self::Fetched => "fetched",
            Self::Live => "live",
        }
    }
}

impl Outcome {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::SignedOut => "signed_out",
            Self::Anonymous => "anonymous",
            Self::Banned => "banned",
            Self::Unavailable => "unavailable",
            Self::Abandoned => "abandoned",
        }
    }
}

impl From<&Verdict> for Outcome {
    fn from(verdict: &Verdict) -> Self {
        match verdict {
            Verdict::Active(_) => Self::Active,
            Verdict::Banned(_) => Self::Banned,
            Verdict::SignedOut => Self::SignedOut,
            Verdict::Anonymous => Self::Anonymous,
            Verdict::Unavailable { .. } => Self::Unavailable,
        }
    }
}

/// A check that waits for nobody. Reads the clock only if somebody listens.
pub(crate) struct Glance(Option<Instant>);

impl Glance {
    #[inline]
    pub(crate) fn begin() -> Self {
        let is_heard = tracing::span_enabled!(target: TARGET, Level::DEBUG);
        Self(is_heard.then(Instant::now))
    }

    #[inline]
    pub(crate) fn end(&self, source: Source, verdict: &Verdict) {
        metrics::checked(source, verdict.into());
        if let Some(began) = self.0 {
            tell(began, source, verdict.into());
        }
    }
}

#[cold]
fn tell(began: Instant, source: Source, outcome: Outcome) {
    drop(tracing::debug_span!(
        target: TARGET,
        NAME,
        outcome = outcome.name(),
        source = source.name(),
        elapsed_ms = millis(began),
    ));
}

/// A check that may have to wait. Dropped without an end, it was abandoned.
#[derive(Debug)]
pub(crate) struct Check {
    span: Span,
    began: Instant,
    source: Source,
    is_over: bool,
}

impl Check {
    pub(crate) fn begin(source: Source) -> Self {
        let span = tracing::debug_span!(
            target: TARGET,
            NAME,
            outcome = Empty,
            source = Empty,
            status = Empty,
            elapsed_ms = Empty,
        );
        Self {
            span,
            began: Instant::now(),
            source,
            is_over: false,
        }
    }

    pub(crate) fn span(&self) -> Span {
        self.span.clone()
    }

    /// Where the verdict will come from, as far as that is known.
    pub(crate) fn comes_from(&mut self, source: Source) {
        self.source = source;
    }

    /// `status` is that of the auth server's answer, if there is one.
    pub(crate) fn end(mut self, verdict: &Verdict, status: Option<StatusCode>) {
        if let Some(status) = status {
            self.span.record("status", status.as_u16());
        }
        self.close(verdict.into());
    }

    fn close(&mut self, outcome: Outcome) {
        self.is_over = true;
        metrics::checked(self.source, outcome);
        self.span.record("outcome", outcome.name());
        self.span.record("source", self.source.name());
        self.span.record("elapsed_ms", millis(self.began));
    }
}

impl Drop for Check {
    fn drop(&mut self) {
        if !self.is_over {
            self.close(Outcome::Abandoned);
        }
    }
}

pub(super) fn millis(began: Instant) -> f64 {
    began.elapsed().as_secs_f64() * 1000.0
}
