//! How it stands with the auth server: a check for the start of a service, and readiness without asking anybody.
//!
//! - [`BetterAuth::check`](crate::BetterAuth::check) asks the auth server, and says what is wrong and what to do.
//! - [`BetterAuth::readiness`](crate::BetterAuth::readiness) is what a handle knows at a moment, as data.
//! - [`BetterAuth::readiness_service`](crate::BetterAuth::readiness_service) is the same as a tower service, for a probe.
//!
//! The [guide](crate::guide::operating) says when to take which.

mod check;
mod cookie_name;
mod diagnosis;
mod judge;
mod readiness;
mod service;

pub use self::{
    diagnosis::{CheckError, CheckErrorKind, Diagnosis, Warning, WarningKind},
    readiness::{BreakerState, Readiness},
    service::ReadinessService,
};
