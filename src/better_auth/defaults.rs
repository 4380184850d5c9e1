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

/// The most that a check may take in all, from the start of a connection to the last byte of the answer: 5 seconds.
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
