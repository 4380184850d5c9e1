//! Sessions that are prolonged, and browsers that hear of it.

use super::BetterAuthBuilder;
use crate::question::Refresh;

impl BetterAuthBuilder {
    /// Lets the auth server prolong sessions that are due for it, and passes the new cookie on to the browser: for browsers
    /// that talk to nobody but this service.
    ///
    /// Better Auth prolongs a session when it is asked about it, once a day unless told otherwise, and sets the cookie anew.
    /// Without this setting it is told not to, and a browser that never talks to it is signed out when the cookie ends,
    /// after seven days. With it:
    ///
    /// - The lines of `Set-Cookie` come back as they came, in order, in front of the handler's own, and the response gets
    ///   `Cache-Control: private, no-store` whatever the handler said. Only cookies that are [forwarded](crate::guide::sent)
    ///   come back. Of several requests that waited for one answer, the first that is answered passes them on.
    /// - Whoever is signed out has the cookies deleted, if the auth server says so. Never in an outage.
    /// - Sessions without "remember me" and impersonations stay as short as they are: their `dont_remember` cookie is
    ///   forwarded, also with [`session_cookie`](Self::session_cookie), by the [`cookie_prefix`](Self::cookie_prefix).
    /// - With a [`cache`](Self::cache), one request in an hour waits for the auth server although its session is
    ///   remembered, or one in a tenth of what is left of the session where that is less.
    ///
    /// Only [`SessionAuth`](crate::SessionAuth) has a response that can pass cookies on. Renewals in the background,
    /// [`validate`](crate::BetterAuth::validate), [`Require::live`](crate::Require::live) and requests that show a token of
    /// their own prolong nothing. See the [guide](crate::guide::refresh). Off by default.
    ///
    /// # Examples
    ///
    /// ```
    /// use tower_better_auth::BetterAuth;
    ///
    /// let auth = BetterAuth::builder("http://localhost:3000").refresh_sessions().build()?;
    /// # Ok::<_, tower_better_auth::ConfigError>(())
    /// ```
    pub fn refresh_sessions(mut self) -> Self {
        self.refresh = Refresh::WhenDue;
        self
    }
}
