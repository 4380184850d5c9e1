//! What was counted, and the last line.

use std::{
    fmt,
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use super::oracle::{Answer, Broken};

/// What a run of an hour may grow by: allocators keep what a burst needed.
const GROWTH_LIMIT: f64 = 48.0;

/// The breaker stays open for two seconds, and its next probe may be as late again.
const RECOVERY_LIMIT: Duration = Duration::from_secs(10);

#[derive(Default)]
pub(super) struct Figures {
    pub(super) admitted: AtomicU64,
    pub(super) signed_out: AtomicU64,
    pub(super) unavailable: AtomicU64,
    pub(super) hung_up: AtomicU64,
    pub(super) upstream: AtomicU64,
    broken: Mutex<Vec<(Broken, String)>>,
    recoveries: Mutex<Vec<Duration>>,
    /// Resident, in MiB, one for each second.
    memory: Mutex<Vec<f64>>,
}

impl Figures {
    pub(super) fn count(&self, answer: Answer) {
        let counter = match answer {
            Answer::Admitted { .. } => &self.admitted,
            Answer::SignedOut => &self.signed_out,
            Answer::Unavailable => &self.unavailable,
            Answer::Other => return,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn broken(&self, promise: Broken, how: String) {
        self.broken.lock().unwrap().push((promise, how));
    }

    pub(super) fn recovered(&self, after: Duration) {
        self.recoveries.lock().unwrap().push(after);
    }

    /// Linux only; elsewhere nothing is said about memory.
    pub(super) fn weigh(&self) {
        const PAGES_PER_MIB: f64 = 256.0;
        let Ok(statm) = std::fs::read_to_string("/proc/self/statm") else {
            return;
        };
        let pages = statm
            .split(' ')
            .nth(1)
            .and_then(|it| it.parse::<f64>().ok());
        let pages = pages.expect("the second number is what is resident");
        self.memory.lock().unwrap().push(pages / PAGES_PER_MIB);
    }

    /// From a fifth of the run on, when all that is made once is made.
    fn growth(&self) -> f64 {
        let memory = self.memory.lock().unwrap();
        let warm = memory.get(memory.len() / 5);
        memory.last().copied().unwrap_or_default() - warm.copied().unwrap_or_default()
    }

    fn recovery(&self) -> (Duration, Duration) {
        let mut recoveries = self.recoveries.lock().unwrap().clone();
        recoveries.sort();
        let median = recoveries.get(recoveries.len() / 2);
        (
            median.copied().unwrap_or_default(),
            recoveries.last().copied().unwrap_or_default(),
        )
    }

    pub(super) fn times(&self, promise: Broken) -> usize {
        let broken = self.broken.lock().unwrap();
        broken.iter().filter(|(which, _)| *which == promise).count()
    }

    /// What was promised and did not hold, with the first requests that saw it.
    pub(super) fn faults(&self) -> Vec<String> {
        let mut faults: Vec<_> = self
            .broken
            .lock()
            .unwrap()
            .iter()
            .take(10)
            .map(|(promise, how)| format!("{promise:?}: {how}"))
            .collect();
        let (_, slowest) = self.recovery();
        if slowest > RECOVERY_LIMIT {
            faults.push(format!(
                "it took {slowest:?} to notice that the server is back"
            ));
        }
        // A short run shares its process with other tests.
        let is_alone = self.memory.lock().unwrap().len() >= 60;
        if is_alone && self.growth() > GROWTH_LIMIT {
            faults.push(format!("it grew by {:.1} MiB", self.growth()));
        }
        if self.admitted.load(Ordering::Relaxed) == 0
            || self.signed_out.load(Ordering::Relaxed) == 0
        {
            faults.push("nobody was let in, or nobody refused: the run proves nothing".to_owned());
        }
        faults
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let (median, slowest) = self.recovery();
        let requests = count(&self.admitted) + count(&self.signed_out) + count(&self.unavailable);
        write!(
            f,
            "{} requests ({} admitted, {} signed out, {} unavailable, {} hung up), {} wrong admissions, \
             {} outages as 401, {} logouts of valid sessions, {} odd answers, \
             recovery median {:.2} s max {:.2} s, memory {:+.1} MiB, {} calls upstream",
            requests + self.times(Broken::OddAnswer) as u64,
            count(&self.admitted),
            count(&self.signed_out),
            count(&self.unavailable),
            count(&self.hung_up),
            self.times(Broken::Admitted),
            self.times(Broken::OutageAsSignedOut),
            self.times(Broken::LoggedOut),
            self.times(Broken::OddAnswer),
            median.as_secs_f64(),
            slowest.as_secs_f64(),
            self.growth(),
            count(&self.upstream),
        )
    }
}
