//! The time for which the auth server asked to be left alone.
//!
//! Better Auth's rate limiter is not a rate: it opens again after a window without a call that it allowed, and whoever
//! goes on calling stays shut out. So after a 429 nobody calls until the time that it named has passed: nobody whom it counts
//! together with the call that it refused.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

/// Shared by all calls of one counter of the auth server's.
#[derive(Debug, Default)]
pub(super) struct Pause {
    until: Mutex<Option<Instant>>,
}

impl Pause {
    /// How long there is still to wait.
    pub(super) fn rest(&self, now: Instant) -> Option<Duration> {
        let until = (*self.until.lock().unwrap_or_else(PoisonError::into_inner))?;
        until
            .checked_duration_since(now)
            .filter(|rest| !rest.is_zero())
    }

    /// Waits this long from now; a longer pause that was asked for before stays.
    pub(super) fn begin(&self, length: Duration, now: Instant) {
        let mut until = self.until.lock().unwrap_or_else(PoisonError::into_inner);
        *until = (*until).max(Some(now + length));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_lasts_as_long_as_was_asked_for_and_is_never_cut_short() {
        let (pause, now) = (Pause::default(), Instant::now());
        let seconds = Duration::from_secs;
        assert_eq!(pause.rest(now), None);
        pause.begin(seconds(10), now);
        pause.begin(seconds(3), now);
        assert_eq!(pause.rest(now + seconds(4)), Some(seconds(6)));
        assert_eq!(pause.rest(now + seconds(10)), None);
    }
}
