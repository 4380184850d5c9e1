use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime},
};

use tokio::time::Instant;

/// A clock that a test can move forward. Clones are the same clock.
///
/// It begins with the time of day and goes on as Tokio's clock does: in a test with
/// paused time it stands still, and `tokio::time::advance` moves it as well.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use tower_better_auth::testing::Clock;
///
/// let clock = Clock::new();
/// let before = clock.now();
/// clock.advance(Duration::from_secs(3600));
/// assert!(clock.now() >= before + Duration::from_secs(3600));
/// ```
#[derive(Clone)]
pub struct Clock {
    start: SystemTime,
    started: Instant,
    ahead: Arc<Mutex<Duration>>,
}

impl Clock {
    /// A clock that shows the time of day.
    #[must_use]
    pub fn new() -> Self {
        Self {
            start: SystemTime::now(),
            started: Instant::now(),
            ahead: Arc::default(),
        }
    }

    /// What it shows.
    #[must_use]
    pub fn now(&self) -> SystemTime {
        let ahead = *self.ahead.lock().unwrap_or_else(PoisonError::into_inner);
        self.start + self.started.elapsed() + ahead
    }

    /// Moves it forward.
    pub fn advance(&self, duration: Duration) {
        *self.ahead.lock().unwrap_or_else(PoisonError::into_inner) += duration;
    }
}

impl Default for Clock {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Clock").field(&self.now()).finish()
    }
}
