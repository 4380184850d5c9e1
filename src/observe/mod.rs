//! What happened, for whoever reads the log: `tracing` events under the target `tower_better_auth`.
//!
//! | level | event | when |
//! | --- | --- | --- |
//! | error | a mistake in the program, with its fix | a layer is missing, a guard can never let anybody in |
//! | warn | something to look at, with its fix | a handle for plain `http` to another host was built, or a check warns |
//! | warn | the auth server gave no verdict, with the cause | the verdict is 503 `AUTH_SERVICE_UNAVAILABLE` |
//! | debug | one cookie name came more than once | the server was asked all the same, or the request refused |
//! | debug | a credential was refused without a call | it was too large, or ambiguous and refused by choice |
//! | debug | a guard, or `require_role` or `require_id`, denied access | the verdict is 403 |
//!
//! No event holds a cookie, a token, or text that a client sent. Two things are logged as the application gave them:
//! the error of a `decode_with`, and the code of a `Denied`.

use std::fmt;

use crate::credential::Unusable;

const TARGET: &str = "tower_better_auth";

/// A mistake of the application's developer. `message` names the fix.
pub(crate) fn misconfigured(message: impl fmt::Display) {
    tracing::error!(target: TARGET, "{message}");
}

/// Something to look at before it hurts. `message` names the fix.
pub(crate) fn advice(message: impl fmt::Display) {
    tracing::warn!(target: TARGET, "{message}");
}

/// The auth server could not be asked: the request is answered 503.
pub(crate) fn unavailable(asked: &str, cause: &dyn fmt::Display, fix: Option<&str>) {
    let fix = fix.unwrap_or("look at the auth server and the way to it");
    tracing::warn!(target: TARGET, asked, %cause, fix, "auth server unavailable");
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
    tracing::debug!(target: TARGET, code, "access denied");
}
