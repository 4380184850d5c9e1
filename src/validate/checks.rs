//! What a call to the auth server comes to, also when nobody waits for it any more.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use tokio::time::Instant;

use crate::{
    cache::{Generation, Key, RecentlyActive, SessionCache, Weight},
    client::{Answer, Asked, Client, Lane, Unavailable},
    observe,
    question::Reply,
    types::AuthSession,
    verdict::Verdict,
};

/// What a call under way holds on to, also when nobody waits for it any more.
pub(super) struct Checks {
    pub(super) client: Client,
    pub(super) cache: Option<SessionCache>,
    pub(super) recently_active: RecentlyActive,
    /// What a client is told when the auth server did not say when to come back.
    pub(super) retry_after: Duration,
}

/// What a call found out, for everybody who waited for it.
#[derive(Clone)]
pub(super) enum Finding {
    Active(Arc<AuthSession>),
    SignedOut,
    Unavailable { retry_after: Duration },
}

/// What a call found out, and when it began.
#[derive(Clone)]
pub(super) struct Landed {
    pub(super) finding: Finding,
    pub(super) born: Option<Generation>,
}

impl Checks {
    pub(super) fn generation(&self) -> Option<Generation> {
        self.cache.as_ref().map(SessionCache::generation)
    }

    /// Where a credential has to queue.
    pub(super) fn lane(&self, key: Key) -> Lane {
        if self.recently_active.contains(key, Instant::now()) {
            Lane::Known
        } else {
            Lane::Unknown
        }
    }

    /// What an answer about the credential of this key comes to.
    pub(super) fn finding(&self, key: Key, answer: Result<Answer, Unavailable>) -> Finding {
        match answer {
            Ok(Answer::Active(session)) => {
                self.recently_active.note(key, Instant::now());
                Finding::Active(session)
            }
            Ok(Answer::SignedOut) => Finding::SignedOut,
            Err(unavailable) => self.unavailable(Asked::Session, &unavailable),
        }
    }

    /// Takes down what a call found out.
    pub(super) fn keep(&self, key: Key, landed: &Landed) {
        if let (Some(cache), Some(born)) = (&self.cache, landed.born) {
            match &landed.finding {
                Finding::Active(session) => cache.put(key, session, born, Instant::now()),
                Finding::SignedOut => cache.put_signed_out(key, Instant::now()),
                Finding::Unavailable { .. } => {}
            }
        }
    }

    /// Says in the log why there is no answer, and tells when to come back.
    pub(super) fn unavailable(&self, asked: Asked, unavailable: &Unavailable) -> Finding {
        observe::unavailable(asked.name(), &unavailable.cause, unavailable.fix(asked));
        Finding::Unavailable {
            retry_after: unavailable.retry_after.unwrap_or(self.retry_after),
        }
    }
}

impl Landed {
    /// What the finding means for what others find out: a credential that is signed out stays so.
    pub(super) fn weight(&self) -> Weight {
        match &self.finding {
            Finding::Active(session) if session.session.is_over_at(SystemTime::now()) => {
                Weight::Final
            }
            Finding::Active(_) => Weight::UntilNewer,
            Finding::SignedOut => Weight::Final,
            Finding::Unavailable { .. } => Weight::Nothing,
        }
    }
}

impl Finding {
    /// The verdict at the time of now.
    pub(super) fn verdict(self) -> Verdict {
        match self {
            Self::Active(session) => {
                let verdict = Verdict::of(session, SystemTime::now());
                if matches!(verdict, Verdict::SignedOut) {
                    observe::advice(
                        "the auth server answered with a session that has ended by this host's clock: if that is not \
                         rare, compare the clocks of the two",
                    );
                }
                verdict
            }
            Self::SignedOut => Verdict::SignedOut,
            Self::Unavailable { retry_after } => Verdict::Unavailable { retry_after },
        }
    }

    /// What an unanswered question comes to.
    pub(super) fn reply(self) -> Reply {
        match self {
            Self::Unavailable { retry_after } => Reply::Unavailable { retry_after },
            Self::Active(_) | Self::SignedOut => Reply::Misconfigured,
        }
    }
}
