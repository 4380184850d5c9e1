//! Single lines of the log.

use std::fmt;

use super::{TARGET, metrics};
use crate::credential::Unusable;
#[cfg(feature = "redis")]
use crate::visible::Visible;

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

/// A webhook was refused. `left_out` lines like it were not written lately.
#[cfg(feature = "webhooks")]
pub(crate) fn webhook_refused(why: &str, fix: &str, left_out: u64) {
    tracing::warn!(target: TARGET, why, fix, left_out, "webhook refused");
}

/// The session of an open connection is over.
pub(crate) fn lease_ended(reason: &str) {
    tracing::debug!(target: TARGET, reason, "a lease is over");
}

/// Better Auth's Redis cannot be watched: what ends there is not noticed.
#[cfg(feature = "redis")]
pub(crate) fn secondary_storage_unheard(cause: &dyn fmt::Display, left_out: u64) {
    tracing::warn!(
        target: TARGET,
        cause = %Visible(cause),
        left_out,
        fix = "look at Better Auth's Redis, and at the URL and the rights of its user",
        "secondary storage is not heard: sessions are remembered for seconds only"
    );
}

#[cfg(feature = "redis")]
pub(crate) fn secondary_storage_heard() {
    tracing::info!(target: TARGET, "secondary storage is heard");
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

/// Redis was of no use: the auth server is asked instead. `cause` is a word of Redis's or ours.
#[cfg(feature = "redis")]
pub(crate) fn redis_trouble(what: &str, cause: &str, left_out: u64) {
    let fix = match cause {
        "gap" => {
            "Redis was emptied or restarted, or has lost writes; everything is asked for anew. If it was not you, let \
             nothing evict or delete keys there"
        }
        "unreadable" | "WRONGTYPE" => {
            "give processes that share sessions the same secret, and fleets that do not another `namespace`; if they \
             have, somebody else writes there"
        }
        "OOM" | "READONLY" | "MISCONF" => {
            "let Redis take writes: connect to its primary, and give it room"
        }
        "NOAUTH" | "WRONGPASS" | "NOPERM" | "authentication failed" => {
            "look at the user and password in the URL of `redis`, and at what they may do"
        }
        _ => "look at Redis and the way to it; until then the auth server is asked more often",
    };
    tracing::warn!(target: TARGET, cause, fix, left_out, "shared cache: {what}");
}
