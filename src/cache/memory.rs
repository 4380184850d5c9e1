//! The store in this process: moka's.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use moka::{notification::RemovalCause, sync};
use tokio::time::Instant;

use super::{
    Key,
    hearing::Hearing,
    key::AsItIs,
    policy::{Cache, SIGNED_OUT, SIGNED_OUT_CAPACITY, Span, Worth},
    revocations::{Generation, Revocations},
};
use crate::{chance::chance, observe, types::AuthSession};

/// The sessions that were found active lately, and the credentials that were found signed out.
pub(crate) struct SessionCache {
    policy: Cache,
    active: sync::Cache<Key, Entry, AsItIs>,
    signed_out: sync::Cache<Key, SignedOut, AsItIs>,
    trust: Trust,
    /// The longest that a call can last.
    call: Duration,
    revocations: Revocations,
    /// Of other processes, where they are listened to.
    hearing: Option<Arc<Hearing>>,
    /// Between 0 and 1.
    spread: fn() -> f64,
}

/// Whether a signed-out answer can be believed for a second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trust {
    /// It may be a mistake of a decoder of the application's own, or an outage that looks like one.
    Never,
    ForAMoment,
}

#[derive(Clone)]
struct Entry {
    session: Arc<AuthSession>,
    span: Span,
    born: Generation,
    /// Until then it is believed also while other processes are not heard.
    young_until: Instant,
}

impl Entry {
    /// The span was measured when the session was kept, and the clock on the wall may have been put forward since.
    fn worth(&self, now: Instant, date: SystemTime) -> Worth {
        if self.session.session.is_over_at(date) {
            Worth::Over
        } else {
            self.span.worth(now)
        }
    }
}

#[derive(Clone, Copy)]
struct SignedOut {
    until: Instant,
}

/// What the cache knows.
#[derive(Debug)]
pub(crate) enum Found {
    Active(Arc<AuthSession>),
    /// Active, and time to ask anew while it still is.
    Aging(Arc<AuthSession>),
    SignedOut,
    Nothing,
}

impl SessionCache {
    /// `deadline` is the longest that a call can last.
    pub(crate) fn new(policy: Cache, deadline: Duration, trust: Trust) -> Self {
        let active = sync::Cache::builder()
            .max_capacity(policy.most())
            .time_to_live(policy.longest());
        let active = if observe::has_metrics() {
            active.eviction_listener(|_, _, cause| {
                if cause == RemovalCause::Size {
                    observe::evicted();
                }
            })
        } else {
            active
        };
        let signed_out = sync::Cache::builder()
            .max_capacity(SIGNED_OUT_CAPACITY)
            .time_to_live(SIGNED_OUT);
        Self {
            policy,
            active: active.build_with_hasher(AsItIs::default()),
            signed_out: signed_out.build_with_hasher(AsItIs::default()),
            trust,
            call: deadline,
            revocations: Revocations::new(policy.longest() + deadline),
            hearing: None,
            spread: chance,
        }
    }

    /// Believes entries only as far as other processes are heard.
    pub(crate) fn listening(self, hearing: Option<Arc<Hearing>>) -> Self {
        Self { hearing, ..self }
    }

    /// Without chance, for tests.
    #[cfg(test)]
    pub(crate) fn with_spread(self, spread: fn() -> f64) -> Self {
        Self { spread, ..self }
    }

    /// `now` and `date` are the same moment, by two clocks: a session that has ended by either of them is over.
    pub(crate) fn get(&self, key: Key, now: Instant, date: SystemTime) -> Found {
        if let Some(entry) = self.active.get(&key) {
            if !self.is_revoked(&entry.session, entry.born) {
                if !self.trusts(&entry, now) {
                    // It may be believed again when the others are heard.
                    return Found::Nothing;
                }
                match entry.worth(now, date) {
                    Worth::Fresh => return Found::Active(entry.session),
                    Worth::Aging => return Found::Aging(entry.session),
                    Worth::Over => {}
                }
            }
            self.active.invalidate(&key);
        }
        match self.signed_out.get(&key) {
            Some(signed_out) if now < signed_out.until => Found::SignedOut,
            _ => Found::Nothing,
        }
    }

