//! The circuit breaker: while the auth server fails, nobody waits for it.
//!
//! Three states, and these ways between them:
//!
//! - **closed**: calls are made, and their outcomes counted over the last ten seconds. When at least twenty were counted
//!   and half of them failed, it opens.
//! - **open**: no call is made. After two seconds it is half-open.
//! - **half-open**: exactly one call, the probe, is let through. Its success closes the breaker and forgets what was
//!   counted; its failure opens it anew; a probe that is given up frees its place.
//!
//! A call that began under one state says nothing about another: its outcome counts only while the breaker is still in
//! the very period in which the call began.
//!
//! Its own, and not a crate's: the ones there are count failures in a row, or keep a clock of their own, or cannot tell
//! a probe that was given up; and the whole is a page.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

/// In how many parts the window is counted.
const SLICES: usize = 10;
const SLICES_U32: u32 = 10;

/// When to open, and for how long.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct BreakerPolicy {
    /// The share of calls that have to fail.
    pub(crate) failures: f64,
    /// The fewest calls to decide on.
    pub(crate) calls: u32,
    /// The time over which is counted.
    pub(crate) window: Duration,
    /// How long it stays open.
    pub(crate) open: Duration,
}

/// What all calls to one auth server share.
#[derive(Debug)]
pub(crate) struct Breaker {
    machine: Mutex<Machine>,
}

/// What a call was to the breaker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Succeeded,
    Failed,
    /// Says nothing about the server: one user's doing, or given up.
    Neither,
}

impl Breaker {
    pub(crate) fn new(policy: BreakerPolicy) -> Arc<Self> {
        let machine = Mutex::new(Machine::new(policy));
        Arc::new(Self { machine })
    }

    /// Lets a call through, or says when to come back.
    pub(crate) fn admit(self: &Arc<Self>, now: Instant) -> Result<Permit, Duration> {
        let period = self.machine().admit(now)?;
        Ok(Permit {
            breaker: Arc::clone(self),
            period: Some(period),
        })
    }

    pub(crate) fn state(&self, now: Instant) -> BreakerState {
        self.machine().state(now)
    }

    fn machine(&self) -> MutexGuard<'_, Machine> {
        self.machine.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// For one call. Dropped without an outcome, the call was given up.
#[derive(Debug)]
pub(crate) struct Permit {
    breaker: Arc<Breaker>,
    period: Option<u64>,
}

impl Permit {
    pub(crate) fn settle(mut self, outcome: Outcome, now: Instant) {
        if let Some(period) = self.period.take() {
            self.breaker.machine().settle(period, outcome, now);
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if let Some(period) = self.period.take() {
            self.breaker.machine().give_up(period);
        }
    }
}

/// The states, as operators are told of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BreakerState {
    /// Calls are made.
    Closed,
    /// No call is made: too many have failed.
    Open,
    /// One call is let through to see whether the server is back.
    HalfOpen,
}

impl BreakerState {
    /// As the metric says it: 0 closed, 1 half-open, 2 open.
    pub(crate) fn level(self) -> u8 {
        match self {
            Self::Closed => 0,
            Self::HalfOpen => 1,
            Self::Open => 2,
        }
    }
}

/// The machine itself: no clock, no lock, no I/O.
#[derive(Debug)]
struct Machine {
    policy: BreakerPolicy,
    state: State,
    /// Counts the changes of state, so that outcomes find the period in which their call began.
    period: u64,
}

#[derive(Debug)]
enum State {
    Closed(Window),
    Open { until: Instant },
    HalfOpen { is_probing: bool },
}

impl Machine {
    fn new(policy: BreakerPolicy) -> Self {
        let state = State::Closed(Window::new());
        Self {
            policy,
            state,
            period: 0,
        }
    }

    fn admit(&mut self, now: Instant) -> Result<u64, Duration> {
        match self.state {
            State::Closed(_) => {}
            State::Open { until } if now < until => return Err(until - now),
            State::HalfOpen { is_probing: true } => return Err(self.policy.open),
            State::Open { .. } | State::HalfOpen { is_probing: false } => {
                self.change(State::HalfOpen { is_probing: true });
            }
        }
        Ok(self.period)
    }

    fn settle(&mut self, period: u64, outcome: Outcome, now: Instant) {
        if period != self.period {
            return;
        }
        match (&mut self.state, outcome) {
            (State::Closed(window), Outcome::Succeeded | Outcome::Failed) => {
                if window.count(outcome, &self.policy, now) {
                    self.open(now);
                }
            }
            (State::HalfOpen { .. }, Outcome::Succeeded) => {
                self.change(State::Closed(Window::new()));
            }
            (State::HalfOpen { .. }, Outcome::Failed) => self.open(now),
            (State::HalfOpen { .. }, Outcome::Neither) => self.give_up(period),
            (State::Closed(_), Outcome::Neither) | (State::Open { .. }, _) => {}
        }
    }

