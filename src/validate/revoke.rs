//! What is no longer true: forgotten here at once, and told to every process that shares the cache.

use std::{
    future::Future,
    sync::{Arc, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

use super::{
    Validator,
    checks::{Checks, Landed},
};
use crate::{
    cache::{Flights, Invalidation, Shared, Spread},
    verdict::{Ring, Watchers},
};

impl Validator {
    /// Shares the cache with other processes, and hears what they revoke.
    pub(crate) fn sharing(mut self, shared: Option<Arc<dyn Shared>>) -> Self {
        if let (Some(shared), Some(checks)) = (shared, Arc::get_mut(&mut self.checks)) {
            checks.shared = Some(Arc::clone(&shared));
            let checks = Arc::downgrade(&self.checks);
            let flights = self.flights.share();
            let watchers = Arc::downgrade(&self.watchers);
            shared.on_revocation(Box::new(move |what| {
                if let (Some(checks), Some(watchers)) = (checks.upgrade(), watchers.upgrade()) {
                    forget(&checks, &flights, &watchers, what);
                }
            }));
        }
        self
    }

    /// Forgets it here at once, and lets every process know in the background. The future waits for a short while until
    /// every process can know.
    pub(crate) fn invalidate(
        &self,
        what: &Invalidation<'_>,
    ) -> impl Future<Output = Spread> + Send + 'static + use<> {
        let method = match what {
            Invalidation::Session(_) => "invalidate_session",
            Invalidation::User(_) => "invalidate_user",
            Invalidation::Everything => "invalidate_all",
        };
        self.invalidate_because(what, method, Duration::ZERO)
    }

    /// The same, with the word that the audit trail has for it, and with more patience where that is wanted.
    pub(crate) fn invalidate_because(
        &self,
        what: &Invalidation<'_>,
        reason: &str,
        patience: Duration,
    ) -> impl Future<Output = Spread> + Send + 'static + use<> {
        let spread = self.forget_and_tell(what, patience);
        match what {
            Invalidation::Session(id) => self.audit.revoked(reason, None, Some(id)),
            Invalidation::User(id) => self.audit.revoked(reason, Some(id), None),
            Invalidation::Everything => self.audit.revoked(reason, None, None),
        }
        spread
    }

    /// The same without a word: what is remembered may no longer be true, and need not have been revoked.
    pub(crate) fn forget(
        &self,
        what: &Invalidation<'_>,
    ) -> impl Future<Output = Spread> + Send + 'static + use<> {
        self.forget_and_tell(what, Duration::ZERO)
    }

    fn forget_and_tell(
        &self,
        what: &Invalidation<'_>,
        patience: Duration,
    ) -> impl Future<Output = Spread> + Send + 'static + use<> {
        // First the others: from then on nothing comes back from them that this process then forgets.
        let shared = self.checks.shared.as_ref();
        let told = shared.map(|shared| shared.tell(*what, patience));
        forget(&self.checks, &self.flights, &self.watchers, *what);
        async move {
            match told {
                Some(told) => told.await,
                None => Spread::Everywhere,
            }
        }
    }

    /// When everything was last forgotten, here or because another process said so.
    #[cfg(feature = "redis")]
    pub(crate) fn emptied_at(&self) -> Option<Instant> {
        let emptied = self.checks.emptied.lock();
        *emptied.unwrap_or_else(PoisonError::into_inner)
    }

    /// How long ago other processes were last heard; `None` where nobody is listened to, or nobody was heard yet.
    pub(crate) fn silence(&self, now: Instant) -> Option<Duration> {
        self.checks.shared.as_ref()?.silence(now)
    }
}

fn forget(checks: &Checks, flights: &Flights<Landed>, watchers: &Watchers, what: Invalidation<'_>) {
    if what == Invalidation::Everything {
        let emptied = checks.emptied.lock();
        *emptied.unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }
    if let Some(cache) = &checks.cache {
        match what {
            Invalidation::Session(id) => cache.invalidate_session(id, Instant::now()),
            Invalidation::User(id) => cache.invalidate_user(id, Instant::now()),
            Invalidation::Everything => cache.invalidate_all(),
        }
        cache.count();
    }
    // Whoever comes from now on must not get an answer that was asked for before.
    flights.detach_all();
    match what {
        Invalidation::Session(id) => watchers.revoke(Ring::ForThisOne, |it| it.session.id == id),
        Invalidation::User(id) => watchers.revoke(Ring::ForThisOne, |it| it.user.id == id),
        Invalidation::Everything => watchers.revoke(Ring::ForAll, |_| true),
    }
}
