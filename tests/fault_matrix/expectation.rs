//! What is to come of a fault: one function, so that no cell is empty.

use std::time::Duration;

use tower_better_auth::defaults;

use super::{
    TTL,
    faults::{Fault, Pace, Says},
};

/// How it stands when the fault comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// Nobody knows the session.
    Cold,
    /// The cache holds the session.
    Warm,
    /// It does, and the route asks past it.
    Live,
    /// Calls failed until the breaker opened; nobody knows the session, and the cache holds another.
    Open,
}

/// Who the request is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// The one that asks.
    Leader,
    /// One that comes while the leader waits.
    Follower,
    /// One that comes while the leader waits, and the leader hangs up.
    AfterLeaderHungUp,
}

impl State {
    pub(crate) const ALL: [Self; 4] = [Self::Cold, Self::Warm, Self::Live, Self::Open];
}

impl Role {
    pub(crate) const ALL: [Self; 3] = [Self::Leader, Self::Follower, Self::AfterLeaderHungUp];
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cell {
    Runs(Expected),
    /// There is no such thing, and why.
    Impossible(&'static str),
}

/// What everybody who waits gets to see, and what is left of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Expected {
    pub(crate) client: &'static str,
    /// What a 503 says about when to come back.
    pub(crate) retry_after: Option<Duration>,
    /// The calls that reach the server.
    pub(crate) calls: usize,
    pub(crate) bound: Bound,
    /// For how long what was found out, or asked for, holds after the server is healthy.
    pub(crate) wait: Duration,
    /// What a request sees before that, without a call.
    pub(crate) meanwhile: &'static str,
    /// What the next request sees then, and its calls.
    pub(crate) next: (&'static str, usize),
}

/// How long it may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bound {
    /// No time at all.
    Nothing,
    /// Far less than the deadline.
    Prompt,
    Deadline,
}

pub(crate) const ACTIVE: &str = "200";
pub(crate) const UNAVAILABLE: &str = "503 AUTH_SERVICE_UNAVAILABLE";

pub(crate) fn expect(fault: &Fault, state: State, role: Role) -> Cell {
    match (state, role) {
        _ if fault.says == Says::Anonymous => Cell::Runs(anonymous(fault, state)),
        (State::Warm | State::Live, _) if !fault.heals() => {
            Cell::Impossible("this server never gave a session to remember")
        }
        (State::Warm, Role::AfterLeaderHungUp) => {
            Cell::Impossible("no leader waits: the cache answers at once")
        }
        (State::Live, Role::AfterLeaderHungUp) => {
            Cell::Impossible("no leader: a live check joins nobody, and ends with its request")
        }
        (State::Warm, _) => Cell::Runs(remembered()),
        (State::Open, _) => Cell::Runs(not_asked(fault)),
        // Everybody shares one call,
        (State::Cold, _) | (State::Live, Role::Leader) => Cell::Runs(asked(fault, state, 1)),
        // or makes their own.
        (State::Live, Role::Follower) => Cell::Runs(asked(fault, state, 2)),
    }
}

/// Nobody is asked. Who shows a session afterwards finds all as it was.
fn anonymous(fault: &Fault, state: State) -> Expected {
    let as_it_was = match state {
        State::Cold => Expected {
            next: (ACTIVE, 1),
            ..remembered()
        },
        State::Warm | State::Live => remembered(),
        State::Open => not_asked(fault),
    };
    Expected {
        client: client(Says::Anonymous),
        retry_after: None,
        ..as_it_was
    }
}

/// The cache answers, whatever the server does.
fn remembered() -> Expected {
    Expected {
        client: ACTIVE,
        retry_after: None,
        calls: 0,
        bound: Bound::Nothing,
        wait: Duration::ZERO,
        meanwhile: ACTIVE,
        next: (ACTIVE, 0),
    }
}

/// The breaker answers, whatever the server does.
fn not_asked(fault: &Fault) -> Expected {
    Expected {
        client: UNAVAILABLE,
        retry_after: Some(defaults::BREAKER_OPEN),
        calls: 0,
        bound: Bound::Nothing,
        wait: defaults::BREAKER_OPEN,
        meanwhile: UNAVAILABLE,
        next: if fault.heals() {
            (ACTIVE, 1)
        } else {
            // What opened the breaker has spent the budget of retries.
            (UNAVAILABLE, 1)
        },
    }
}

/// The server answers, or does not.
fn asked(fault: &Fault, state: State, checks: usize) -> Expected {
    let unavailable = fault.says == Says::Unavailable;
    Expected {
        client: client(fault.says),
        retry_after: unavailable.then(|| fault.pause.unwrap_or(defaults::RETRY_AFTER)),
        calls: if fault.reaches_the_server() {
            checks * fault.tries
        } else {
            0
        },
        bound: match fault.pace {
            Pace::Prompt => Bound::Prompt,
            Pace::UntilDeadline => Bound::Deadline,
        },
        wait: wait(fault),
        meanwhile: match (fault.says, state) {
            (Says::Unavailable, State::Live) => ACTIVE,
            (says, _) => client(says),
        },
        next: match (fault.says, state) {
            (Says::Active, _) | (Says::Unavailable, State::Live) => (ACTIVE, 0),
            _ => next_call(fault),
        },
    }
}

fn client(says: Says) -> &'static str {
    match says {
        Says::Active => ACTIVE,
        Says::Banned => "403 USER_BANNED",
        Says::SignedOut | Says::Expired => "401 INVALID_SESSION",
        Says::Unavailable => UNAVAILABLE,
        Says::Anonymous => "401 UNAUTHENTICATED",
    }
}

/// How long the server's word holds. That it gave none holds for no time.
fn wait(fault: &Fault) -> Duration {
    match fault.says {
        Says::Active | Says::Expired | Says::Anonymous => Duration::ZERO,
        Says::Banned => TTL,
        Says::SignedOut => Duration::from_secs(1),
        Says::Unavailable => fault.pause.unwrap_or_default(),
    }
}

/// Asks anew, and is let in where the server can be healthy.
fn next_call(fault: &Fault) -> (&'static str, usize) {
    if fault.heals() {
        (ACTIVE, 1)
    } else {
        (UNAVAILABLE, fault.tries)
    }
}
