//! Which credentials were found active lately, for the order in which calls are made.
//!
//! Not a cache: it says nothing about who is signed in now, so no invalidation need reach it. It is there without a cache
//! too, and remembers for longer than one.

use std::{
    collections::HashSet,
    mem,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

use super::{Key, key::AsItIs};

/// For at least this long, and at most twice as long: somebody who comes back after lunch is no stranger. An hour.
const LATELY: Duration = Duration::from_secs(60 * 60);

/// At least this many, and at most twice as many: as many as the cache holds by itself, in less than five megabytes.
/// Only active credentials take up room, so filling it takes that many sign-ins; whoever is pushed out is a stranger for one
/// check.
const CAPACITY: usize = 100_000;

/// Keys in two generations, the older of which goes as a whole: no clock and no list for every key.
#[derive(Debug)]
pub(crate) struct RecentlyActive {
    generations: Mutex<Generations>,
}

#[derive(Debug)]
struct Generations {
    young: HashSet<Key, AsItIs>,
    old: HashSet<Key, AsItIs>,
    /// When the young ones began to come; `None` before the first.
    began: Option<Instant>,
    capacity: usize,
}

impl RecentlyActive {
    pub(crate) fn new() -> Self {
        Self::with_capacity(CAPACITY)
    }

    fn with_capacity(capacity: usize) -> Self {
        let generations = Generations {
            young: HashSet::with_hasher(AsItIs::default()),
            old: HashSet::with_hasher(AsItIs::default()),
            began: None,
            capacity,
        };
        Self {
            generations: Mutex::new(generations),
        }
    }

    /// To be told of active answers alone, so that made-up credentials push out nobody.
    pub(crate) fn note(&self, key: Key, now: Instant) {
        let mut generations = self.generations();
        generations.age(now);
        generations.insert(key, now);
    }

    pub(crate) fn contains(&self, key: Key, now: Instant) -> bool {
        let mut generations = self.generations();
        generations.age(now);
        generations.young.contains(&key) || generations.old.contains(&key)
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

    fn insert(&mut self, key: Key, now: Instant) {
        if self.young.len() >= self.capacity && !self.young.contains(&key) {
            self.turn(now);
        }
        self.began.get_or_insert(now);
        self.young.insert(key);
    }

    /// The young are the old from now on. The room of those who go is used again.
    fn turn(&mut self, now: Instant) {
        self.old.clear();
        mem::swap(&mut self.young, &mut self.old);
        self.began = Some(now);
    }
}

#[cfg(test)]
mod tests {
    use std::hash::Hasher;

    use super::*;
    use crate::cache::Keys;

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
            recently.note(keys[0], now);
            let seen = now + quiet;
            recently.note(keys[1], seen);
            assert!(recently.contains(keys[1], seen + almost));
            assert!(!recently.contains(keys[1], seen + 2 * LATELY), "{quiet:?}");
            assert!(!recently.contains(keys[2], seen));
        }
        let (recently, keys) = (RecentlyActive::new(), keys(1));
        recently.note(keys[0], now);
        assert!(!recently.contains(keys[0], now + 10 * LATELY));
    }

    #[test]
    fn whoever_is_seen_again_is_remembered_anew() {
        let (recently, keys, mut now) = (RecentlyActive::new(), keys(1), Instant::now());
        for _ in 0..10 {
            recently.note(keys[0], now);
            now += LATELY * 9 / 10;
            assert!(recently.contains(keys[0], now));
        }
    }

    #[test]
    fn it_holds_as_many_as_it_should_and_at_most_twice_as_many() {
        let (recently, keys, now) = (RecentlyActive::with_capacity(10), keys(100), Instant::now());
        for (count, key) in keys.iter().enumerate() {
            recently.note(*key, now);
            // Who comes again takes up no more room.
            recently.note(*key, now);
            for key in &keys[(count + 1).saturating_sub(10)..=count] {
                assert!(recently.contains(*key, now));
            }
        }
        let kept = keys.iter().filter(|key| recently.contains(**key, now));
        assert!((10..=20).contains(&kept.count()));
    }
}
