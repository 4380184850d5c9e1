//! The settings that say how often the auth server is asked, and what happens while it fails.

use super::BetterAuthBuilder;
use crate::cache::Cache;

/// Whether calls stop while the auth server fails, for
/// [`BetterAuthBuilder::circuit_breaker`](crate::BetterAuthBuilder::circuit_breaker).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct CircuitBreaker {
    pub(super) is_on: bool,
}

impl CircuitBreaker {
    /// When half of at least twenty calls within ten seconds have failed, no call is made for two seconds. Then one is, and
    /// its outcome decides. Meanwhile requests are answered 503 at once, and sessions in the cache go on.
    ///
    /// Failed is what speaks against the server: no connection, no answer within the deadline; and where a session was
    /// asked for, 5xx, 404 and 405, redirects, compressed answers, and pages in place of JSON. What a single user can
    /// bring about does not count: an answer that is too large, how a guard's question or an order about devices is
    /// answered, and a 500 to cookies of the [cookie cache](crate::BetterAuthBuilder::trust_cookie_cache).
    pub const fn on() -> Self {
        Self { is_on: true }
    }

    /// Every check makes its call, however many have failed.
    pub const fn off() -> Self {
        Self { is_on: false }
    }
}

impl BetterAuthBuilder {
    /// Remembers sessions that were found active, so that most requests cost no call.
    ///
    /// The price is that a sign-out, a ban or a changed role can go unnoticed for the ttl, unless somebody
    /// [says so](crate::guide::revocations). Better Auth sends `Cache-Control: no-store` with a session, since 1.6.24; setting
    /// this is the consent to remember it all the same. See [`Cache`] for its rules. Off by default: every request is checked
    /// with the auth server.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use tower_better_auth::{BetterAuth, Cache};
    ///
    /// let auth = BetterAuth::builder("http://localhost:3000")
    ///     .cache(Cache::ttl(Duration::from_secs(10)).capacity(50_000))
    ///     .build()?;
    /// # Ok::<_, tower_better_auth::ConfigError>(())
    /// ```
    pub fn cache(mut self, cache: Cache) -> Self {
        self.cache = Some(cache);
        self
    }

    /// How often a call is made once more when it failed before the server can have answered: no connection, a connection
    /// that broke, 502, 503, 504.
    ///
    /// Within the deadline, after a short random wait, and for a sixth of all calls, plus ten in ten seconds. Defaults to 1.
    pub fn retries(mut self, retries: u32) -> Self {
        self.retries = retries;
        self
    }

    /// Whether calls stop while the auth server fails. Defaults to [`CircuitBreaker::on`].
    pub fn circuit_breaker(mut self, circuit_breaker: CircuitBreaker) -> Self {
        self.circuit_breaker = circuit_breaker;
        self
    }

    /// The most calls that are made at once; further ones wait their turn, within the deadline.
    ///
    /// One Node process answers about a thousand calls a second, and gets slower from a few dozen at once on. Defaults to
    /// 64.
    ///
    /// A quarter of them, rounded up, is for sessions that were found active within the last hour; of a single one
    /// nothing is kept back. So a flood of made-up cookies, whose calls go on when their clients hang up, does not hold
    /// up the checks of those who are signed in. Whoever has just signed in counts as everybody else for one check.
    ///
    /// No more than 4,096 of those others wait for a turn: past that they are answered 503 at once.
    pub fn max_concurrency(mut self, calls: usize) -> Self {
        self.max_concurrency = calls;
        self
    }
}
