//! What is counted, through the `metrics` facade: to whichever recorder the application has installed.
//!
//! Every name here is in the table of [`guide::observing`](crate::guide::observing). Labels take values from fixed sets,
//! and none comes from a request. A recorder is looked up for each count, so that it does not matter which comes first,
//! recorder or handle.

use std::time::Duration;

use metrics::{
    Counter, Key, Label, Level, Metadata, Unit, counter, describe_counter, describe_gauge,
    describe_histogram, gauge, histogram, with_recorder,
};

use super::{
    TARGET,
    check::{Outcome, Source},
};

const REQUESTS: &str = "better_auth_requests_total";
const VERDICTS: &str = "better_auth_verdicts_total";
const FETCHES: &str = "better_auth_fetch_total";
const FETCH_SECONDS: &str = "better_auth_fetch_seconds";
const IN_FLIGHT: &str = "better_auth_in_flight";
const WAITING: &str = "better_auth_waiting";
const RETRIES: &str = "better_auth_retries_total";
const UNAVAILABLE: &str = "better_auth_unavailable_total";
const BREAKER: &str = "better_auth_breaker_state";
const CACHE_ENTRIES: &str = "better_auth_cache_entries";
const EVICTIONS: &str = "better_auth_evictions_total";
const DENIED: &str = "better_auth_guard_denied_total";
const SHARED: &str = "better_auth_shared_total";
const REVOCATIONS: &str = "better_auth_revocations_total";
const BUS: &str = "better_auth_bus_up";
const AUDIT_LOST: &str = "better_auth_audit_lost_total";

/// The codes of this crate's own guards, and of `SameOrigin`. Those of an application's are counted together.
const CODES: &[&str] = &[
    "CROSS_SITE_REQUEST",
    "EMAIL_NOT_VERIFIED",
    "FORBIDDEN",
    "IMPERSONATED",
    "INSUFFICIENT_ORGANIZATION_ROLE",
    "INSUFFICIENT_ROLE",
    "IP_ADDRESS_MISMATCH",
    "NOT_AN_ORGANIZATION_MEMBER",
    "PERMISSION_REQUIRED",
    "SESSION_NOT_FRESH",
    "USER_AGENT_MISMATCH",
    "USER_ID_MISMATCH",
];

pub(crate) const fn is_on() -> bool {
    true
}

/// Says what the names mean to the recorder that is installed by now.
pub(crate) fn describe() {
    for (name, text) in [
        (
            REQUESTS,
            "Checks of a session, by where the verdict came from",
        ),
        (VERDICTS, "Checks of a session, by what came out"),
        (
            FETCHES,
            "Calls to the auth server, by the class of the answer's status or why there is none",
        ),
        (RETRIES, "Calls that were made once more"),
        (
            UNAVAILABLE,
            "Questions to the auth server without an answer that can be believed, by cause",
        ),
        (EVICTIONS, "Sessions that were forgotten for want of room"),
        (DENIED, "Refusals of guards and of `SameOrigin`, by code"),
        (SHARED, "Looks into the shared cache, by what was there"),
        (
            REVOCATIONS,
            "Revocations that were told to other processes, or heard from them",
        ),
        (AUDIT_LOST, "Audit events that the sink did not take"),
    ] {
        describe_counter!(name, Unit::Count, text);
    }
    for (name, text) in [
        (IN_FLIGHT, "Calls to the auth server that are under way"),
        (WAITING, "Calls that wait for their turn"),
        (CACHE_ENTRIES, "Sessions that are remembered"),
        (
            BUS,
            "Whether the revocations of other processes are heard: 1 yes, 0 no",
        ),
        (
            BREAKER,
            "The circuit breaker: 0 closed, 1 half-open, 2 open",
        ),
    ] {
        describe_gauge!(name, Unit::Count, text);
    }
    describe_histogram!(
        FETCH_SECONDS,
        Unit::Seconds,
        "How long a call to the auth server takes"
    );
}

/// On the way of every request: keys and labels are made at compile time.
macro_rules! labels {
    ($key:literal, $value:expr, [$($variant:path),* $(,)?]) => {
        match $value {
            $($variant => {
                const LABELS: &[Label] = &[Label::from_static_parts($key, $variant.name())];
                LABELS
            })*
        }
    };
}

pub(super) fn checked(source: Source, outcome: Outcome) {
    let source = labels!(
        "source",
        source,
        [
            Source::Anonymous,
            Source::Refused,
            Source::Hit,
            Source::Shared,
            Source::Coalesced,
            Source::Fetched,
            Source::Live,
        ]
    );
    let outcome = labels!(
        "outcome",
        outcome,
        [
            Outcome::Active,
            Outcome::SignedOut,
            Outcome::Anonymous,
            Outcome::Banned,
            Outcome::Unavailable,
            Outcome::Abandoned,
        ]
    );
    registered(REQUESTS, source).increment(1);
    registered(VERDICTS, outcome).increment(1);
}

fn registered(name: &'static str, labels: &'static [Label]) -> Counter {
    static METADATA: Metadata<'static> = Metadata::new(TARGET, Level::INFO, Some(module_path!()));
    let key = Key::from_static_parts(name, labels);
    with_recorder(|recorder| recorder.register_counter(&key, &METADATA))
}

pub(super) fn fetched(result: &'static str, elapsed: Duration) {
    counter!(FETCHES, "result" => result).increment(1);
    histogram!(FETCH_SECONDS).record(elapsed);
}

pub(super) fn in_flight(change: f64) {
    gauge!(IN_FLIGHT).increment(change);
}

pub(super) fn waiting(change: f64) {
    gauge!(WAITING).increment(change);
}

pub(super) fn unavailable(cause: &'static str) {
    counter!(UNAVAILABLE, "cause" => cause).increment(1);
}

pub(super) fn denied(code: &str) {
    let own = CODES.iter().find(|own| **own == code);
    counter!(DENIED, "code" => own.copied().unwrap_or("OTHER")).increment(1);
}

pub(super) fn audit_lost() {
    counter!(AUDIT_LOST).increment(1);
}

pub(crate) fn retried() {
    counter!(RETRIES).increment(1);
}

pub(crate) fn evicted() {
    counter!(EVICTIONS).increment(1);
}

#[allow(clippy::cast_precision_loss)]
pub(crate) fn cache_entries(count: u64) {
    gauge!(CACHE_ENTRIES).set(count as f64);
}

/// 0 closed, 1 half-open, 2 open.
pub(crate) fn breaker(state: u8) {
    gauge!(BREAKER).set(f64::from(state));
}

#[cfg(feature = "redis")]
pub(crate) fn shared_look(result: &'static str) {
    counter!(SHARED, "result" => result).increment(1);
}

#[cfg(feature = "redis")]
pub(crate) fn revocation(way: &'static str) {
    counter!(REVOCATIONS, "way" => way).increment(1);
}

#[cfg(feature = "redis")]
pub(crate) fn bus(is_up: bool) {
    gauge!(BUS).set(f64::from(u8::from(is_up)));
}