    #[inline]
    fn trusts(&self, entry: &Entry, now: Instant) -> bool {
        let hearing = self.hearing.as_ref();
        hearing.is_none_or(|hearing| hearing.trusts(entry.young_until, now))
    }

    /// To be taken before a call begins, and given back with its answer.
    pub(crate) fn generation(&self) -> Generation {
        self.revocations.now()
    }

    /// Whether what was asked for at `born` has been invalidated since.
    pub(crate) fn is_revoked(&self, session: &AuthSession, born: Generation) -> bool {
        self.revocations.is_revoked(session, born)
    }

    /// The most that an answer may be old.
    pub(crate) fn ttl(&self) -> Duration {
        self.policy.longest()
    }

    /// For how long an answer of `age` may still be believed.
    pub(crate) fn rest(&self, session: &AuthSession, age: Duration, date: SystemTime) -> Duration {
        self.policy.lifetime(session.session.expires_at, age, date)
    }

    /// Keeps what was asked for at `born`, unless it has been invalidated since.
    ///
    /// The auth server spoke `age` ago. `now` and `date` are the same moment, by two clocks.
    pub(crate) fn put(
        &self,
        key: Key,
        session: &Arc<AuthSession>,
        born: Generation,
        age: Duration,
        now: Instant,
        date: SystemTime,
    ) {
        let lifetime = self.rest(session, age, date);
        if lifetime.is_zero() {
            // Over by this host's clock, and so is what was kept of it.
            self.active.invalidate(&key);
            return;
        }
        if self.is_revoked(session, born) {
            return;
        }
        let hearing = self.hearing.as_ref();
        let entry = Entry {
            session: Arc::clone(session),
            span: Span::new(lifetime, self.call, now, (self.spread)()),
            born,
            young_until: hearing.map_or(now, |hearing| hearing.young_until(age, now)),
        };
        self.active.insert(key, entry);
        self.signed_out.invalidate(&key);
    }

    pub(crate) fn put_signed_out(&self, key: Key, now: Instant) {
        self.active.invalidate(&key);
        if self.trust == Trust::ForAMoment {
            let until = now + SIGNED_OUT;
            self.signed_out.insert(key, SignedOut { until });
        }
    }

    pub(crate) fn invalidate_session(&self, id: &str, now: Instant) {
        self.revocations.revoke_session(id, now);
    }

    pub(crate) fn invalidate_user(&self, id: &str, now: Instant) {
        self.revocations.revoke_user(id, now);
    }

    pub(crate) fn invalidate_all(&self) {
        self.revocations.revoke_everything();
        self.active.invalidate_all();
        self.signed_out.invalidate_all();
    }

    /// Tells the metrics how many sessions are kept.
    pub(crate) fn count(&self) {
        if observe::has_metrics() {
            // The store counts when it tidies up.
            self.active.run_pending_tasks();
            observe::cache_entries(self.len());
        }
    }

    /// About how many sessions are kept.
    pub(crate) fn len(&self) -> u64 {
        self.active.entry_count()
    }
}

#[cfg(test)]
mod tests {
    use std::hash::Hasher;

    use serde_json::json;

    use super::*;
    use crate::cache::Keys;

    const SECOND: Duration = Duration::from_secs(1);

    fn cache(trust: Trust) -> SessionCache {
        SessionCache::new(Cache::ttl(60 * SECOND), 5 * SECOND, trust)
    }

    /// On a day long before any session ends.
    fn get(cache: &SessionCache, key: Key, now: Instant) -> Found {
        cache.get(key, now, SystemTime::UNIX_EPOCH)
    }

    fn key(keys: &Keys, name: &str) -> Key {
        keys.key(|hasher| hasher.write(name.as_bytes()))
    }

    fn session(rest: Duration) -> Arc<AuthSession> {
        let expires_at = humantime::format_rfc3339_millis(SystemTime::now() + rest).to_string();
        let answer =
            json!({"user": {"id": "u1"}, "session": {"id": "s1", "expiresAt": expires_at}});
        Arc::new(serde_json::from_value(answer).unwrap())
    }

