//! How long what was found out holds. Pure: no clock, no store.

use std::time::{Duration, SystemTime};

use tokio::time::Instant;

use crate::clock::FOREVER;

/// How sessions are remembered, for [`BetterAuthBuilder::cache`](crate::BetterAuthBuilder::cache).
///
/// 1. A session is remembered for the ttl or until it ends, whichever comes first. Being used does not prolong that.
/// 2. While it is in use it is asked for anew ahead of its end, so that nobody waits: in the last quarter of its time, and
///    no earlier than a call may take ([`deadline`](crate::BetterAuthBuilder::deadline)).
/// 3. What is [invalidated](crate::BetterAuth::invalidate_session) is gone at once, and an answer that was asked for before
///    cannot bring it back.
/// 4. A signed-out credential is remembered for a second, apart from the others, so that made-up cookies push out nobody.
///    Not with [`decode_with`](crate::BetterAuthBuilder::decode_with): what a decoder takes for signed out can be an outage.
/// 5. An auth server that cannot be asked is not remembered, and takes nothing away: sessions go on for their time.
/// 6. No byte of a credential is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct Cache {
    ttl: Duration,
    capacity: u64,
}

impl Cache {
    /// The most sessions, unless another number is given: 100,000.
    pub const CAPACITY: u64 = 100_000;

    /// Remembers a session for this long, and never past its end. Zero turns the cache off.
    ///
    /// For as long, a sign-out, a ban or a changed role can go unnoticed, unless somebody
    /// [says so](crate::guide::revocations): this service with
    /// [`invalidate_session`](crate::BetterAuth::invalidate_session) and the like, or Better Auth itself.
    pub const fn ttl(ttl: Duration) -> Self {
        Self {
            ttl: if ttl.as_secs() < FOREVER.as_secs() {
                ttl
            } else {
                FOREVER
            },
            capacity: Self::CAPACITY,
        }
    }

    /// Remembers at most this many sessions. Defaults to 100,000. Zero turns the cache off.
    pub const fn capacity(mut self, sessions: u64) -> Self {
        self.capacity = sessions;
        self
    }

    pub(crate) fn is_on(self) -> bool {
        !self.ttl.is_zero() && self.capacity > 0
    }

    pub(super) fn most(self) -> u64 {
        self.capacity
    }

    pub(crate) fn longest(self) -> Duration {
        self.ttl
    }

    /// How long a session that ends at `expires_at` is remembered, of which the auth server spoke `age` ago.
    pub(super) fn lifetime(
        self,
        expires_at: SystemTime,
        age: Duration,
        now: SystemTime,
    ) -> Duration {
        let rest = expires_at.duration_since(now).unwrap_or_default();
        self.ttl.saturating_sub(age).min(rest)
    }
}

/// How long signed-out credentials are remembered: long enough to break a flood, too short for anybody to notice.
pub(super) const SIGNED_OUT: Duration = Duration::from_secs(1);

/// How many of them.
pub(super) const SIGNED_OUT_CAPACITY: u64 = 10_000;

/// When an entry is asked for anew, and when it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    renew: Instant,
    end: Instant,
}

/// What an entry is worth at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Worth {
    Fresh,
    /// Still good, and time to ask anew.
    Aging,
    Over,
}

impl Span {
    /// Asks anew in the last quarter, and no earlier than `call`, which is what one may take: what is asked for sooner
    /// than needed is asked for more often. And not at the same moment for all: `spread` lies between 0 and 1.
    pub(super) fn new(lifetime: Duration, call: Duration, now: Instant, spread: f64) -> Self {
        let ahead = call.min(lifetime / 4);
        let end = now + lifetime;
        Self {
            renew: end - ahead.mul_f64(1.0 - 0.6 * spread.clamp(0.0, 1.0)),
            end,
        }
    }

