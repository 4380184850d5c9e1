//! The two levels of the cache: this process's own, and the one that processes share.

use std::{sync::Arc, time::Duration};

use tokio::time::Instant;

use super::checks::{Birth, Checks, Finding, Landed, Names, Oldest, SharedEntry, Teller};
use crate::{
    cache::{Looked, Shareable, Weight},
    cookie::SetCookies,
    types::AuthSession,
};

impl Checks {
    /// What the second level knows: an answer, or what is left to find out.
    pub(super) async fn look(
        &self,
        names: Names,
        birth: Option<Birth>,
        oldest: Oldest,
    ) -> Result<Landed, SharedEntry> {
        let (Some(shared), Some(key), Some(cache), Some(birth)) =
            (&self.shared, names.shared, &self.cache, birth)
        else {
            return Err(SharedEntry::Possible);
        };
        let oldest = match oldest {
            Oldest::Ttl => cache.ttl(),
            Oldest::HalfTtl => cache.ttl() / 2,
            Oldest::Now => return Err(SharedEntry::Possible),
        };
        match shared.look(key, oldest, birth.date).await {
            Looked::Found(session, age) => {
                let known = &self.recently_active;
                known.note(names.key, &session, Instant::now());
                Ok(Landed {
                    finding: Finding::Active(session),
                    birth: Some(birth),
                    weight: Weight::Older,
                    status: None,
                    set_cookies: SetCookies::default(),
                    teller: Teller::SharedCache { age },
                })
            }
            Looked::Nothing => Err(SharedEntry::None),
            Looked::Unknown => Err(SharedEntry::Possible),
        }
    }

    /// Takes down what a call found out, while nothing else is. Both levels: what a later call finds out has to come after
    /// it in the second as well.
    pub(super) fn keep(&self, names: Names, landed: &Landed) {
        let (Some(cache), Some(birth)) = (&self.cache, landed.birth) else {
            return;
        };
        match &landed.finding {
            Finding::Active(session) => {
                let (now, date) = (Instant::now(), self.clock.now());
                let age = self.age(birth, landed.teller, now);
                cache.put(names.key, session, birth.generation, age, now, date);
                self.share(names, session, birth, landed.teller, age);
            }
            Finding::SignedOut => {
                cache.put_signed_out(names.key, Instant::now());
                self.unshare(names, landed.teller);
            }
            Finding::Unavailable { .. } => {}
        }
    }

    /// For after something was taken down: it calls whoever counts, who is not to hold up other checks.
    pub(super) fn count(&self) {
        if let Some(cache) = &self.cache {
            cache.count();
        }
    }

    /// How long ago the auth server said so. Where nobody else is told, it counts from the answer.
    fn age(&self, birth: Birth, teller: Teller, now: Instant) -> Duration {
        let since = now.saturating_duration_since(birth.at);
        match teller {
            Teller::AuthServer { .. } if self.shared.is_none() => Duration::ZERO,
            Teller::AuthServer { .. } => since,
            Teller::SharedCache { age } => age + since,
        }
    }

    /// Gives an answer of the auth server's to the other processes, unless it is void already.
    fn share(
        &self,
        names: Names,
        session: &Arc<AuthSession>,
        birth: Birth,
        teller: Teller,
        age: Duration,
    ) {
        let (Some(shared), Some(key), Some(cache)) = (&self.shared, names.shared, &self.cache)
        else {
            return;
        };
        let rest = cache.rest(session, age, self.clock.now());
        let is_new = matches!(teller, Teller::AuthServer { .. });
        if is_new && !rest.is_zero() && !cache.is_revoked(session, birth.generation) {
            let answer = Shareable {
                session,
                asked_at: birth.date,
                born: birth.position,
                rest,
            };
            shared.keep(key, answer);
        }
    }

    /// Takes an answer away that is no longer true. For a credential that nobody knows there is nothing to take away.
    fn unshare(&self, names: Names, teller: Teller) {
        let is_possible = matches!(
            teller,
            Teller::AuthServer {
                shared: SharedEntry::Possible
            }
        );
        if let (Some(shared), Some(key), true) = (&self.shared, names.shared, is_possible) {
            shared.forget(key);
        }
    }
}
