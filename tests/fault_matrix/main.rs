//! Every fault, in every state of cache and breaker, for whoever asks first, waits along, or takes over. And verdicts, and
//! requests without a credential, so that the table is seen to tell the difference.
//!
//! `cargo test --test fault_matrix -- --nocapture` prints the table, and in its last lines how many cells were played and
//! how many cannot be. Each cell holds what the client sees, whether the handler ran, how often the server was called and
//! how long it took; and then that the server, healthy again, is believed at once, and nothing of the failure is left.

// A failed `unwrap` is a failed test.
#![allow(clippy::needless_pass_by_value, clippy::unwrap_used)]

#[path = "../it/support/mod.rs"]
#[allow(dead_code, unused_imports)]
mod support;
mod faults;
mod expectation;
mod world;
mod table;

use std::{
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use self::{
    expectation::{Bound, Cell, Expected, Role, State, expect},
    faults::Fault,
    table::{Outcome, Table},
    world::Observed,
};

/// Of a check that only the deadline ends. What goes before and after it on the same handle has to be done in that time.
const DEADLINE: Duration = Duration::from_secs(1);

/// What a busy machine may add. Both together stay below the default deadline, so that one that is ignored shows.
const EPSILON: Duration = Duration::from_millis(3500);

/// The deadline of all other checks, far from what any takes, so that it is the fault that decides.
const PATIENCE: Duration = Duration::from_secs(20);

/// How long the cache remembers a session.
const TTL: Duration = Duration::from_secs(60);

/// Most cells wait for a socket or a deadline, and not for the processor.
const THREADS: usize = 16;

#[test]
#[expect(clippy::print_stdout, reason = "the table is worth a look")]
fn every_fault_ends_as_it_should_in_every_state_for_everybody_who_waits() {
    let faults = faults::all();
    let outcomes = in_threads(&faults);
    let table = Table::new(&faults, outcomes);
    println!("{table}");
    assert!(table.wrong().is_empty(), "\n{}", table.wrong().join("\n"));
}

#[test]
fn no_two_faults_have_one_name() {
    let mut names: Vec<String> = faults::all().into_iter().map(|fault| fault.name).collect();
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), count);
}

/// The outcome of every cell, fault by fault, state by state, role by role.
fn in_threads(faults: &[Fault]) -> Vec<Outcome> {
    let cells: Vec<_> = faults
        .iter()
        .flat_map(|fault| State::ALL.map(|state| Role::ALL.map(|role| (fault, state, role))))
        .flatten()
        .collect();
    let (next, outcomes) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                while let Some((number, (fault, state, role))) = {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    cells.get(number).map(|cell| (number, *cell))
                } {
                    let outcome = outcome(fault, state, role);
                    outcomes.lock().unwrap().push((number, outcome));
                }
            });
        }
    });
    let mut outcomes = outcomes.into_inner().unwrap();
    outcomes.sort_unstable_by_key(|(number, _)| *number);
    outcomes.into_iter().map(|(_, outcome)| outcome).collect()
}

/// Plays one cell on a runtime of its own, and holds it against what was expected.
fn outcome(fault: &Fault, state: State, role: Role) -> Outcome {
    let expected = match expect(fault, state, role) {
        Cell::Impossible(why) => return Outcome::Impossible(why),
        Cell::Runs(expected) => expected,
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let played = runtime.block_on(world::play(fault, state, role, &expected));
    match played.and_then(|observed| hold(&observed, &expected)) {
        Ok(()) => Outcome::Right(expected),
        Err(why) => Outcome::Wrong(format!("{}, {state:?}, {role:?}: {why}", fault.name)),
    }
}

/// Whether it went as expected, and if not, how it went.
fn hold(observed: &Observed, expected: &Expected) -> Result<(), String> {
    let clients = observed.clients.len();
    let let_in = if expected.client == expectation::ACTIVE {
        clients
    } else {
        0
    };
    let next_let_in = usize::from(expected.next.0 == expectation::ACTIVE);
    let limit = match expected.bound {
        Bound::Nothing | Bound::Prompt => PATIENCE / 2,
        Bound::Deadline => DEADLINE + EPSILON,
    };
    let is_right = observed
        .clients
        .iter()
        .all(|client| client == expected.client)
        && observed
            .retry_after
            .iter()
            .all(|wait| *wait == expected.retry_after)
        && observed.calls == expected.calls
        && observed.handled == let_in
        && observed.took < limit
        && observed.clock.unwrap_or_default().is_zero()
        && (observed.next.0.as_str(), observed.next.1) == expected.next
        && observed.next.2 == next_let_in;
    is_right.then_some(()).ok_or_else(|| {
        format!(
            "{observed:?}\n    and not {expected:?}, within {limit:?}, the handler run for {let_in}"
        )
    })
}
