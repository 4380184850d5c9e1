//! Without the feature `metrics`, nothing is counted.

use std::time::Duration;

use super::check::{Outcome, Source};

pub(crate) const fn is_on() -> bool {
    false
}

pub(crate) fn describe() {}

#[inline]
pub(super) fn checked(_: Source, _: Outcome) {}

pub(super) fn fetched(_: &'static str, _: Duration) {}

pub(super) fn in_flight(_: f64) {}

pub(super) fn waiting(_: f64) {}

pub(super) fn unavailable(_: &'static str) {}

pub(super) fn denied(_: &str) {}

pub(super) fn audit_lost() {}

pub(crate) fn retried() {}

pub(crate) fn evicted() {}

pub(crate) fn cache_entries(_: u64) {}

pub(crate) fn breaker(_: u8) {}

#[cfg(feature = "redis")]
pub(crate) fn shared_look(_: &'static str) {}

#[cfg(feature = "redis")]
pub(crate) fn revocation(_: &'static str) {}

#[cfg(feature = "redis")]
pub(crate) fn bus(_: bool) {}
