//! When a lease asks again, and when it is over. Pure: no clock, no chance, no call.

use std::time::Duration;

use tokio::time::Instant;

use crate::{better_auth::defaults, clock::FOREVER};

/// The shortest time between two checks, whatever was asked for.
const SHORTEST: Duration = Duration::from_secs(1);

/// Over how long those ask again who hear of the same revocation, so that they do not all ask at once.
const SPREAD: Duration = Duration::from_secs(2);

/// All times of one lease.
#[derive(Debug)]
pub(super) struct Schedule {
    every: Duration,
    bears: Duration,
    /// The end of the session.
    end: Instant,
    check: Instant,
    failing_since: Option<Instant>,
}

/// What a moment asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Due {
    Nothing,
    Check,
    End,
}

impl Schedule {
    /// For a session that goes on for `rest`. `chance` lies between 0 and 1, as below.
    pub(super) fn new(now: Instant, rest: Duration, chance: f64) -> Self {
        let mut schedule = Self {
            every: defaults::LEASE_INTERVAL,
            bears: defaults::LEASE_OUTAGE,
            end: now,
            check: now,
            failing_since: None,
        };
        schedule.goes_on(now, now, rest, chance);
        schedule
    }

    pub(super) fn set_every(&mut self, every: Duration, now: Instant, chance: f64) {
        self.every = every.clamp(SHORTEST, FOREVER);
        let rest = self.end.saturating_duration_since(now);
        self.goes_on(now, now, rest, chance);
    }

    pub(super) fn set_bears(&mut self, outage: Duration) {
        self.bears = outage.min(FOREVER);
    }

    /// The session was found active when it was asked about, for `rest` from now on. Asks again in time to see whether it
    /// was prolonged, and at once after an answer that has lain there: nobody polls a connection whose client reads nothing.
    pub(super) fn goes_on(&mut self, asked: Instant, now: Instant, rest: Duration, chance: f64) {
        let rest = rest.min(FOREVER);
        self.failing_since = None;
        self.end = now + rest;
        let wait = self.every.min(rest / 2).max(SHORTEST);
        self.check = asked + about(wait, chance);
    }

    /// Nobody could be asked. Whether the lease bears it: asks at least once more when that time is over.
    pub(super) fn bears(&mut self, now: Instant, chance: f64) -> bool {
        let since = *self.failing_since.get_or_insert(now);
        let limit = since + self.bears;
        self.check = (now + about(self.every, chance)).min(limit);
        now < limit
    }

    /// Something was revoked: asks at once, or soon if everybody does.
    pub(super) fn hurry(&mut self, now: Instant, is_for_all: bool, chance: f64) {
        let wait = if is_for_all {
            SPREAD.mul_f64(chance)
        } else {
            Duration::ZERO
        };
        self.check = self.check.min(now + wait);
    }

    pub(super) fn due(&self, now: Instant) -> Due {
        if now >= self.end {
            Due::End
        } else if now >= self.check {
            Due::Check
        } else {
            Due::Nothing
        }
    }

    /// When there is something to do, unless a check is under way.
    pub(super) fn next(&self, is_checking: bool) -> Instant {
        if is_checking {
            self.end
        } else {
            self.end.min(self.check)
        }
    }
}