    #[test]
    fn what_was_put_is_found_until_its_end_and_is_aging_before() {
        let (cache, keys, now) = (cache(Trust::ForAMoment), Keys::random(), Instant::now());
        let key = key(&keys, "a");
        cache.put(
            key,
            &session(3600 * SECOND),
            cache.generation(),
            Duration::ZERO,
            now,
            SystemTime::now(),
        );
        assert!(matches!(get(&cache, key, now), Found::Active(_)));
        assert!(matches!(
            get(&cache, key, now + 40 * SECOND),
            Found::Active(_)
        ));
        assert!(matches!(
            get(&cache, key, now + 58 * SECOND),
            Found::Aging(_)
        ));
        assert!(matches!(
            get(&cache, key, now + 60 * SECOND),
            Found::Nothing
        ));
    }

    #[test]
    fn an_entry_ends_with_its_session_and_being_used_does_not_prolong_it() {
        let (cache, keys, now) = (cache(Trust::ForAMoment), Keys::random(), Instant::now());
        let key = key(&keys, "a");
        cache.put(
            key,
            &session(10 * SECOND),
            cache.generation(),
            Duration::ZERO,
            now,
            SystemTime::now(),
        );
        for second in 0..10 {
            assert!(!matches!(
                get(&cache, key, now + second * SECOND - SECOND / 10),
                Found::Nothing
            ));
        }
        assert!(matches!(
            get(&cache, key, now + 10 * SECOND),
            Found::Nothing
        ));
    }

    #[test]
    fn what_was_invalidated_is_gone_and_an_older_answer_does_not_bring_it_back() {
        let invalidate: [fn(&SessionCache, Instant); 3] = [
            |cache, now| cache.invalidate_session("s1", now),
            |cache, now| cache.invalidate_user("u1", now),
            |cache, _| cache.invalidate_all(),
        ];
        for invalidate in invalidate {
            let (cache, keys, now) = (cache(Trust::ForAMoment), Keys::random(), Instant::now());
            let (key, session) = (key(&keys, "a"), session(3600 * SECOND));
            let before = cache.generation();
            cache.put(
                key,
                &session,
                before,
                Duration::ZERO,
                now,
                SystemTime::now(),
            );
            invalidate(&cache, now);
            assert!(matches!(get(&cache, key, now), Found::Nothing));
            cache.put(
                key,
                &session,
                before,
                Duration::ZERO,
                now,
                SystemTime::now(),
            );
            assert!(matches!(get(&cache, key, now), Found::Nothing));
            cache.put(
                key,
                &session,
                cache.generation(),
                Duration::ZERO,
                now,
                SystemTime::now(),
            );
            assert!(matches!(get(&cache, key, now), Found::Active(_)));
        }
    }

    #[test]
    fn signed_out_is_kept_for_a_second_and_ends_what_was_active() {
        let (keys, now) = (Keys::random(), Instant::now());
        let key = key(&keys, "a");
        for (trust, expected) in [(Trust::ForAMoment, true), (Trust::Never, false)] {
            let cache = cache(trust);
            cache.put(
                key,
                &session(3600 * SECOND),
                cache.generation(),
                Duration::ZERO,
                now,
                SystemTime::now(),
            );
            cache.put_signed_out(key, now);
            assert_eq!(matches!(get(&cache, key, now), Found::SignedOut), expected);
            assert!(matches!(get(&cache, key, now + SECOND), Found::Nothing));
        }
    }

    #[test]
    fn made_up_cookies_take_up_no_room_of_sessions() {
        let (cache, keys, now) = (cache(Trust::ForAMoment), Keys::random(), Instant::now());
        let real = key(&keys, "real");
        cache.put(
            real,
            &session(3600 * SECOND),
            cache.generation(),
            Duration::ZERO,
            now,
            SystemTime::now(),
        );
        for number in 0..20_000 {
            cache.put_signed_out(key(&keys, &number.to_string()), now);
        }
        cache.signed_out.run_pending_tasks();
        assert!(matches!(get(&cache, real, now), Found::Active(_)));
        assert!(cache.signed_out.entry_count() <= SIGNED_OUT_CAPACITY);
    }
}
