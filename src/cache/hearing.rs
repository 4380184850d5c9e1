//! Whether the revocations of other processes are heard, and so how long what is remembered may be believed.
//!
//! While they are, an entry is as good as its ttl says. While they are not, somebody may have ended the session and this
//! process would not know: only what the auth server said a moment ago is believed then.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use tokio::time::Instant;

/// When other processes were last heard. One atomic load on the way of a hit.
#[derive(Debug)]
pub(crate) struct Hearing {
    /// Moments are counted from here, so that they fit into an atomic.
    base: Instant,
    /// Nanoseconds after `base`, and one more; zero before the first time.
    last: AtomicU64,
    isolated_ttl: Duration,
}

impl Hearing {
    pub(crate) fn new(isolated_ttl: Duration, now: Instant) -> Self {
        Self {
            base: now,
            last: AtomicU64::new(0),
            isolated_ttl,
        }
    }

    /// Everything that others said before `at` has been heard.
    pub(crate) fn heard(&self, at: Instant) {
        let since = at.saturating_duration_since(self.base).as_nanos();
        let since = u64::try_from(since).unwrap_or(u64::MAX - 1);
        self.last.fetch_max(since + 1, Ordering::SeqCst);
    }

    /// What was heard is void: it cannot be told what was missed.
    pub(crate) fn lost(&self) {
        self.last.store(0, Ordering::SeqCst);
    }

    /// How long ago others were last heard.
    pub(crate) fn silence(&self, now: Instant) -> Option<Duration> {
        let last = self.last.load(Ordering::SeqCst).checked_sub(1)?;
        let last = self.base + Duration::from_nanos(last);
        Some(now.saturating_duration_since(last))
    }

    /// Whether others are heard at this moment.
    #[inline]
    pub(crate) fn is_up(&self, now: Instant) -> bool {
        self.silence(now)
            .is_some_and(|silence| silence < self.isolated_ttl)
    }

    /// Until when something is believed, heard or not, that the auth server said `age` ago.
    pub(super) fn young_until(&self, age: Duration, now: Instant) -> Instant {
        now + self.isolated_ttl.saturating_sub(age)
    }

    /// Whether an entry is believed that is young until then.
    #[inline]
    pub(super) fn trusts(&self, young_until: Instant, now: Instant) -> bool {
        now < young_until || self.is_up(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);
    const MILLI: Duration = Duration::from_millis(1);

    #[test]
    fn it_is_up_for_the_isolated_ttl_after_others_were_heard() {
        let now = Instant::now();
        let hearing = Hearing::new(SECOND, now);
        assert!(!hearing.is_up(now));
        assert_eq!(hearing.silence(now), None);
        hearing.heard(now + 5 * SECOND);
        for (millis, expected) in [(0, true), (999, true), (1000, false), (9000, false)] {
            let now = now + 5 * SECOND + millis * MILLI;
            assert_eq!(hearing.is_up(now), expected, "{millis}");
            assert_eq!(hearing.silence(now), Some(millis * MILLI));
        }
    }

    #[test]
    fn what_was_heard_earlier_takes_nothing_back_and_what_was_missed_does() {
        let now = Instant::now();
        let hearing = Hearing::new(SECOND, now);
        hearing.heard(now + 5 * SECOND);
        hearing.heard(now);
        assert!(hearing.is_up(now + 5 * SECOND));
        hearing.lost();
        assert!(!hearing.is_up(now + 5 * SECOND));
    }

    #[test]
    fn unheard_only_what_is_young_is_believed_and_heard_everything_is() {
        let now = Instant::now();
        let hearing = Hearing::new(SECOND, now);
        for (age, later, expected) in [
            (0, 0, true),
            (0, 999, true),
            (0, 1000, false),
            (600, 399, true),
            (600, 400, false),
            (5000, 0, false),
        ] {
            let young_until = hearing.young_until(age * MILLI, now);
            let then = now + later * MILLI;
            assert_eq!(hearing.trusts(young_until, then), expected, "{age} {later}");
        }
        hearing.heard(now);
        assert!(hearing.trusts(now, now + SECOND / 2));
        assert!(!hearing.trusts(now, now + SECOND));
    }
}
