//! The validator against a reference, step by random step: requests that hang up, a server that takes its time and changes
//! its mind, invalidations, sign-outs, renewals, live checks, lanes, the circuit breaker and the pause.
//!
//! The reference says which calls are made, and what everybody is told. Beyond that it holds what nobody may be told,
//! whoever is right about the rest: see [`reference::Reference::may_admit`].
//!
//! A failure names its seed; `MODEL_SEED=<seed>` plays that one episode again, and prints its steps.
//! `MODEL_EPISODES=<count>` plays more or fewer of them.

mod dice;
mod episode;
mod order;
mod reference;
mod server;
mod setup;
mod terms;
mod witness;

use std::{
    env, iter,
    num::NonZero,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::atomic::{AtomicU64, Ordering},
    thread::{self, available_parallelism},
    time::{SystemTime, UNIX_EPOCH},
};

use self::{dice::Dice, episode::Episode};

/// So many that one run takes a million steps.
const EPISODES: u64 = 1_000;
const STEPS: u64 = 1_000;

fn from_env(name: &str) -> Option<u64> {
    let value = env::var(name).ok()?;
    Some(value.parse().expect("a seed and a count are numbers"))
}

#[test]
fn a_million_random_steps_go_as_the_reference_says() {
    if let Some(seed) = from_env("MODEL_SEED") {
        return play(seed, true);
    }
    let today = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let first = u64::try_from(today.as_nanos() & u128::from(u64::MAX)).unwrap();
    let episodes = from_env("MODEL_EPISODES").unwrap_or(EPISODES);
    let number = AtomicU64::new(0);
    thread::scope(|scope| {
        for _ in 0..available_parallelism().map_or(1, NonZero::get) {
            scope.spawn(|| {
                let next = || Some(number.fetch_add(1, Ordering::Relaxed));
                for number in iter::from_fn(next).take_while(|number| *number < episodes) {
                    play_or_tell(first.wrapping_add(number));
                }
            });
        }
    });
}

fn play_or_tell(seed: u64) {
    catch_unwind(AssertUnwindSafe(|| play(seed, false))).unwrap_or_else(|panic| {
        eprintln!("play it again with MODEL_SEED={seed}");
        resume_unwind(panic)
    });
}

fn play(seed: u64, is_told: bool) {
    let mut dice = Dice::new(seed);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    // Now and then the runtime ends in the middle of it all.
    let is_cut_short = dice.one_in(10);
    let episode = runtime.block_on(async {
        let mut episode = Episode::new(&mut dice, is_told);
        for _ in 0..STEPS {
            episode.step(&mut dice).await;
        }
        if !is_cut_short {
            episode.end().await;
        }
        episode
    });
    let handle = runtime.handle().clone();
    drop(runtime);
    assert_eq!(handle.metrics().num_alive_tasks(), 0);
    episode.after_the_runtime();
}
