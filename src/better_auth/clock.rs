//! The clock of a handle, for tests.

use std::{sync::Arc, time::SystemTime};

use super::BetterAuthBuilder;
use crate::clock::{Clock, Given};

impl BetterAuthBuilder {
    /// Goes by this clock where something ends on a date: a session, a ban, the freshness that a guard asks for.
    ///
    /// For tests, as all of the feature `testing`; [`AuthServer::builder`](crate::testing::AuthServer::builder) sets it.
    /// What lasts for a span (the ttl of a cache, the deadline, an open circuit breaker) goes by Tokio's clock, which a
    /// test can pause and advance. Defaults to the system's clock.
    ///
    /// # Examples
    ///
    /// ```
    /// use tower_better_auth::{BetterAuth, testing::Clock};
    ///
    /// let clock = Clock::new();
    /// let its_time = clock.clone();
    /// let auth = BetterAuth::builder("http://localhost:3000")
    ///     .clock(move || its_time.now())
    ///     .build()?;
    /// # Ok::<_, tower_better_auth::ConfigError>(())
    /// ```
    #[cfg_attr(docsrs, doc(cfg(feature = "testing")))]
    pub fn clock(mut self, now: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        self.clock = Clock::Given(Given(Arc::new(now)));
        self
    }
}
