//! What time it is: for what ends on a date. What lasts for a span goes by Tokio's clock instead.

use std::time::{Duration, SystemTime};
#[cfg(feature = "testing")]
use std::{fmt, sync::Arc};

/// A year is as good as forever, and no clock overflows with it.
pub(crate) const FOREVER: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// The system's clock, or the one of a test.
#[derive(Clone, Debug, Default)]
pub(crate) enum Clock {
    #[default]
    System,
    #[cfg(feature = "testing")]
    Given(Given),
}

impl Clock {
    pub(crate) fn now(&self) -> SystemTime {
        match self {
            Self::System => SystemTime::now(),
            #[cfg(feature = "testing")]
            Self::Given(given) => (given.0)(),
        }
    }
}

/// A clock that a test can move.
#[cfg(feature = "testing")]
#[derive(Clone)]
pub(crate) struct Given(pub(crate) Arc<dyn Fn() -> SystemTime + Send + Sync>);

#[cfg(feature = "testing")]
impl fmt::Debug for Given {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Given").finish_non_exhaustive()
    }
}
