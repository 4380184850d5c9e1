//! What happened, for whoever has to know: spans and events of `tracing`, metrics, and audit events.
//!
//! The tables of names and levels are in [`guide::observing`](crate::guide::observing).
//!
//! No event holds a cookie, a token, or text that a client sent. Three things are said as the application gave them: the
//! error of a `decode_with`, the code of a `Denied`, and, in audit events, a client's `User-Agent`, escaped and cut.

mod audit;
mod call;
mod check;
mod events;
#[cfg(feature = "metrics")]
mod metrics;
#[cfg(not(feature = "metrics"))]
#[path = "no_metrics.rs"]
mod metrics;
mod throttle;

pub use self::audit::{AuditEvent, AuditEventKind};
pub(crate) use self::{
    audit::{Audit, AuditSink, Caller},
    call::{Call, Fetch, Origin, Waiting, renewal},
    check::{Check, Glance, Source},
    events::{advice, ambiguous, denied, lease_ended, misconfigured, unavailable, unusable},
    metrics::{breaker, cache_entries, describe, evicted, is_on as has_metrics, retried},
    throttle::Throttles,
};

const TARGET: &str = "tower_better_auth";
