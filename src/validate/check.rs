//! One check: what is remembered, a call that is under way, or a new one.

use std::{net::IpAddr, sync::Arc};

use tokio::{runtime::Handle, time::Instant};
use tracing::{Instrument, Span};

use super::{
    Validator,
    checks::{Landed, Names, Oldest, Teller},
    report::Checked,
};
use crate::{
    cache::{Found, Joined, Key},
    client::Lane,
    credential::{Companions, Credential},
    observe::{self, Check, Source},
    question::Refresh,
    types::AuthSession,
    verdict::Verdict,
};

/// How it is found out who it is.
#[derive(Clone, Copy)]
struct Way {
    refresh: Refresh,
    lane: Lane,
    oldest: Oldest,
}

/// What the cache says to a request.
pub(super) enum Remembered {
    Verdict(Verdict),
    /// Active, and time that a request asks which can pass a cookie on.
    Due(Arc<AuthSession>),
    Nothing,
}

impl Validator {
    /// What the cache knows; `key` is not made without one. `is_good_enough` decides on an entry that it is time to ask
    /// for anew.
    pub(super) fn remembered(
        &self,
        key: impl FnOnce() -> Key,
        refresh: Refresh,
        is_good_enough: impl FnOnce(Key) -> bool,
    ) -> Remembered {
        let Some(cache) = &self.checks.cache else {
            return Remembered::Nothing;
        };
        let (key, now, date) = (key(), Instant::now(), self.checks.clock.now());
        let is_due = || refresh == Refresh::WhenDue && self.checks.turns.is_due(key, now);
        let (session, is_aging) = match cache.get(key, now, date) {
            Found::Active(session) | Found::Aging(session) if is_due() => {
                return Remembered::Due(session);
            }
            Found::Active(session) => (session, false),
            Found::Aging(session) => (session, true),
            Found::SignedOut => return Remembered::Verdict(Verdict::SignedOut),
            Found::Nothing => return Remembered::Nothing,
        };
        if is_aging && !is_good_enough(key) {
            return Remembered::Nothing;
        }
        Remembered::Verdict(Verdict::of(session, date))
    }

    /// Asks ahead of the end, so that nobody has to wait for it.
    ///
    /// In the name of the client, so that a 429 is about that client, and not about everybody. The cache knows the session,
    /// whenever it was last asked for. There is no response that could pass a cookie on.
    pub(super) fn renew(&self, key: Key, credential: Credential, client_ip: Option<IpAddr>) {
        if Handle::try_current().is_ok() {
            let companions = Companions {
                client_ip,
                ..Companions::default()
            };
            let span = observe::renewal();
            let way = Way {
                refresh: Refresh::Never,
                lane: Lane::Known,
                oldest: Oldest::HalfTtl,
            };
            let names = self.names(key, &credential);
            drop(self.join(names, credential, companions, way, span));
        }
    }

    pub(super) fn key(&self, credential: &Credential) -> Key {
        self.keys.key(|hasher| credential.hash_into(hasher))
    }

    pub(super) async fn check(
        &self,
        credential: &Credential,
        companions: &Companions,
        refresh: Refresh,
        check: &mut Check,
    ) -> Checked {
        let key = self.key(credential);
        let renew = |key| {
            self.renew(key, credential.clone(), companions.client_ip);
            true
        };
        // Another request may have found it out since this one looked.
        let mut remembered = self.remembered(|| key, refresh, renew);
        if let Remembered::Due(session) = &remembered
            && !self.takes_turn(key, session)
        {
            // Somebody else asks, and what is remembered is good.
            remembered = self.remembered(|| key, Refresh::Never, renew);
        }
        if let Remembered::Verdict(verdict) = remembered {
            check.comes_from(Source::Hit);
            return Checked::remembered(verdict);
        }
        let way = Way {
            refresh,
            lane: self.checks.lane(key),
            oldest: match remembered {
                Remembered::Due(_) => Oldest::Now,
                Remembered::Verdict(_) | Remembered::Nothing => Oldest::Ttl,
            },
        };
        let checked = self.fetch(key, credential, companions, way, check).await;
        if matches!(remembered, Remembered::Due(_))
            && matches!(checked.verdict, Verdict::Unavailable { .. })
            && let Remembered::Verdict(verdict) = self.remembered(|| key, Refresh::Never, |_| true)
        {
            // It asked for the sake of the cookie, and an outage takes nothing away that is remembered.
            check.comes_from(Source::Hit);
            return Checked::remembered(verdict);
        }
        checked
    }

    fn takes_turn(&self, key: Key, session: &AuthSession) -> bool {
        let rest = self.checks.rest(session);
        self.checks.turns.take(key, Instant::now(), rest)
    }

    async fn fetch(
        &self,
        key: Key,
        credential: &Credential,
        companions: &Companions,
        way: Way,
        check: &mut Check,
    ) -> Checked {
        let names = self.names(key, credential);
        let (credential, companions) = (credential.clone(), companions.clone());
        let joined = self.join(names, credential, companions, way, Span::current());
        let is_first = joined.is_first;
        if !is_first {
            check.comes_from(Source::Coalesced);
        }
        let landed = joined.await.unwrap_or_else(|| self.checks.panicked());
        if is_first {
            self.checks.count();
        }
        if is_first && matches!(landed.teller, Teller::SharedCache { .. }) {
            check.comes_from(Source::Shared);
        }
        self.checks.verdict(landed)
    }

    pub(super) fn names(&self, key: Key, credential: &Credential) -> Names {
        let shared = self.checks.shared.as_ref();
        Names {
            key,
            shared: shared
                .map(|shared| shared.key(&mut |mut hasher| credential.hash_into(&mut hasher))),
        }
    }

    /// Waits for the call for this credential: one that is under way, or a new one.
    fn join(
        &self,
        names: Names,
        credential: Credential,
        companions: Companions,
        way: Way,
        span: Span,
    ) -> Joined<Landed> {
        let (checks, keeper) = (Arc::clone(&self.checks), Arc::clone(&self.checks));
        let fetch = || {
            let call = async move {
                let birth = checks.birth();
                let shared = match checks.look(names, birth, way.oldest).await {
                    Ok(landed) => return landed,
                    Err(shared) => shared,
                };
                let Way { refresh, lane, .. } = way;
                let told = checks
                    .client
                    .ask(&credential, &companions, refresh, lane)
                    .await;
                checks.landed(names.key, birth, shared, refresh, told)
            };
            call.instrument(span)
        };
        let keep = move |landed: &Landed| keeper.keep(names, landed);
        self.flights.join(names.key, fetch, keep)
    }
}