/// A tenth more or less, so that what began together does not ask together for ever.
fn about(wait: Duration, chance: f64) -> Duration {
    wait.mul_f64(0.9 + 0.2 * chance.clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);
    const DAY: Duration = Duration::from_secs(24 * 60 * 60);

    fn check_of(schedule: &Schedule, now: Instant) -> Duration {
        schedule.next(false) - now
    }

    #[test]
    fn it_asks_about_every_minute_and_earlier_of_a_session_that_ends_soon() {
        let now = Instant::now();
        for (rest, chance, expected) in [
            (DAY, 0.0, 54 * SECOND),
            (DAY, 0.5, 60 * SECOND),
            (DAY, 1.0, 66 * SECOND),
            (Duration::MAX, 0.5, 60 * SECOND),
            (60 * SECOND, 0.5, 30 * SECOND),
            (SECOND / 2, 0.5, SECOND / 2),
        ] {
            let schedule = Schedule::new(now, rest, chance);
            assert_eq!(check_of(&schedule, now), expected, "{rest:?} {chance}");
        }
    }

    #[test]
    fn the_interval_is_the_one_that_was_set_and_never_below_a_second() {
        let now = Instant::now();
        for (every, expected) in [
            (10 * SECOND, 10 * SECOND),
            (Duration::ZERO, SECOND),
            (2 * DAY, 2 * DAY),
            (Duration::MAX, FOREVER / 2),
        ] {
            let mut schedule = Schedule::new(now, FOREVER, 0.5);
            schedule.set_every(every, now, 0.5);
            assert_eq!(check_of(&schedule, now), expected, "{every:?}");
        }
    }

    #[test]
    fn it_ends_with_the_session_unless_a_check_found_a_later_end() {
        let now = Instant::now();
        let mut schedule = Schedule::new(now, 100 * SECOND, 0.5);
        assert_eq!(schedule.due(now + 49 * SECOND), Due::Nothing);
        assert_eq!(schedule.due(now + 50 * SECOND), Due::Check);
        assert_eq!(schedule.next(true), now + 100 * SECOND);
        assert_eq!(schedule.due(now + 100 * SECOND), Due::End);
        let then = now + 50 * SECOND;
        schedule.goes_on(then, then, 100 * SECOND, 0.5);
        assert_eq!(schedule.due(now + 100 * SECOND), Due::Check);
        assert_eq!(schedule.due(now + 150 * SECOND), Due::End);
    }

    #[test]
    fn an_answer_is_as_old_as_the_question() {
        let now = Instant::now();
        let mut schedule = Schedule::new(now, DAY, 0.5);
        let then = now + 120 * SECOND;
        for (asked, expected) in [(then - 5 * SECOND, Due::Nothing), (now, Due::Check)] {
            schedule.goes_on(asked, then, DAY, 0.5);
            assert_eq!(schedule.due(then), expected);
            assert_eq!(schedule.next(true), then + DAY);
        }
    }

    #[test]
    fn an_outage_is_borne_for_its_time_and_a_good_answer_begins_it_anew() {
        let now = Instant::now();
        let mut schedule = Schedule::new(now, DAY, 0.5);
        schedule.set_bears(100 * SECOND);
        assert!(schedule.bears(now, 0.5));
        assert_eq!(check_of(&schedule, now), 60 * SECOND);
        assert!(schedule.bears(now + 60 * SECOND, 0.5));
        // Once more at the end of that time, and not after it.
        assert_eq!(check_of(&schedule, now), 100 * SECOND);
        assert!(!schedule.bears(now + 100 * SECOND, 0.5));

        let then = now + 101 * SECOND;
        schedule.goes_on(then, then, DAY, 0.5);
        assert!(schedule.bears(now + 102 * SECOND, 0.5));
        schedule.set_bears(Duration::ZERO);
        assert!(!schedule.bears(now + 102 * SECOND, 0.5));
        schedule.set_bears(Duration::MAX);
        assert!(schedule.bears(now + 102 * SECOND, 0.5));
    }

    #[test]
    fn a_revocation_is_looked_at_at_once_and_one_of_all_within_two_seconds() {
        let now = Instant::now();
        for (is_for_all, chance, expected) in [
            (false, 1.0, Duration::ZERO),
            (true, 0.0, Duration::ZERO),
            (true, 0.5, SECOND),
            (true, 1.0, 2 * SECOND),
        ] {
            let mut schedule = Schedule::new(now, DAY, 0.5);
            schedule.hurry(now, is_for_all, chance);
            assert_eq!(check_of(&schedule, now), expected);
            // Never later than it would have been.
            schedule.hurry(now + 10 * SECOND, true, 1.0);
            assert_eq!(check_of(&schedule, now), expected);
        }
    }
}