    pub(super) fn worth(self, now: Instant) -> Worth {
        if now >= self.end {
            Worth::Over
        } else if now >= self.renew {
            Worth::Aging
        } else {
            Worth::Fresh
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use proptest::prelude::*;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn an_entry_lives_for_the_ttl_and_never_past_the_session() {
        let cache = Cache::ttl(10 * SECOND);
        let now = UNIX_EPOCH + 1000 * SECOND;
        for (rest, expected) in [(3600, 10), (10, 10), (9, 9), (0, 0)] {
            assert_eq!(
                cache.lifetime(now + SECOND * rest, Duration::ZERO, now),
                SECOND * expected
            );
        }
        assert_eq!(
            cache.lifetime(now - SECOND, Duration::ZERO, now),
            Duration::ZERO
        );
        for (age, expected) in [(3, 7), (10, 0), (11, 0)] {
            let lifetime = cache.lifetime(now + 3600 * SECOND, SECOND * age, now);
            assert_eq!(lifetime, SECOND * expected);
        }
    }

    #[test]
    fn it_is_off_without_time_or_room_and_has_the_room_that_was_set() {
        for (ttl, capacity, expected) in [
            (SECOND, 1, true),
            (SECOND, 0, false),
            (Duration::ZERO, 1, false),
            (Duration::ZERO, 0, false),
        ] {
            let cache = Cache::ttl(ttl).capacity(capacity);
            assert_eq!(cache.is_on(), expected, "{cache:?}");
            assert_eq!(cache.most(), capacity);
        }
        assert_eq!(Cache::ttl(SECOND).most(), Cache::CAPACITY);
    }

    #[test]
    fn a_ttl_is_taken_as_it_is_up_to_a_year() {
        let day = 24 * 3600 * SECOND;
        let year = 365 * day;
        for (ttl, expected) in [
            (Duration::ZERO, Duration::ZERO),
            (day, day),
            (year, year),
            (year + SECOND / 2, year),
            (year + SECOND, year),
            (Duration::MAX, year),
        ] {
            assert_eq!(Cache::ttl(ttl).longest(), expected, "{ttl:?}");
        }
    }

    #[test]
    fn the_longest_ttl_overflows_no_clock() {
        let (cache, now) = (Cache::ttl(Duration::MAX), UNIX_EPOCH + 1000 * SECOND);
        let lifetime = cache.lifetime(now + SECOND * 3600, Duration::ZERO, now);
        assert_eq!(lifetime, SECOND * 3600);
        let span = Span::new(cache.longest(), 5 * SECOND, Instant::now(), 1.0);
        assert_eq!(span.worth(Instant::now()), Worth::Fresh);
    }

    #[test]
    fn an_entry_is_renewed_ahead_of_its_end_by_a_quarter_of_its_time_or_by_what_a_call_may_take() {
        let now = Instant::now();
        for (lifetime, call, ahead) in [(100, 60, 25), (100, 25, 25), (100, 5, 5), (8, 5, 2)] {
            let (lifetime, call, ahead) = (lifetime * SECOND, call * SECOND, ahead * SECOND);
            for (spread, ahead) in [(0.0, ahead), (0.5, ahead * 7 / 10), (1.0, ahead * 4 / 10)] {
                let span = Span::new(lifetime, call, now, spread);
                let renew = now + lifetime - ahead;
                let moment = Duration::from_millis(1);
                assert_eq!(span.worth(now), Worth::Fresh);
                assert_eq!(
                    span.worth(renew - moment),
                    Worth::Fresh,
                    "{lifetime:?} {spread}"
                );
                assert_eq!(
                    span.worth(renew + moment),
                    Worth::Aging,
                    "{lifetime:?} {spread}"
                );
                assert_eq!(span.worth(now + lifetime), Worth::Over);
            }
        }
    }

    proptest! {
        #[test]
        fn no_entry_outlives_its_session_or_the_ttl(ttl in 0_u64..10_000, rest in -5_000_i64..5_000) {
            let now = UNIX_EPOCH + Duration::from_secs(1_000_000);
            let distance = Duration::from_secs(rest.unsigned_abs());
            let expires_at = if rest < 0 { now - distance } else { now + distance };
            let lifetime = Cache::ttl(Duration::from_secs(ttl)).lifetime(expires_at, Duration::ZERO, now);
            prop_assert!(lifetime.is_zero() || now + lifetime <= expires_at);
            prop_assert!(lifetime <= Duration::from_secs(ttl));
        }
    }
}
