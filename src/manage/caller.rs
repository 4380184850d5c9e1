//! Whoever sent a request, and what they want done.

use std::{sync::Arc, time::Duration};

use http::{Extensions, HeaderMap, HeaderValue};
use tracing::Instrument;

use super::{Device, SignedOut};
use crate::{
    better_auth::{BetterAuth, defaults},
    client::{Listed, Order},
    credential::Inquiry,
    rejection::Rejection,
    require,
    types::AuthSession,
    validate::{Invalidation, NotDone},
    verdict::{Ask, Verdict},
};

#[derive(Clone)]
pub(super) struct Caller {
    auth: BetterAuth,
    inquiry: Inquiry,
}

impl Caller {
    /// Takes from the request all that there is to take.
    pub(super) fn new(auth: &BetterAuth, headers: &HeaderMap, extensions: &Extensions) -> Self {
        Self {
            inquiry: auth.validator().inquire(headers, extensions),
            auth: auth.clone(),
        }
    }

    pub(super) async fn list(&self) -> Result<Vec<Device>, Rejection> {
        let own = self.session().await?;
        let sessions = self.sessions(&own).await?.map(|listed| listed.session);
        Ok(Device::list(sessions, &own.session.id))
    }

    pub(super) async fn revoke(&self, id: &str) -> Result<(), Rejection> {
        let own = self.session().await?;
        let token = self
            .sessions(&own)
            .await?
            .find(|listed| listed.session.id == id)
            .map(|listed| listed.token)
            .ok_or_else(Rejection::session_not_found)?;
        let ended = Ended::Session(id.to_owned());
        self.carry_out(Order::Revoke(token), ended).await?;
        Ok(())
    }

    pub(super) async fn revoke_others(&self) -> Result<(), Rejection> {
        let own = self.session().await?;
        let ended = Ended::SessionsOf(own.user.id.clone());
        self.carry_out(Order::RevokeOthers, ended).await?;
        Ok(())
    }

    pub(super) async fn sign_out(&self) -> Result<SignedOut, Rejection> {
        let own = self.session().await?;
        let ended = Ended::Session(own.session.id.clone());
        let set_cookies = self.carry_out(Order::SignOut, ended).await?;
        // The server reports success also when its database could not be reached.
        match self.auth.validator().look_again(&self.inquiry).await {
            Verdict::SignedOut | Verdict::Anonymous => Ok(SignedOut { set_cookies }),
            Verdict::Unavailable { retry_after } => Err(unavailable(Some(retry_after))),
            Verdict::Active(_) | Verdict::Banned(_) => Err(unavailable(None)),
        }
    }

    /// The session of the request, as the auth server says at this moment: the only one of its endpoints that tells an
    /// outage from a session that is over.
    async fn session(&self) -> Result<Arc<AuthSession>, Rejection> {
        let verdict = self.auth.validator().ask_now(&self.inquiry).await;
        Rejection::unless_active(verdict)
    }

    /// The sessions of the user themselves, whatever else is listed.
    async fn sessions(&self, own: &AuthSession) -> Result<impl Iterator<Item = Listed>, Rejection> {
        let listed = self.auth.validator().list_sessions(&self.inquiry).await;
        let user_id = own.user.id.clone();
        let is_own = move |listed: &Listed| listed.session.user_id == user_id;
        Ok(listed.map_err(rejection)?.into_iter().filter(is_own))
    }

    /// Ends sessions at the auth server, and in what is remembered here: before, so that nobody gets in meanwhile on an
    /// entry, and after, because somebody may have asked meanwhile.
    ///
    /// In a task of its own: whoever hangs up now has the sessions ended all the same.
    async fn carry_out(&self, order: Order, ended: Ended) -> Result<Vec<HeaderValue>, Rejection> {
        let caller = self.clone();
        let task = async move {
            let validator = caller.auth.validator();
            validator.forget(&ended.invalidation()).await;
            let done = validator.carry_out(&order, &caller.inquiry).await;
            // Also without an answer: the server may have done it.
            ended.invalidate(&caller.auth).await;
            done.map_err(rejection)
        };
        let done = tokio::spawn(task.in_current_span()).await;
        done.unwrap_or_else(|_| Err(unavailable(None)))
    }
}

/// What is over.
enum Ended {
    Session(String),
    /// All of a user's, in what is remembered: the one that goes on is asked for once more.
    SessionsOf(String),
}

impl Ended {
    fn invalidation(&self) -> Invalidation<'_> {
        match self {
            Self::Session(id) => Invalidation::Session(id),
            Self::SessionsOf(id) => Invalidation::User(id),
        }
    }

    async fn invalidate(&self, auth: &BetterAuth) {
        match self {
            Self::Session(id) => auth.invalidate_session(id).await,
            Self::SessionsOf(id) => auth.invalidate_user(id).await,
        }
    }
}

fn rejection(not_done: NotDone) -> Rejection {
    match not_done {
        NotDone::NotFresh => require::not_fresh().into(),
        NotDone::Unavailable { retry_after } => unavailable(Some(retry_after)),
        NotDone::Misconfigured => Rejection::misconfigured(),
    }
}

fn unavailable(retry_after: Option<Duration>) -> Rejection {
    Rejection::unavailable(retry_after.unwrap_or(defaults::RETRY_AFTER))
}
