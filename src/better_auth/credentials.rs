//! The settings that say which credentials count.

use super::BetterAuthBuilder;
use crate::{
    client::CookieCache,
    credential::{Acceptance, Ambiguity},
};

impl BetterAuthBuilder {
    /// What stands before the dot in the cookies' names: Better Auth's `advanced.cookiePrefix`.
    ///
    /// The names with `__Secure-` in front are found as well. Defaults to `better-auth`.
    pub fn cookie_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.cookie_prefix = prefix.into();
        self
    }

    /// The session cookie's name in full, with `__Secure-` where the server has it:
    /// Better Auth's `advanced.cookies.session_token.name`.
    ///
    /// No other spelling is forwarded then. A `dont_remember` cookie is only with
    /// [`refresh_sessions`](Self::refresh_sessions), and `session_data` only with
    /// [`trust_cookie_cache`](Self::trust_cookie_cache), as always; their names follow
    /// [`cookie_prefix`](Self::cookie_prefix). Not set by default: this name follows it as well.
    pub fn session_cookie(mut self, name: impl Into<String>) -> Self {
        self.session_cookie = Some(name.into());
        self
    }

    /// Counts a request as signed out, without a call, when it brings one forwarded cookie name more than once.
    ///
    /// The answer is then 401 `INVALID_SESSION`. A sibling subdomain can set such a cookie. By default all of them are
    /// forwarded in the order sent, the server reads the first, and an [audit event](Self::audit) says so.
    pub fn reject_ambiguous_cookies(mut self) -> Self {
        self.ambiguity = Ambiguity::Reject;
        self
    }

    /// Accepts `Authorization: Bearer`, for auth servers with Better Auth's bearer plugin.
    ///
    /// Where a request brings a cookie as well, both are forwarded. The server takes the bearer before the cookie, and
    /// the cookie when the bearer's signature is bad; a token without a signature counts also when its session is over.
    /// Off by default: the header is then ignored.
    pub fn accept_bearer(mut self) -> Self {
        self.bearer = Acceptance::Accepted;
        self
    }

    /// Accepts `X-Api-Key`, for auth servers with Better Auth's API key plugin and `enableSessionForAPIKeys`.
    ///
    /// A key overrides cookies, also when it is not valid: the server's 403 `INVALID_API_KEY` is 401 `INVALID_SESSION` here,
    /// as is its `null`. Every check counts against the key's own rate limit, which
    /// Better Auth sets to ten a day unless told otherwise. Off by default: the header is then ignored.
    ///
    /// # Security
    ///
    /// For a key, Better Auth sends the user with all fields, also those with `returned: false`, which it leaves out
    /// for a cookie. Do not send that user to clients as it is.
    pub fn accept_api_key(mut self) -> Self {
        self.api_key = Acceptance::Accepted;
        self
    }

    /// Lets the auth server answer from its cookie cache, by forwarding `session_data` as well.
    ///
    /// Needed for servers without a database. On all others the price is that a revoked session, a ban and a changed
    /// role are seen only when the cookie ends, after five minutes unless the server says otherwise. Off by default.
    ///
    /// Raises the most that is forwarded from 8 KiB to 14 KiB.
    pub fn trust_cookie_cache(mut self) -> Self {
        self.cookie_cache = CookieCache::Trusted;
        self
    }
}
