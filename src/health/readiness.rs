//! How it stands with the auth server, without asking it.

use std::time::Duration;

use tokio::time::Instant;

use crate::better_auth::BetterAuth;
pub use crate::client::BreakerState;

/// What a handle knows of its auth server at a moment. Made by [`BetterAuth::readiness`].
///
/// For a page that operators look at, or a readiness probe that may take this process out of the rotation. Never for a
/// liveness probe: restarting this process does not bring the auth server back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Readiness {
    /// Whether calls are made; [`BreakerState::Closed`] also where the circuit breaker is off.
    pub circuit_breaker: BreakerState,
    /// For how long the auth server still wants to be left alone, after a 429; `None` where calls carry the address of
    /// the [client](crate::BetterAuthBuilder::client_ip), because it means that client alone.
    pub paused_for: Option<Duration>,
    /// How long ago the auth server last gave an answer that could be believed; `None` before the first.
    pub last_contact: Option<Duration>,
    /// About how many sessions are remembered.
    pub cached_sessions: u64,
    /// How long ago the revocations of other processes were last heard, where a cache is
    /// [shared](crate::guide::fleet); `None` before the first time. Below a second all is well.
    pub last_heard: Option<Duration>,
}

impl Readiness {
    /// Whether a check that is not remembered would be made at this moment.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.circuit_breaker != BreakerState::Open && self.paused_for.is_none()
    }
}

impl BetterAuth {
    /// How it stands with the auth server. Asks nobody, and costs next to nothing.
    ///
    /// For a probe, mount [`readiness_service`](Self::readiness_service).
    ///
    /// # Examples
    ///
    /// ```
    /// use tower_better_auth::BetterAuth;
    ///
    /// let auth = BetterAuth::new("http://localhost:3000")?;
    /// let readiness = auth.readiness();
    /// assert!(readiness.is_ready());
    /// assert_eq!(readiness.last_contact, None);
    /// # Ok::<_, tower_better_auth::ConfigError>(())
    /// ```
    #[must_use]
    pub fn readiness(&self) -> Readiness {
        let (validator, now) = (self.validator(), Instant::now());
        let contact = validator.client().contact(now);
        Readiness {
            circuit_breaker: contact.breaker,
            paused_for: contact.paused_for.filter(|_| validator.client_ip.is_none()),
            last_contact: contact.last,
            cached_sessions: validator.cached_sessions(),
            last_heard: validator.silence(now),
        }
    }
}
