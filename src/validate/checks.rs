//! What a call to the auth server comes to, also when nobody waits for it any more.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, SystemTime},
};

use http::{HeaderValue, StatusCode};
use tokio::time::Instant;

use super::report::{Checked, NO_SESSION};
use crate::{
    cache::{
        Generation, Key, Position, RecentlyActive, SessionCache, Shared, SharedKey, Turns, Weight,
    },
    client::{Answer, Asked, Cause, Client, Lane, Told, Unavailable},
    clock::Clock,
    cookie::{self, CookieNames, Said, SetCookies},
    observe::{self, Throttles},
    question::{Refresh, Reply},
    types::AuthSession,
    verdict::Verdict,
};

/// What a call under way holds on to, also when nobody waits for it any more.
pub(super) struct Checks {
    pub(super) client: Client,
    /// Which of the auth server's may come back.
    pub(super) cookies: CookieNames,
    pub(super) cache: Option<SessionCache>,
    pub(super) turns: Turns,
    /// Where there is a cache as well.
    pub(super) shared: Option<Arc<dyn Shared>>,
    pub(super) recently_active: RecentlyActive,
    pub(super) clock: Clock,
    /// What a client is told when the auth server did not say when to come back.
    pub(super) retry_after: Duration,
    pub(super) warnings: Throttles,
    /// When everything was last forgotten, here or for another process.
    pub(super) emptied: Mutex<Option<Instant>>,
}

/// What a call found out, for everybody who waited for it.
#[derive(Clone)]
pub(super) enum Finding {
    Active(Arc<AuthSession>),
    SignedOut,
    Unavailable {
        retry_after: Duration,
        /// In a word.
        cause: &'static str,
    },
}

/// What a call found out, when it began, and what that means for what others find out.
#[derive(Clone)]
pub(super) struct Landed {
    pub(super) finding: Finding,
    pub(super) birth: Option<Birth>,
    pub(super) weight: Weight,
    /// Of the auth server's answer, if there is one.
    pub(super) status: Option<StatusCode>,
    /// For one of those who waited and have a response that can pass them on.
    pub(super) set_cookies: SetCookies,
    pub(super) teller: Teller,
}

/// The moment before a call: what was revoked later makes its answer void.
#[derive(Clone, Copy)]
pub(super) struct Birth {
    pub(super) generation: Generation,
    pub(super) position: Position,
    pub(super) at: Instant,
    pub(super) date: SystemTime,
}

/// Who said it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Teller {
    AuthServer {
        /// Whether other processes may know something else.
        shared: SharedEntry,
    },
    /// Another process, to which the auth server had said it so long ago.
    SharedCache { age: Duration },
}

/// What is known of a credential's entry in the second level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SharedEntry {
    None,
    Possible,
}

/// The names of a credential in both levels.
#[derive(Clone, Copy)]
pub(super) struct Names {
    pub(super) key: Key,
    pub(super) shared: Option<SharedKey>,
}

/// How old an answer of the second level may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Oldest {
    /// As old as one of this process's.
    Ttl,
    /// Half as old: for what is asked for ahead of its end. Whoever is the first of the processes to ask does so for all.
    HalfTtl,
    /// Only the auth server will do: who asks for the sake of a browser's cookie gets none from another process.
    Now,
}

impl Checks {
    /// To be taken before the second level or the auth server is asked.
    pub(super) fn birth(&self) -> Option<Birth> {
        let cache = self.cache.as_ref()?;
        Some(Birth {
            generation: cache.generation(),
            position: self
                .shared
                .as_ref()
                .map_or_else(Position::default, |shared| shared.position()),
            at: Instant::now(),
            date: self.clock.now(),
        })
    }

    /// Where a credential has to queue.
    pub(super) fn lane(&self, key: Key) -> Lane {
        if self.recently_active.contains(key, Instant::now()) {
            Lane::Known
        } else {
            Lane::Unknown
        }
    }

    /// How long a session goes on.
    pub(super) fn rest(&self, session: &AuthSession) -> Duration {
        let expires_at = session.session.expires_at;
        expires_at
            .duration_since(self.clock.now())
            .unwrap_or_default()
    }