    /// A probe that said nothing leaves its place to the next call.
    fn give_up(&mut self, period: u64) {
        if period == self.period && matches!(self.state, State::HalfOpen { .. }) {
            self.change(State::HalfOpen { is_probing: false });
        }
    }

    fn open(&mut self, now: Instant) {
        let until = now + self.policy.open;
        self.change(State::Open { until });
    }

    fn change(&mut self, state: State) {
        self.state = state;
        self.period += 1;
    }

    fn state(&self, now: Instant) -> BreakerState {
        match self.state {
            State::Closed(_) => BreakerState::Closed,
            State::Open { until } if now < until => BreakerState::Open,
            State::Open { .. } | State::HalfOpen { .. } => BreakerState::HalfOpen,
        }
    }
}

/// What was counted lately, in slices of the window, so that old outcomes leave it bit by bit.
#[derive(Debug)]
struct Window {
    slices: [Counts; SLICES],
    current: usize,
    /// When the current slice began; `None` before the first outcome.
    began: Option<Instant>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    calls: u32,
    failures: u32,
}

impl Window {
    fn new() -> Self {
        Self {
            slices: [Counts::default(); SLICES],
            current: 0,
            began: None,
        }
    }

    /// Counts one outcome, and tells whether it is time to open.
    fn count(&mut self, outcome: Outcome, policy: &BreakerPolicy, now: Instant) -> bool {
        self.advance(policy.window / SLICES_U32, now);
        let slice = &mut self.slices[self.current];
        slice.calls += 1;
        slice.failures += u32::from(outcome == Outcome::Failed);
        let calls: u32 = self.slices.iter().map(|slice| slice.calls).sum();
        let failures: u32 = self.slices.iter().map(|slice| slice.failures).sum();
        calls >= policy.calls && f64::from(failures) >= f64::from(calls) * policy.failures
    }

