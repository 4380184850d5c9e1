//! The one value that the two sides share: what the auth server said about a request, or the means to ask it.
//!
//! It travels in the request's extensions. The handler's side (extractors, guards) reads it and never sees a
//! network; the auth server's side makes it and never sees a handler.

mod again;
mod checkpoint;
mod lazy;
mod watch;

use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    time::{Duration, SystemTime},
};

use http::{Extensions, HeaderMap};

pub(crate) use self::{
    again::Again,
    checkpoint::Checkpoint,
    lazy::Lazy,
    watch::{Ring, Watch, Watchers},
};

use crate::{
    cookie::SetCookies,
    credential::Inquiry,
    question::{Question, Refresh, Replied},
    types::AuthSession,
};

/// A boxed future: the slow paths, so that what a layer adds to every request stays small.
pub(crate) type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// What is known about who sent a request. No path turns one of these into another.
#[derive(Clone, Debug)]
pub(crate) enum Verdict {
    /// Signed in, now.
    Active(Arc<AuthSession>),
    /// Signed in, and banned by an admin. The session is for the audit trail, and for nobody else.
    Banned(Arc<AuthSession>),
    /// The auth server was asked and knows no such session, or the credential is one that is refused without asking.
    SignedOut,
    /// The request shows no credential; nobody was asked.
    Anonymous,
    /// The auth server could not be asked, or gave no answer that can be believed.
    Unavailable { retry_after: Duration },
}

impl Verdict {
    /// Looks at what the answer itself says: the end of the session, which Better Auth checks as well but a route or
    /// decoder of the application's may not, and bans, which Better Auth does not look at here.
    pub(crate) fn of(session: Arc<AuthSession>, now: SystemTime) -> Self {
        if session.session.is_over_at(now) {
            Self::SignedOut
        } else if session.user.is_banned_at(now) {
            Self::Banned(session)
        } else {
            Self::Active(session)
        }
    }
}

/// A verdict, and the cookies that came with it.
#[derive(Clone, Debug)]
pub(crate) struct Heard {
    pub(crate) verdict: Verdict,
    pub(crate) set_cookies: SetCookies,
}

impl From<Verdict> for Heard {
    fn from(verdict: Verdict) -> Self {
        Self {
            verdict,
            set_cookies: SetCookies::default(),
        }
    }
}

/// Somebody who can find out: the auth server's side, as the handler's side sees it.
pub(crate) trait Ask: Send + Sync {
    /// Takes from a request all that a check needs, so that nothing later can change it.
    fn inquire(&self, headers: &HeaderMap, extensions: &Extensions) -> Inquiry;

    /// Who sent the request. `refresh` says whether there is a response that passes cookies on.
    fn ask<'a>(&'a self, inquiry: &'a Inquiry, refresh: Refresh) -> BoxFuture<'a, Heard>;

    /// Who sent the request, as the auth server says at this moment.
    fn ask_now<'a>(&'a self, inquiry: &'a Inquiry) -> BoxFuture<'a, Verdict>;

    /// A guard denied access: for the audit trail.
    fn note_denied(
        &self,
        headers: &HeaderMap,
        extensions: &Extensions,
        session: Option<&AuthSession>,
        code: &str,
    );

    /// What else the auth server knows about them.
    fn ask_about<'a>(
        &'a self,
        inquiry: &'a Inquiry,
        question: &'a Question,
    ) -> BoxFuture<'a, Replied>;

    /// What time it is, for whatever depends on the date.
    fn now(&self) -> SystemTime;

    /// Who hears of what is revoked.
    fn watchers(&self) -> &Arc<Watchers>;
}

#[cfg(test)]
impl Verdict {
    /// Somebody who is banned, whoever it is.
    pub(crate) fn banned() -> Self {
        let session =
            r#"{"user":{"id":"u"},"session":{"id":"s","expiresAt":"2099-01-01T00:00:00.000Z"}}"#;
        Self::Banned(
            serde_json::from_str(session)
                .map(Arc::new)
                .expect("a session"),
        )
    }
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use serde_json::{Value, json};

    use super::*;

    fn verdict(expires_at: &str, user: &Value) -> Verdict {
        let session = serde_json::from_value(json!({
            "user": user,
            "session": {"id": "s1", "expiresAt": expires_at},
        }));
        let now = UNIX_EPOCH + Duration::from_secs(1_577_836_800); // 2020-01-01
        Verdict::of(Arc::new(session.unwrap()), now)
    }

    #[test]
    fn an_active_answer_is_checked_for_its_end_and_for_bans() {
        let user = json!({"id": "u"});
        let banned = json!({"id": "u", "banned": true});
        assert!(matches!(
            verdict("2020-01-01T00:00:00.001Z", &user),
            Verdict::Active(_)
        ));
        assert!(matches!(
            verdict("2020-01-01T00:00:00.000Z", &user),
            Verdict::SignedOut
        ));
        assert!(matches!(
            verdict("2019-12-31T23:59:59.999Z", &user),
            Verdict::SignedOut
        ));
        assert!(matches!(
            verdict("2021-01-01T00:00:00.000Z", &banned),
            Verdict::Banned(_)
        ));
        assert!(matches!(
            verdict("2019-01-01T00:00:00.000Z", &banned),
            Verdict::SignedOut
        ));
    }
}
