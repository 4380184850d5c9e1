//! How late a busy machine is, so that a bound in real time can allow for it.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use tokio::{task::JoinHandle, time::sleep};

const TICK: Duration = Duration::from_millis(20);

/// A clock of the test's runtime that notes how much longer than it should have each tick took.
pub(crate) struct Lateness {
    ticks: Arc<Mutex<Ticks>>,
    task: JoinHandle<()>,
}

struct Ticks {
    late: Duration,
    last: Instant,
}

/// A point in time.
#[derive(Clone, Copy)]
pub(crate) struct Mark {
    at: Instant,
    late: Duration,
}

/// The time since a mark, and for how much of it the machine was late.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Took {
    pub(crate) elapsed: Duration,
    pub(crate) late: Duration,
}

impl Lateness {
    pub(crate) fn start() -> Self {
        let ticks = Arc::new(Mutex::new(Ticks::now()));
        let noted = Arc::clone(&ticks);
        let task = tokio::spawn(async move {
            loop {
                sleep(TICK).await;
                let mut ticks = noted.lock().unwrap();
                *ticks = Ticks {
                    late: ticks.late(),
                    ..Ticks::now()
                };
            }
        });
        Self { ticks, task }
    }

    pub(crate) fn mark(&self) -> Mark {
        Mark {
            at: Instant::now(),
            late: self.ticks.lock().unwrap().late(),
        }
    }

    pub(crate) fn since(&self, mark: Mark) -> Took {
        let now = self.mark();
        Took {
            elapsed: now.at - mark.at,
            late: now.late.saturating_sub(mark.late),
        }
    }
}

impl Drop for Lateness {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Ticks {
    fn now() -> Self {
        Self {
            late: Duration::ZERO,
            last: Instant::now(),
        }
    }

    /// In all, the tick under way included. What the clock itself needs is not late.
    fn late(&self) -> Duration {
        let tick = self.last.elapsed();
        self.late + tick.saturating_sub(2 * TICK)
    }
}

impl Took {
    pub(crate) fn is_below(self, bound: Duration) -> bool {
        self.elapsed < bound + self.late
    }

    pub(crate) fn is_above(self, bound: Duration) -> bool {
        self.elapsed + self.late > bound
    }
}

#[tokio::test]
async fn a_machine_that_is_late_is_allowed_for_and_one_that_is_not_is_not() {
    let lateness = Lateness::start();
    let nap = Duration::from_millis(100);
    let mark = lateness.mark();
    sleep(TICK / 2).await;
    std::thread::sleep(5 * nap);
    let took = lateness.since(mark);
    assert!(took.late > 4 * nap && took.is_below(2 * nap), "{took:?}");
    for _ in 0..100 {
        let mark = lateness.mark();
        sleep(nap).await;
        if !lateness.since(mark).is_below(nap) {
            return;
        }
    }
    panic!("a machine that is in time counts as late");
}