    fn advance(&mut self, slice: Duration, now: Instant) {
        let began = *self.began.get_or_insert(now);
        let passed = now.saturating_duration_since(began).as_nanos() / slice.as_nanos().max(1);
        let passed = usize::try_from(passed).unwrap_or(SLICES).min(SLICES);
        for _ in 0..passed {
            self.current = (self.current + 1) % SLICES;
            self.slices[self.current] = Counts::default();
        }
        if passed == SLICES {
            self.began = Some(now);
        } else if let Ok(passed) = u32::try_from(passed) {
            self.began = Some(began + slice * passed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn breaker() -> Arc<Breaker> {
        Breaker::new(BreakerPolicy {
            failures: 0.5,
            calls: 20,
            window: 10 * SECOND,
            open: 2 * SECOND,
        })
    }

    fn call(breaker: &Arc<Breaker>, outcome: Outcome, now: Instant) {
        breaker.admit(now).unwrap().settle(outcome, now);
    }

    fn opened(now: Instant) -> Arc<Breaker> {
        let breaker = breaker();
        for _ in 0..20 {
            call(&breaker, Outcome::Failed, now);
        }
        assert_eq!(breaker.state(now), BreakerState::Open);
        breaker
    }

    #[test]
    fn it_opens_when_half_of_at_least_twenty_calls_failed() {
        for (failures, successes, expected) in [
            (19, 0, BreakerState::Closed),
            (20, 0, BreakerState::Open),
            (10, 10, BreakerState::Open),
            (9, 11, BreakerState::Closed),
            (9, 100, BreakerState::Closed),
        ] {
            let (breaker, now) = (breaker(), Instant::now());
            for _ in 0..successes {
                call(&breaker, Outcome::Succeeded, now);
            }
            for _ in 0..failures {
                call(&breaker, Outcome::Failed, now);
            }
            assert_eq!(
                breaker.state(now),
                expected,
                "{failures} of {}",
                failures + successes
            );
        }
    }

    #[test]
    fn what_says_nothing_about_the_server_is_not_counted() {
        let (breaker, now) = (breaker(), Instant::now());
        for _ in 0..1000 {
            call(&breaker, Outcome::Neither, now);
            drop(breaker.admit(now));
        }
        for _ in 0..19 {
            call(&breaker, Outcome::Failed, now);
        }
        assert_eq!(breaker.state(now), BreakerState::Closed);
    }

    #[test]
    fn old_outcomes_leave_the_window() {
        let (breaker, now) = (breaker(), Instant::now());
        for _ in 0..19 {
            call(&breaker, Outcome::Failed, now);
        }
        call(&breaker, Outcome::Failed, now + 11 * SECOND);
        assert_eq!(breaker.state(now + 11 * SECOND), BreakerState::Closed);
    }

    #[test]
    fn failures_add_up_over_the_window() {
        let (breaker, now) = (breaker(), Instant::now());
        for call_number in 0..20 {
            call(&breaker, Outcome::Failed, now + SECOND * call_number / 4);
        }
        assert_eq!(breaker.state(now + 5 * SECOND), BreakerState::Open);
    }

    #[test]
    fn while_it_is_open_nobody_is_let_through_and_all_are_told_when_to_come_back() {
        let now = Instant::now();
        let breaker = opened(now);
        assert_eq!(breaker.admit(now).unwrap_err(), 2 * SECOND);
        assert_eq!(breaker.admit(now + SECOND).unwrap_err(), SECOND);
    }

    #[test]
    fn half_open_lets_exactly_one_probe_through() {
        let now = Instant::now();
        let (breaker, later) = (opened(now), now + 2 * SECOND);
        let probe = breaker.admit(later).unwrap();
        for _ in 0..100 {
            assert!(breaker.admit(later).is_err());
        }
        probe.settle(Outcome::Succeeded, later);
        assert_eq!(breaker.state(later), BreakerState::Closed);
        assert!(breaker.admit(later).is_ok());
    }

    #[test]
    fn a_probe_that_fails_opens_it_anew() {
        let now = Instant::now();
        let (breaker, later) = (opened(now), now + 2 * SECOND);
        breaker.admit(later).unwrap().settle(Outcome::Failed, later);
        assert_eq!(breaker.admit(later).unwrap_err(), 2 * SECOND);
        assert!(breaker.admit(later + 2 * SECOND).is_ok());
    }

    #[test]
    fn a_probe_that_was_given_up_frees_its_place() {
        let now = Instant::now();
        let (breaker, later) = (opened(now), now + 2 * SECOND);
        drop(breaker.admit(later).unwrap());
        breaker
            .admit(later)
            .unwrap()
            .settle(Outcome::Neither, later);
        assert!(breaker.admit(later).is_ok());
    }

    #[test]
    fn a_straggler_does_not_decide_for_the_probe() {
        let (breaker, now) = (breaker(), Instant::now());
        let stragglers: Vec<_> = (0..3).map(|_| breaker.admit(now).unwrap()).collect();
        for _ in 0..20 {
            call(&breaker, Outcome::Failed, now);
        }
        let later = now + 2 * SECOND;
        let probe = breaker.admit(later).unwrap();
        for (straggler, outcome) in
            stragglers
                .into_iter()
                .zip([Outcome::Succeeded, Outcome::Failed, Outcome::Neither])
        {
            straggler.settle(outcome, later);
            assert!(breaker.admit(later).is_err(), "{outcome:?}");
        }
        probe.settle(Outcome::Succeeded, later);
        assert_eq!(breaker.state(later), BreakerState::Closed);
    }

    #[test]
    fn after_it_closed_the_count_begins_anew() {
        let now = Instant::now();
        let (breaker, later) = (opened(now), now + 2 * SECOND);
        call(&breaker, Outcome::Succeeded, later);
        for _ in 0..19 {
            call(&breaker, Outcome::Failed, later);
        }
        assert_eq!(breaker.state(later), BreakerState::Closed);
    }

    #[test]
    fn when_its_time_is_over_it_is_half_open_also_before_anybody_comes() {
        let now = Instant::now();
        let breaker = opened(now);
        let last = now + 2 * SECOND - Duration::from_nanos(1);
        assert_eq!(breaker.state(last), BreakerState::Open);
        assert_eq!(breaker.state(now + 2 * SECOND), BreakerState::HalfOpen);
    }

    #[test]
    fn the_metric_rises_with_the_trouble() {
        use BreakerState::{Closed, HalfOpen, Open};
        assert_eq!([Closed, HalfOpen, Open].map(BreakerState::level), [0, 1, 2]);
    }

    #[test]
    fn outcomes_leave_the_window_also_when_they_come_between_its_slices() {
        let (breaker, now) = (breaker(), Instant::now());
        for number in 0..60 {
            let now = now + SECOND * 9 / 10 * number;
            call(&breaker, Outcome::Failed, now);
            assert_eq!(breaker.state(now), BreakerState::Closed, "{number}");
        }
    }

    #[test]
    fn failures_add_up_after_a_long_silence_as_well() {
        let (breaker, now) = (breaker(), Instant::now());
        call(&breaker, Outcome::Failed, now);
        let later = now + 1000 * SECOND;
        for number in 0..20 {
            call(&breaker, Outcome::Failed, later + SECOND * number / 4);
        }
        assert_eq!(breaker.state(later + 5 * SECOND), BreakerState::Open);
    }
}
