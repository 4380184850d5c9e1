//! When a request asks although its session is remembered, so that its browser keeps the cookie.
//!
//! Better Auth sets the cookie anew only for a request that asks it, and a session that is remembered and renewed in the
//! background would never be one. So now and then a request of an active session asks itself, and waits: one of them, while
//! the others go on with what is remembered.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

use super::{Key, key::AsItIs};

/// The longest time between two turns. An hour: Better Auth prolongs a session once a day unless told otherwise.
const LONGEST: Duration = Duration::from_secs(60 * 60);

/// How long a session that goes on for `rest` is not asked about for its browser's sake: so short that it comes several
/// times before its end, however soon that is.
fn between_turns(rest: Duration) -> Duration {
    LONGEST.min(rest / 10)
}

/// So many locks that requests seldom wait for one another.
const SHARDS: usize = 16;

/// As many sessions as the cache holds by itself.
const CAPACITY: usize = 100_000;

/// The next turn of each session that was asked about lately.
#[derive(Debug)]
pub(crate) struct Turns {
    shards: [Mutex<Shard>; SHARDS],
    /// Of a shard.
    capacity: usize,
}

type Shard = HashMap<Key, Instant, AsItIs>;

impl Turns {
    pub(crate) fn new() -> Self {
        Self::with_capacity(CAPACITY / SHARDS)
    }

    fn with_capacity(capacity: usize) -> Self {
        Self {
            shards: Default::default(),
            capacity,
        }
    }

    /// Whether it is time that a request asks. It is for whoever has not been asked about.
    pub(crate) fn is_due(&self, key: Key, now: Instant) -> bool {
        is_due(&self.shard(key), key, now)
    }

    /// For one of all that find it due: whoever comes after has to wait for the next, whatever becomes of this one.
    pub(crate) fn take(&self, key: Key, now: Instant, rest: Duration) -> bool {
        let mut shard = self.shard(key);
        let is_due = is_due(&shard, key, now);
        if is_due {
            self.begin(&mut shard, key, now, rest);
        }
        is_due
    }

    /// Somebody has just been asked about whose session goes on for `rest`.
    pub(crate) fn note(&self, key: Key, now: Instant, rest: Duration) {
        self.begin(&mut self.shard(key), key, now, rest);
    }

    fn begin(&self, shard: &mut Shard, key: Key, now: Instant, rest: Duration) {
        if shard.len() >= self.capacity && !shard.contains_key(&key) {
            // What is due need not be known. Where that is not enough, everybody asks once more.
            shard.retain(|_, next| *next > now);
            if shard.len() >= self.capacity {
                shard.clear();
            }
        }
        shard.insert(key, now + between_turns(rest));
    }

    fn shard(&self, key: Key) -> MutexGuard<'_, Shard> {
        self.shards[key.shard(SHARDS)]
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_due(shard: &Shard, key: Key, now: Instant) -> bool {
    shard.get(&key).is_none_or(|next| *next <= now)
}

#[cfg(test)]
mod tests {
    use std::hash::Hasher;

    use super::*;
    use crate::cache::Keys;

    const MINUTE: Duration = Duration::from_secs(60);
    const MOMENT: Duration = Duration::from_millis(1);

    fn keys(count: u32) -> Vec<Key> {
        let keys = Keys::random();
        let key = |number| keys.key(|hasher| hasher.write_u32(number));
        (0..count).map(key).collect()
    }

    #[test]
    fn a_turn_comes_ten_times_in_what_is_left_and_at_least_every_hour() {
        let (hour, key) = (60 * MINUTE, keys(1)[0]);
        for (rest, expected) in [
            (7 * 24 * hour, hour),
            (10 * hour, hour),
            (hour, 6 * MINUTE),
            (MINUTE, MINUTE / 10),
        ] {
            let (turns, now) = (Turns::new(), Instant::now());
            turns.note(key, now, rest);
            assert!(!turns.is_due(key, now + expected - MOMENT), "{rest:?}");
            assert!(turns.is_due(key, now + expected), "{rest:?}");
        }
    }

    #[test]
    fn one_takes_it_and_the_next_has_to_wait_and_others_have_their_own() {
        let (turns, now, keys) = (Turns::new(), Instant::now(), keys(2));
        let rest = 10 * MINUTE;
        assert!(turns.take(keys[0], now, rest));
        assert!(!turns.take(keys[0], now, rest));
        assert!(turns.take(keys[1], now, rest));
        assert!(!turns.take(keys[0], now + MINUTE - MOMENT, rest));
        assert!(turns.take(keys[0], now + MINUTE, rest));
    }

    #[test]
    fn it_is_bounded_and_lets_go_first_of_those_that_are_due() {
        let (turns, now) = (Turns::with_capacity(1), Instant::now());
        let keys = keys(1000);
        let is_same = |key: &&Key| key.shard(SHARDS) == keys[0].shard(SHARDS);
        let [first, second, third] = keys.iter().filter(is_same).copied().collect::<Vec<_>>()[..3]
        else {
            unreachable!()
        };
        turns.note(first, now, 10 * MINUTE);
        turns.note(second, now + MINUTE, 10 * MINUTE);
        assert_eq!(turns.shard(first).len(), 1);
        assert!(!turns.is_due(second, now + MINUTE));
        turns.note(third, now + MINUTE, 10 * MINUTE);
        assert!(turns.is_due(second, now + MINUTE));
        assert!(!turns.is_due(third, now + MINUTE));
    }
}
