//! What was invalidated, and when: so that nothing that was found out before comes back.

use std::{
    collections::HashMap,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::time::Instant;

use crate::types::AuthSession;

/// A moment in the order of invalidations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Generation(u64);

/// Marks what was invalidated, for as long as anything older can be around.
#[derive(Debug)]
pub(super) struct Revocations {
    generation: AtomicU64,
    /// Everything of this generation and before is void.
    everything: AtomicU64,
    /// How many marks there are, so that nobody looks for none.
    count: AtomicUsize,
    marks: Mutex<Marks>,
    /// The longest that an entry and the call for it can last.
    keep: Duration,
}

#[derive(Debug, Default)]
struct Marks {
    sessions: HashMap<String, Mark>,
    users: HashMap<String, Mark>,
    pruned: Option<Instant>,
}

#[derive(Clone, Copy, Debug)]
struct Mark {
    generation: u64,
    until: Instant,
}

impl Revocations {
    pub(super) fn new(keep: Duration) -> Self {
        Self {
            generation: AtomicU64::new(1),
            everything: AtomicU64::new(0),
            count: AtomicUsize::new(0),
            marks: Mutex::default(),
            keep,
        }
    }

    /// What begins now is younger than all invalidations so far.
    pub(super) fn now(&self) -> Generation {
        Generation(self.generation.load(Ordering::SeqCst))
    }

    pub(super) fn revoke_session(&self, id: &str, now: Instant) {
        self.revoke(now, |marks| &mut marks.sessions, id);
    }

    pub(super) fn revoke_user(&self, id: &str, now: Instant) {
        self.revoke(now, |marks| &mut marks.users, id);
    }

    pub(super) fn revoke_everything(&self) {
        let generation = self.generation.fetch_add(1, Ordering::SeqCst);
        self.everything.fetch_max(generation, Ordering::SeqCst);
    }

    /// Whether what was asked for at `born` has been invalidated since.
    pub(super) fn is_revoked(&self, session: &AuthSession, born: Generation) -> bool {
        if born.0 <= self.everything.load(Ordering::SeqCst) {
            return true;
        }
        if self.count.load(Ordering::SeqCst) == 0 {
            return false;
        }
        let marks = self.marks();
        let is_marked = |marks: &HashMap<String, Mark>, id: &String| {
            marks.get(id).is_some_and(|mark| born.0 <= mark.generation)
        };
        is_marked(&marks.sessions, &session.session.id) || is_marked(&marks.users, &session.user.id)
    }

    fn revoke(&self, now: Instant, table: fn(&mut Marks) -> &mut HashMap<String, Mark>, id: &str) {
        let mut marks = self.marks();
        // One that nobody can overlook is there before the generation changes.
        self.count.fetch_add(1, Ordering::SeqCst);
        let generation = self.generation.fetch_add(1, Ordering::SeqCst);
        let until = now + self.keep;
        table(&mut marks).insert(id.to_owned(), Mark { generation, until });
        self.prune(&mut marks, now);
        let count = marks.sessions.len() + marks.users.len();
        self.count.store(count, Ordering::SeqCst);
    }

    /// Forgets, now and then, what nothing can be older than any more.
    fn prune(&self, marks: &mut Marks, now: Instant) {
        if marks.pruned.is_none_or(|pruned| now >= pruned + self.keep) {
            marks.sessions.retain(|_, mark| mark.until > now);
            marks.users.retain(|_, mark| mark.until > now);
            marks.pruned = Some(now);
        }
    }

    fn marks(&self) -> MutexGuard<'_, Marks> {
        self.marks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn session(id: &str, user: &str) -> AuthSession {
        let answer = json!({
            "user": {"id": user},
            "session": {"id": id, "expiresAt": "2026-11-27T09:32:22.106Z"},
        });
        serde_json::from_value(answer).unwrap()
    }

    #[test]
    fn what_was_asked_for_before_is_revoked_and_what_is_asked_for_after_is_not() {
        let (revocations, now) = (Revocations::new(Duration::from_secs(10)), Instant::now());
        let revoke: [&dyn Fn(); 3] = [
            &|| revocations.revoke_session("s1", now),
            &|| revocations.revoke_user("u1", now),
            &|| revocations.revoke_everything(),
        ];
        for revoke in revoke {
            let before = revocations.now();
            revoke();
            let after = revocations.now();
            assert!(revocations.is_revoked(&session("s1", "u1"), before));
            assert!(!revocations.is_revoked(&session("s1", "u1"), after));
        }
    }

    #[test]
    fn others_are_not_revoked() {
        let (revocations, now) = (Revocations::new(Duration::from_secs(10)), Instant::now());
        let before = revocations.now();
        revocations.revoke_session("s1", now);
        revocations.revoke_user("u1", now);
        assert!(!revocations.is_revoked(&session("s2", "u2"), before));
        // A user's id is no session's.
        assert!(!revocations.is_revoked(&session("u1", "s1"), before));
        assert!(revocations.is_revoked(&session("s2", "u1"), before));
    }

    #[test]
    fn marks_are_forgotten_when_nothing_can_be_older() {
        let (revocations, now) = (Revocations::new(Duration::from_secs(10)), Instant::now());
        for user in 0..100 {
            revocations.revoke_user(&user.to_string(), now);
        }
        revocations.revoke_user("last", now + Duration::from_secs(11));
        assert_eq!(revocations.count.load(Ordering::SeqCst), 1);
    }

    #[test]
    fn a_mark_lasts_until_nothing_can_be_older_and_not_a_moment_longer() {
        let keep = Duration::from_secs(10);
        let (revocations, now) = (Revocations::new(keep), Instant::now());
        revocations.revoke_session("s1", now);
        revocations.revoke_user("u1", now);
        revocations.revoke_user("u2", now + keep);
        assert_eq!(revocations.count.load(Ordering::SeqCst), 1);
    }

    #[test]
    fn marks_are_looked_through_now_and_then_and_not_at_every_invalidation() {
        let keep = Duration::from_secs(10);
        let (revocations, now) = (Revocations::new(keep), Instant::now());
        for tenths in [0, 5, 10, 16] {
            revocations.revoke_user(&tenths.to_string(), now + keep * tenths / 10);
        }
        // The second one has had its time, and goes when they are looked through the next time.
        assert_eq!(revocations.count.load(Ordering::SeqCst), 3);
        revocations.revoke_user("last", now + keep * 2);
        assert_eq!(revocations.count.load(Ordering::SeqCst), 2);
    }
}
