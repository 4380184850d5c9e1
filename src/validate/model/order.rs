//! The breaker and the pause of the reference: whether a call may be made.

/// Small, so that it opens often.
pub(super) const FAILURES: f64 = 0.5;
pub(super) const CALLS: u32 = 4;
pub(super) const WINDOW: u64 = 10;
pub(super) const OPEN: u64 = 2;

/// What a call says about the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Succeeded,
    Failed,
    Neither,
}

/// What lets a call through.
#[derive(Debug, Default)]
pub(super) struct Order {
    pub(super) has_breaker: bool,
    pub(super) paused_until: u64,
    state: State,
    period: u64,
}

#[derive(Debug)]
enum State {
    /// When calls ended, and whether they failed.
    Closed(Vec<(u64, bool)>),
    Open {
        until: u64,
    },
    HalfOpen {
        is_probing: bool,
    },
}

impl Default for State {
    fn default() -> Self {
        Self::Closed(Vec::new())
    }
}

impl Order {
    /// The period of the breaker in which the call begins; `None` if it may not.
    pub(super) fn admit(&mut self, now: u64) -> Option<u64> {
        if now < self.paused_until {
            return None;
        }
        // Without a breaker it stays closed.
        match self.state {
            State::Closed(_) => {}
            State::Open { until } if now < until => return None,
            State::HalfOpen { is_probing: true } => return None,
            State::Open { .. } | State::HalfOpen { is_probing: false } => {
                self.change(State::HalfOpen { is_probing: true });
            }
        }
        Some(self.period)
    }

    pub(super) fn settle(&mut self, period: u64, outcome: Outcome, now: u64) {
        if !self.has_breaker || period != self.period {
            return;
        }
        match (&mut self.state, outcome) {
            (State::Closed(calls), Outcome::Succeeded | Outcome::Failed) => {
                calls.push((now, outcome == Outcome::Failed));
                calls.retain(|(at, _)| at + WINDOW > now);
                let failed = calls.iter().filter(|(_, failed)| *failed).count();
                let is_enough = calls.len() >= CALLS as usize;
                if is_enough && failed * 2 >= calls.len() {
                    self.change(State::Open { until: now + OPEN });
                }
            }
            (State::HalfOpen { .. }, Outcome::Succeeded) => self.change(State::default()),
            (State::HalfOpen { .. }, Outcome::Failed) => {
                self.change(State::Open { until: now + OPEN });
            }
            (State::HalfOpen { .. }, Outcome::Neither) => {
                self.change(State::HalfOpen { is_probing: false });
            }
            (State::Closed(_), Outcome::Neither) | (State::Open { .. }, _) => {}
        }
    }

    fn change(&mut self, state: State) {
        self.state = state;
        self.period += 1;
    }

    /// As `BreakerState` names it.
    pub(super) fn name(&self, now: u64) -> &'static str {
        match self.state {
            State::Closed(_) => "Closed",
            State::Open { until } if now < until => "Open",
            State::Open { .. } | State::HalfOpen { .. } => "HalfOpen",
        }
    }
}
