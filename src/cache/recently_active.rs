//! Which credentials were found active lately, for the order in which calls are made.
//!
//! Not a cache: it says nothing about who is signed in now, so no invalidation need reach it. It is there without a cache
//! too, and remembers for longer than one.

use std::{
    collections::{HashMap, HashSet},
    hash::{BuildHasher, RandomState},
    mem,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

use super::{Key, key::AsItIs};
use crate::types::AuthSession;

/// For at least this long, and at most twice as long: somebody who comes back after lunch is no stranger. An hour.
const LATELY: Duration = Duration::from_secs(60 * 60);

/// At least this many, and at most twice as many: as many as the cache holds by itself, in less than eight megabytes.
/// Only active credentials take up room, and few of each session, so filling it takes a quarter as many sign-ins; whoever is
/// pushed out is a stranger for one check.
const CAPACITY: usize = 100_000;

/// The most that are known of one session in a generation. Whoever is signed in can show the same session under as many keys as
/// they like, with another `dont_remember` each time: that makes nobody a crowd. A browser shows one, and another when its
/// cookies are renewed.
const KEYS_OF_SESSION: u64 = 4;

/// Keys in two generations, the older of which goes as a whole: no clock and no list for every key.
#[derive(Debug)]
pub(crate) struct RecentlyActive {
    generations: Mutex<Generations>,
    /// Hashes them.
    sessions: RandomState,
}

#[derive(Debug)]
struct Generations {
    young: Generation,
    old: Generation,
    /// When the young ones began to come; `None` before the first.
    began: Option<Instant>,
    capacity: usize,
}

/// Half of a key is enough here: to be taken for somebody else gives a better place in the queue.
type Half = u64;

#[derive(Debug, Default)]
struct Generation {
    keys: HashSet<Half, AsItIs>,
    /// By the session and one of its places, which the key chooses.
    places: HashMap<u64, Half, AsItIs>,
}

impl RecentlyActive {
    pub(crate) fn new() -> Self {
        Self::with_capacity(CAPACITY)
    }

    fn with_capacity(capacity: usize) -> Self {
        let generations = Generations {
            young: Generation::default(),
            old: Generation::default(),
            began: None,
            capacity,
        };
        Self {
            generations: Mutex::new(generations),
            sessions: RandomState::new(),
        }
    }

    /// To be told of active answers alone, so that made-up credentials push out nobody.
    pub(crate) fn note(&self, key: Key, session: &AuthSession, now: Instant) {
        // A decoder of the application's own may give many sessions one id.
        let session = (&session.user.id, &session.session.id);
        let session = self.sessions.hash_one(session);
        let mut generations = self.generations();
        generations.age(now);
        generations.insert(half(key), session, now);
    }

    pub(crate) fn contains(&self, key: Key, now: Instant) -> bool {
        let mut generations = self.generations();
        generations.age(now);
        let key = half(key);
        generations.young.keys.contains(&key) || generations.old.keys.contains(&key)
    }

    fn generations(&self) -> MutexGuard<'_, Generations> {
        self.generations
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Generations {
    /// Lets go of what is too old.
    fn age(&mut self, now: Instant) {
        let Some(began) = self.began else { return };
        let age = now.saturating_duration_since(began);
        if age >= LATELY {
            self.turn(now);
        }
        if age >= 2 * LATELY {
            self.old.clear();
        }
    }

    fn insert(&mut self, key: Half, session: u64, now: Instant) {
        if self.young.keys.len() >= self.capacity && !self.young.keys.contains(&key) {
            self.turn(now);
        }
        self.began.get_or_insert(now);
        self.young.insert(key, session);
    }

    /// The young are the old from now on. The room of those who go is used again.
    fn turn(&mut self, now: Instant) {
        self.old.clear();
        mem::swap(&mut self.young, &mut self.old);
        self.began = Some(now);
    }
}

impl Generation {
    /// The latest stays, where two keys of a session choose one place.
    fn insert(&mut self, key: Half, session: u64) {
        if self.keys.insert(key) {
            let place = session.wrapping_add(key % KEYS_OF_SESSION);
            if let Some(older) = self.places.insert(place, key) {
                self.keys.remove(&older);
            }
        }
    }

    fn clear(&mut self) {
        self.keys.clear();
        self.places.clear();
    }
}

fn half(key: Key) -> Half {
    AsItIs::default().hash_one(key)
}

#[cfg(test)]
mod tests {
    use std::hash::Hasher;

    use serde_json::json;

    use super::*;
    use crate::cache::Keys;

    fn session(id: usize) -> AuthSession {
        let session = json!({
            "user": {"id": "u"},
            "session": {"id": id.to_string(), "expiresAt": "2099-01-01T00:00:00.000Z"},
        });
        serde_json::from_value(session).unwrap()
    }

    fn keys(count: usize) -> Vec<Key> {
        let keys = Keys::random();
        (0..count)
            .map(|number| keys.key(|hasher| hasher.write_usize(number)))
            .collect()
    }

    #[test]
    fn it_remembers_for_an_hour_at_least_and_two_at_most() {
        let (now, almost) = (Instant::now(), LATELY * 99 / 100);
        for quiet in [Duration::ZERO, LATELY / 2, almost] {
            let (recently, keys) = (RecentlyActive::new(), keys(3));
            recently.note(keys[0], &session(0), now);
            let seen = now + quiet;
            recently.note(keys[1], &session(1), seen);
            assert!(recently.contains(keys[1], seen + almost));
            assert!(!recently.contains(keys[1], seen + 2 * LATELY), "{quiet:?}");
            assert!(!recently.contains(keys[2], seen));
        }
        let (recently, keys) = (RecentlyActive::new(), keys(1));
        recently.note(keys[0], &session(0), now);
        assert!(!recently.contains(keys[0], now + 10 * LATELY));
    }

    #[test]
    fn whoever_is_seen_again_is_remembered_anew() {
        let (recently, keys, mut now) = (RecentlyActive::new(), keys(1), Instant::now());
        for _ in 0..10 {
            recently.note(keys[0], &session(0), now);
            now += LATELY * 9 / 10;
            assert!(recently.contains(keys[0], now));
        }
    }

    #[test]
    fn it_holds_as_many_as_it_should_and_at_most_twice_as_many() {
        let (recently, keys, now) = (RecentlyActive::with_capacity(10), keys(100), Instant::now());
        for (count, key) in keys.iter().enumerate() {
            recently.note(*key, &session(count), now);
            // Who comes again takes up no more room.
            recently.note(*key, &session(count), now);
            for key in &keys[(count + 1).saturating_sub(10)..=count] {
                assert!(recently.contains(*key, now));
            }
        }
        let kept = keys.iter().filter(|key| recently.contains(**key, now));
        assert!((10..=20).contains(&kept.count()));
    }

    #[test]
    fn one_session_is_known_by_its_latest_key_and_by_few_others() {
        let (recently, keys, mut now) = (RecentlyActive::new(), keys(1000), Instant::now());
        for _ in 0..3 {
            recently.note(keys[0], &session(0), now);
            let mut before = 0;
            for key in &keys[1..] {
                recently.note(*key, &session(1), now);
                let known = known(&recently);
                // Who comes again pushes out nobody.
                recently.note(*key, &session(1), now);
                assert_eq!(self::known(&recently), known);
                assert!(recently.contains(*key, now));
                assert!(known >= before);
                before = known;
            }
            assert_eq!(known(&recently), 4 + 1);
            assert!(recently.contains(keys[0], now));
            now += LATELY;
        }
        assert_eq!(recently.generations().young.places.len(), 4 + 1);
    }

    fn known(recently: &RecentlyActive) -> usize {
        recently.generations().young.keys.len()
    }
}