    /// What the answer to a call that began at `birth` comes to.
    pub(super) fn landed(
        &self,
        key: Key,
        birth: Option<Birth>,
        shared: SharedEntry,
        refresh: Refresh,
        told: Told<Answer>,
    ) -> Landed {
        let set_cookies = match (refresh, &told.answer) {
            (Refresh::WhenDue, Ok(Answer::Active(_))) => {
                self.set_cookies(told.set_cookies, Said::Active)
            }
            (Refresh::WhenDue, Ok(Answer::SignedOut)) => {
                self.set_cookies(told.set_cookies, Said::SignedOut)
            }
            (Refresh::WhenDue, Err(_)) | (Refresh::Never, _) => SetCookies::default(),
        };
        let finding = match told.answer {
            Ok(Answer::Active(session)) => {
                self.recently_active.note(key, &session, Instant::now());
                if refresh == Refresh::WhenDue && self.cache.is_some() {
                    self.turns.note(key, Instant::now(), self.rest(&session));
                }
                Finding::Active(session)
            }
            Ok(Answer::SignedOut) => Finding::SignedOut,
            Err(unavailable) => self.unavailable(Asked::Session, &unavailable),
        };
        Landed {
            weight: finding.weight(self.clock.now()),
            finding,
            birth,
            status: told.status,
            set_cookies,
            teller: Teller::AuthServer { shared },
        }
    }

    /// What a call comes to whose task panicked.
    pub(super) fn panicked(&self) -> Landed {
        Landed {
            finding: self.unavailable(Asked::Session, &Cause::Panicked.into()),
            birth: None,
            weight: Weight::Nothing,
            status: None,
            set_cookies: SetCookies::default(),
            teller: Teller::AuthServer {
                shared: SharedEntry::Possible,
            },
        }
    }

    /// Those of the auth server's lines that the browser is told.
    pub(super) fn set_cookies(&self, mut lines: Vec<HeaderValue>, said: Said) -> SetCookies {
        lines.retain(|line| cookie::may_come_back(line.as_bytes(), &self.cookies, said));
        SetCookies::new(lines)
    }

    /// Says in the log why there is no answer, at most once a second, and tells when to come back.
    pub(super) fn unavailable(&self, asked: Asked, unavailable: &Unavailable) -> Finding {
        let (asked_for, cause) = (asked.name(), unavailable.cause.name());
        if let Some(left_out) = self.warnings.pass((asked_for, cause), Instant::now()) {
            let fix = unavailable.fix(asked);
            observe::unavailable(asked_for, &unavailable.cause, fix, left_out);
        }
        Finding::Unavailable {
            cause,
            retry_after: unavailable.retry_after.unwrap_or(self.retry_after),
        }
    }
}

impl Checks {
    /// The verdict at the time of now, with the cookies for whoever has a response to pass them on.
    pub(super) fn verdict(&self, landed: Landed) -> Checked {
        let (verdict, reason) = match landed.finding {
            Finding::Active(session) => match Verdict::of(session, self.clock.now()) {
                Verdict::SignedOut => {
                    self.warn_about_clocks();
                    (Verdict::SignedOut, "expired")
                }
                verdict => {
                    return Checked {
                        status: landed.status,
                        set_cookies: landed.set_cookies,
                        ..Checked::remembered(verdict)
                    };
                }
            },
            Finding::SignedOut => (Verdict::SignedOut, NO_SESSION),
            Finding::Unavailable { retry_after, cause } => {
                (Verdict::Unavailable { retry_after }, cause)
            }
        };
        Checked {
            verdict,
            reason,
            status: landed.status,
            set_cookies: landed.set_cookies,
        }
    }

    fn warn_about_clocks(&self) {
        if self
            .warnings
            .pass(("session", "expired"), Instant::now())
            .is_some()
        {
            observe::advice(
                "the auth server answered with a session that has ended by this host's clock: if that is not rare, \
                 compare the clocks of the two",
            );
        }
    }
}

impl Finding {
    /// A credential that is signed out stays so.
    fn weight(&self, now: SystemTime) -> Weight {
        match self {
            Self::Active(session) if session.session.is_over_at(now) => Weight::Final,
            Self::Active(_) => Weight::UntilNewer,
            Self::SignedOut => Weight::Final,
            Self::Unavailable { .. } => Weight::Nothing,
        }
    }

    /// What an unanswered question comes to.
    pub(super) fn reply(self) -> Reply {
        match self {
            Self::Unavailable { retry_after, .. } => Reply::Unavailable { retry_after },
            Self::Active(_) | Self::SignedOut => Reply::Misconfigured,
        }
    }
}
