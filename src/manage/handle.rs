use std::future::Future;

use http::{Extensions, HeaderMap};

use super::{Device, SignedOut, caller::Caller};
use crate::{better_auth::BetterAuth, rejection::Rejection};

impl BetterAuth {
    /// The devices on which whoever sent a request is signed in: that of the request first, then the latest sign-in.
    ///
    /// Asks `GET /get-session`, past every cache, and `GET /list-sessions`. Better Auth answers that only while the
    /// sign-in is younger than its `freshAge`, one day unless set otherwise.
    ///
    /// # Errors
    ///
    /// Those of [`validate`](Self::validate), and 403 `SESSION_NOT_FRESH`, upon which a client signs in again. An auth
    /// server that gives no list is a 503; one of more than [`max_body`](crate::BetterAuthBuilder::max_body) too, which
    /// by default holds about a hundred devices.
    ///
    /// # Examples
    ///
    /// ```
    /// use http::{HeaderMap, header};
    /// use tower_better_auth::{BetterAuth, testing::{AuthServer, session, user}};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let server = AuthServer::start().await;
    /// server.sign_in(session().user(user("ada")).user_agent("Phone"));
    /// let laptop = server.sign_in(session().user(user("ada")).user_agent("Laptop"));
    ///
    /// let auth = BetterAuth::new(server.url())?;
    /// let headers = HeaderMap::from_iter([(header::COOKIE, laptop.cookie())]);
    /// let devices = auth.list_sessions(&headers).await?;
    /// let names: Vec<_> = devices.iter().filter_map(|device| device.user_agent.as_deref()).collect();
    /// assert_eq!(names, ["Laptop", "Phone"]);
    /// assert!(devices[0].is_current);
    /// # Ok(())
    /// # }
    /// ```
    pub fn list_sessions(
        &self,
        headers: &HeaderMap,
    ) -> impl Future<Output = Result<Vec<Device>, Rejection>> + Send + 'static + use<> {
        let caller = Caller::new(self, headers, &Extensions::new());
        async move { caller.list().await }
    }

    /// Signs out one device of whoever sent the request, by the id of its session.
    ///
    /// Finds it among their own, and asks `POST /revoke-session`. It is forgotten by the cache before that and after. A
    /// request's own session can be revoked as well, but [`sign_out`](Self::sign_out) also takes the cookies from the
    /// browser.
    ///
    /// # Errors
    ///
    /// Those of [`list_sessions`](Self::list_sessions), and 404 `SESSION_NOT_FOUND`: no session of this user has that
    /// id, whether another user's has or none. 500 `AUTH_MISCONFIGURED` where the auth server does not trust this handle's
    /// [`origin`](crate::BetterAuthBuilder::origin); the log says so.
    ///
    /// # Cancel safety
    ///
    /// Once the auth server is asked to end it, it goes through with it, also when the future is dropped.
    ///
    /// # Examples
    ///
    /// ```
    /// use http::{HeaderMap, header};
    /// use tower_better_auth::{BetterAuth, testing::{AuthServer, user}};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let server = AuthServer::start().await;
    /// let (phone, laptop) = (server.sign_in(user("ada")), server.sign_in(user("ada")));
    /// let auth = BetterAuth::new(server.url())?;
    /// let headers = |device: &tower_better_auth::testing::SignedIn| {
    ///     HeaderMap::from_iter([(header::COOKIE, device.cookie())])
    /// };
    ///
    /// auth.revoke_session(&headers(&laptop), phone.session_id()).await?;
    /// assert_eq!(auth.validate(&headers(&phone)).await.unwrap_err().code(), "INVALID_SESSION");
    /// assert!(auth.validate(&headers(&laptop)).await.is_ok());
    /// # Ok(())
    /// # }
    /// ```
    pub fn revoke_session(
        &self,
        headers: &HeaderMap,
        id: &str,
    ) -> impl Future<Output = Result<(), Rejection>> + Send + 'static + use<> {
        let (caller, id) = (
            Caller::new(self, headers, &Extensions::new()),
            id.to_owned(),
        );
        async move { caller.revoke(&id).await }
    }

    /// Signs out all other devices of whoever sent the request.
    ///
    /// Asks `POST /revoke-other-sessions`. All sessions of the user are forgotten by the cache before that and after.
    ///
    /// # Errors
    ///
    /// Those of [`validate`](Self::validate), and 500 `AUTH_MISCONFIGURED` as with
    /// [`revoke_session`](Self::revoke_session). After a 503 nobody knows which of them have ended: ask again.
    ///
    /// # Cancel safety
    ///
    /// As with [`revoke_session`](Self::revoke_session).
    pub fn revoke_other_sessions(
        &self,
        headers: &HeaderMap,
    ) -> impl Future<Output = Result<(), Rejection>> + Send + 'static + use<> {
        let caller = Caller::new(self, headers, &Extensions::new());
        async move { caller.revoke_others().await }
    }

    /// Signs out whoever sent the request, and gives the lines that take the cookies from the browser.
    ///
    /// Asks `POST /sign-out`, and then `GET /get-session`: Better Auth reports success also when it could not delete the
    /// session. So `Ok` says that the session is over. The cache forgets it before that and after.
    ///
    /// Signing out at an identity provider as well, and the other accounts of the multi-session plugin, need Better Auth's
    /// own endpoint, called by the browser.
    ///
    /// # Errors
    ///
    /// Those of [`validate`](Self::validate), 401 for whoever is signed out already. After a 503 the session goes on, or
    /// nobody knows: the browser keeps its cookies, and may ask again. A session made from an API key cannot be signed out,
    /// and stays a 503. 500 `AUTH_MISCONFIGURED` as with [`revoke_session`](Self::revoke_session).
    ///
    /// # Cancel safety
    ///
    /// As with [`revoke_session`](Self::revoke_session).
    ///
    /// # Examples
    ///
    /// See [`SignedOut`].
    pub fn sign_out(
        &self,
        headers: &HeaderMap,
    ) -> impl Future<Output = Result<SignedOut, Rejection>> + Send + 'static + use<> {
        let caller = Caller::new(self, headers, &Extensions::new());
        async move { caller.sign_out().await }
    }
}
