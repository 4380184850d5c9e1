//! The value of every setting that is not set.

use std::time::Duration;

/// Better Auth's own base path: `/api/auth`.
pub const BASE_PATH: &str = "/api/auth";

/// Better Auth's own endpoint: `/get-session`.
pub const SESSION_PATH: &str = "/get-session";

/// Better Auth's own prefix of cookie names: `better-auth`.
pub const COOKIE_PREFIX: &str = "better-auth";

/// The most that a new connection may take: 1 second.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);

/// The most that a check may take in all, from waiting for its turn to the last byte of the answer: 5 seconds.
pub const DEADLINE: Duration = Duration::from_secs(5);

/// The most bytes of an answer's body that are read: 64 KiB. Users choose their names, and Better Auth sets no limit.
pub const MAX_BODY: usize = 64 * 1024;

/// The most bytes of credentials that are forwarded: 8 KiB. Node refuses 16 KiB of headers.
pub const MAX_CREDENTIAL: usize = 8 * 1024;

/// The same with [`trust_cookie_cache`](crate::BetterAuthBuilder::trust_cookie_cache), whose cookies hold the session
/// itself: 14 KiB.
pub const MAX_CREDENTIAL_WITH_COOKIE_CACHE: usize = 14 * 1024;

/// What `Retry-After` says when the auth server did not say when to come back: 2 seconds.
pub const RETRY_AFTER: Duration = Duration::from_secs(2);

/// How long a [`Lease`](crate::Lease) goes on before it asks again, a tenth more or less: 60 seconds.
pub const LEASE_INTERVAL: Duration = Duration::from_secs(60);

/// How long a [`Lease`](crate::Lease) bears an auth server that cannot be asked: 5 minutes.
pub const LEASE_OUTAGE: Duration = Duration::from_secs(5 * 60);

/// How often a call that failed is made once more: 1.
pub const RETRIES: u32 = 1;

/// The most calls at once: 64.
pub const MAX_CONCURRENCY: usize = 64;

/// The share of calls that have to fail before the circuit breaker opens: 0.5.
pub const BREAKER_FAILURES: f64 = 0.5;

/// The fewest calls on which the circuit breaker decides: 20.
pub const BREAKER_CALLS: u32 = 20;

/// The time over which the circuit breaker counts: 10 seconds.
pub const BREAKER_WINDOW: Duration = Duration::from_secs(10);

/// How long the circuit breaker stays open before it lets one call through: 2 seconds.
pub const BREAKER_OPEN: Duration = Duration::from_secs(2);
