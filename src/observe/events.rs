//! Single lines of the log.

use std::fmt;

use super::{TARGET, metrics};
use crate::credential::Unusable;

/// A mistake of the application's developer. `message` names the fix.
pub(crate) fn misconfigured(message: impl fmt::Display) {
    tracing::error!(target: TARGET, "{message}");
}

/// Something to look at before it hurts. `message` names the fix.
pub(crate) fn advice(message: impl fmt::Display) {
    tracing::warn!(target: TARGET, "{message}");
}

/// The auth server could not be asked: the request is answered 503. `left_out` lines like it were not written lately.
pub(crate) fn unavailable(asked: &str, cause: &dyn fmt::Display, fix: Option<&str>, left_out: u64) {
    let fix = fix.unwrap_or("look at the auth server and the way to it");
    tracing::warn!(target: TARGET, asked, %cause, fix, left_out, "auth server unavailable");
}

/// The session of an open connection is over.
pub(crate) fn lease_ended(reason: &str) {
    tracing::debug!(target: TARGET, reason, "a lease is over");
}

pub(crate) fn ambiguous() {
    tracing::debug!(
        target: TARGET,
        "a request brought one cookie name more than once; the auth server reads the first"
    );
}

pub(crate) fn unusable(why: Unusable) {
    tracing::debug!(target: TARGET, ?why, "a credential was refused without asking");
}

pub(crate) fn denied(code: &str) {
    metrics::denied(code);
    tracing::debug!(target: TARGET, code, "access denied");
}
