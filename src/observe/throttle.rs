//! A line that repeats is written once a second, with the number of those left out.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

/// The shortest time between two lines of one kind: 1 second. An outage is a line a second, and not a line a request.
const INTERVAL: Duration = Duration::from_secs(1);

/// One kind of line.
#[derive(Debug, Default)]
struct Throttle {
    last: Option<Instant>,
    left_out: u64,
}

impl Throttle {
    /// Whether to write a line now: then with how many that were left out since the last.
    fn pass(&mut self, now: Instant) -> Option<u64> {
        let is_early = self.last.is_some_and(|last| now < last + INTERVAL);
        if is_early {
            self.left_out += 1;
            return None;
        }
        self.last = Some(now);
        Some(std::mem::take(&mut self.left_out))
    }
}

/// Lines of many kinds, of which there are only so many.
#[derive(Debug, Default)]
pub(crate) struct Throttles {
    kinds: Mutex<HashMap<(&'static str, &'static str), Throttle>>,
}

impl Throttles {
    /// Whether to write a line of this kind now: then with how many that were left out since the last.
    pub(crate) fn pass(&self, kind: (&'static str, &'static str), now: Instant) -> Option<u64> {
        let mut kinds = self.kinds.lock().unwrap_or_else(PoisonError::into_inner);
        kinds.entry(kind).or_default().pass(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_a_second_of_each_kind_with_the_number_of_those_left_out() {
        let (throttles, now) = (Throttles::default(), Instant::now());
        let pass = |kind, millis| throttles.pass((kind, ""), now + Duration::from_millis(millis));
        assert_eq!(pass("a", 0), Some(0));
        assert_eq!(pass("a", 1), None);
        assert_eq!(pass("a", 999), None);
        assert_eq!(pass("b", 999), Some(0));
        assert_eq!(pass("a", 1000), Some(2));
        assert_eq!(pass("a", 1001), None);
        assert_eq!(pass("a", 9000), Some(1));
        assert_eq!(pass("a", 10_000), Some(0));
    }
}
