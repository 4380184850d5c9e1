//! Where leases come from.

use std::{future::Future, sync::Arc};

use http::{Extensions, HeaderMap};

use super::Lease;
use crate::{
    better_auth::BetterAuth,
    extract::CurrentSession,
    observe,
    question::Refresh,
    rejection::Rejection,
    verdict::{Again, Ask},
};

impl CurrentSession {
    /// Goes on checking the session, for a connection that stays open.
    ///
    /// Asks with the credential that the request had when the session was extracted. A session
    /// [from extensions](Self::from_extensions) has none: its lease is over at once, and the log names the fix, which is
    /// [`BetterAuth::lease`].
    ///
    /// # Examples
    ///
    /// ```
    /// use axum::{extract::WebSocketUpgrade, response::Response};
    /// use tower_better_auth::CurrentSession;
    ///
    /// # #[cfg(feature = "ws")]
    /// async fn chat(session: CurrentSession, upgrade: WebSocketUpgrade) -> Response {
    ///     let mut lease = session.lease();
    ///     upgrade.on_upgrade(async move |mut socket| {
    ///         loop {
    ///             tokio::select! {
    ///                 ended = lease.ended() => return ended.close(socket).await,
    ///                 message = socket.recv() => match message {
    ///                     Some(Ok(message)) => { /* answer it */ }
    ///                     _ => return,
    ///                 },
    ///             }
    ///         }
    ///     })
    /// }
    /// ```
    pub fn lease(&self) -> Lease {
        if let Some(again) = self.again() {
            return Lease::new(self.shared(), again.clone());
        }
        observe::misconfigured(
            "a lease of a `CurrentSession` that was taken from extensions has no credential to ask with: use \
             `BetterAuth::lease` with the request's headers",
        );
        Lease::over(self.shared())
    }
}

impl BetterAuth {
    /// Checks the session of a request as [`validate`](Self::validate) does, and goes on checking it: for connections of
    /// other frameworks.
    ///
    /// The headers are read before the future is returned, which borrows nothing.
    ///
    /// # Errors
    ///
    /// The same [`Rejection`] as [`validate`](Self::validate)'s.
    ///
    /// # Panics
    ///
    /// As [`validate`](Self::validate) does.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(auth: tower_better_auth::BetterAuth, headers: http::HeaderMap) -> Result<(), tower_better_auth::Rejection> {
    /// let mut lease = auth.lease(&headers).await?;
    /// println!("{} is here", lease.session().user.name);
    /// println!("over: {}", lease.ended().await);
    /// # Ok(())
    /// # }
    /// ```
    pub fn lease(
        &self,
        headers: &HeaderMap,
    ) -> impl Future<Output = Result<Lease, Rejection>> + Send + 'static + use<> {
        let validator = self.validator();
        let extensions = Extensions::new();
        let inquiry = validator.inquire(headers, &extensions);
        let seen = validator.watchers().count();
        let asker = Arc::clone(&validator) as Arc<dyn Ask>;
        let again = Again::new(asker, seen, headers, &extensions);
        async move {
            let heard = validator.ask(&inquiry, Refresh::Never).await;
            let session = Rejection::unless_active(heard.verdict)?;
            Ok(Lease::new(&session, again))
        }
    }
}
