//! Who hears at once that something was revoked.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll, Waker},
};

use crate::types::AuthSession;

/// All that watch. Those who do not cost nothing.
#[derive(Default)]
pub(crate) struct Watchers {
    /// How much has been revoked.
    count: AtomicU64,
    table: Mutex<Table>,
}

#[derive(Default)]
struct Table {
    next: u64,
    watches: HashMap<u64, (Arc<AuthSession>, Arc<Bell>)>,
}

/// What a revocation is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Ring {
    /// Many others hear it as well.
    ForAll,
    ForThisOne,
}

#[derive(Default)]
struct Bell(Mutex<Heard>);

#[derive(Default)]
struct Heard {
    ring: Option<Ring>,
    waker: Option<Waker>,
}

/// Somebody's place among those who watch, until it is dropped.
pub(crate) struct Watch {
    watchers: Arc<Watchers>,
    number: u64,
    bell: Arc<Bell>,
}

impl Watchers {
    /// To be given back to [`watch`](Self::watch), so that nothing is missed in between.
    pub(crate) fn count(&self) -> u64 {
        self.count.load(Ordering::SeqCst)
    }

    /// Whatever has been revoked since the count was `seen` is heard of as well.
    pub(crate) fn watch(self: &Arc<Self>, session: &Arc<AuthSession>, seen: u64) -> Watch {
        let bell = Arc::<Bell>::default();
        let mut table = lock(&self.table);
        let number = table.next;
        table.next += 1;
        let watch = (Arc::clone(session), Arc::clone(&bell));
        table.watches.insert(number, watch);
        drop(table);
        if self.count() != seen {
            bell.ring(Ring::ForThisOne);
        }
        Watch {
            watchers: Arc::clone(self),
            number,
            bell,
        }
    }

    #[cfg(feature = "proxy")]
    pub(crate) fn is_empty(&self) -> bool {
        lock(&self.table).watches.is_empty()
    }

    /// Tells all whose session it is about.
    pub(crate) fn revoke(&self, ring: Ring, is_about: impl Fn(&AuthSession) -> bool) {
        self.count.fetch_add(1, Ordering::SeqCst);
        let table = lock(&self.table);
        let watches = table.watches.values();
        let told = watches.filter(|(session, _)| is_about(session));
        let bells: Vec<_> = told.map(|(_, bell)| Arc::clone(bell)).collect();
        drop(table);
        for bell in bells {
            bell.ring(ring);
        }
    }

    #[cfg(test)]
    fn len(&self) -> usize {
        lock(&self.table).watches.len()
    }
}

impl Bell {
    fn ring(&self, ring: Ring) {
        let mut heard = lock(&self.0);
        heard.ring = heard.ring.max(Some(ring));
        let waker = heard.waker.take();
        drop(heard);
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl Watch {
    /// Ready once for all that was revoked since the last time.
    pub(crate) fn poll_rung(&self, cx: &mut Context<'_>) -> Poll<Ring> {
        let mut heard = lock(&self.bell.0);
        if let Some(ring) = heard.ring.take() {
            return Poll::Ready(ring);
        }
        heard.waker = Some(cx.waker().clone());
        Poll::Pending
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        lock(&self.watchers.table).watches.remove(&self.number);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn session(id: &str) -> Arc<AuthSession> {
        let answer = json!({
            "user": {"id": "u1"},
            "session": {"id": id, "expiresAt": "2099-11-27T09:32:22.106Z"},
        });
        Arc::new(serde_json::from_value(answer).unwrap())
    }

    fn poll(watch: &Watch) -> Poll<Ring> {
        watch.poll_rung(&mut Context::from_waker(Waker::noop()))
    }

    #[test]
    fn whom_it_is_about_hears_it_once_and_nobody_else_does() {
        let watchers = Arc::<Watchers>::default();
        let watch = |id| watchers.watch(&session(id), watchers.count());
        let (a, b) = (watch("a"), watch("b"));
        watchers.revoke(Ring::ForThisOne, |session| session.session.id == "a");
        assert_eq!(poll(&a), Poll::Ready(Ring::ForThisOne));
        assert_eq!((poll(&a), poll(&b)), (Poll::Pending, Poll::Pending));
        watchers.revoke(Ring::ForThisOne, |session| session.session.id == "b");
        watchers.revoke(Ring::ForAll, |_| true);
        assert_eq!(poll(&a), Poll::Ready(Ring::ForAll));
        // The more urgent of the two.
        assert_eq!(poll(&b), Poll::Ready(Ring::ForThisOne));
    }

    #[test]
    fn what_is_revoked_before_somebody_watches_is_not_missed() {
        let watchers = Arc::<Watchers>::default();
        let seen = watchers.count();
        watchers.revoke(Ring::ForAll, |_| true);
        let watch = watchers.watch(&session("a"), seen);
        assert!(poll(&watch).is_ready());
        let watch = watchers.watch(&session("a"), watchers.count());
        assert!(poll(&watch).is_pending());
    }

    #[test]
    fn whoever_is_gone_leaves_nothing_behind() {
        let watchers = Arc::<Watchers>::default();
        let all: Vec<_> = (0..1000)
            .map(|_| watchers.watch(&session("a"), 0))
            .collect();
        assert_eq!(watchers.len(), 1000);
        drop(all);
        assert_eq!(watchers.len(), 0);
    }
}
