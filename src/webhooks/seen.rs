//! Which messages are done, for as long as they could come again.

use std::{
    collections::{HashMap, VecDeque},
    time::SystemTime,
};

/// The most ids that are remembered. Only signed messages take up room; done twice, a revocation does no harm.
const CAPACITY: usize = 10_000;

#[derive(Debug, Default)]
pub(super) struct Seen {
    until: HashMap<String, SystemTime>,
    /// Oldest first.
    order: VecDeque<(String, SystemTime)>,
}

impl Seen {
    pub(super) fn contains(&self, id: &str, now: SystemTime) -> bool {
        self.until.get(id).is_some_and(|until| now <= *until)
    }

    pub(super) fn note(&mut self, id: &str, until: SystemTime, now: SystemTime) {
        self.until.insert(id.to_owned(), until);
        self.order.push_back((id.to_owned(), until));
        while self.has_old(now) || self.order.len() > CAPACITY {
            self.forget_oldest();
        }
    }

    fn has_old(&self, now: SystemTime) -> bool {
        self.order.front().is_some_and(|(_, until)| now > *until)
    }

    fn forget_oldest(&mut self) {
        let Some((id, until)) = self.order.pop_front() else {
            return;
        };
        // It may have come again since, with a later time.
        if self.until.get(&id) == Some(&until) {
            self.until.remove(&id);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;

    fn at(seconds: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(seconds)
    }

    #[test]
    fn a_message_is_remembered_until_its_time_is_over() {
        let mut seen = Seen::default();
        assert!(!seen.contains("a", at(0)));
        seen.note("a", at(10), at(0));
        assert!(seen.contains("a", at(10)));
        assert!(!seen.contains("a", at(11)));
        assert!(!seen.contains("b", at(0)));
    }

    #[test]
    fn one_that_comes_again_with_a_later_time_is_remembered_longer() {
        let mut seen = Seen::default();
        seen.note("a", at(10), at(0));
        seen.note("a", at(20), at(5));
        seen.note("b", at(30), at(15));
        assert!(seen.contains("a", at(20)));
    }

    #[test]
    fn what_is_over_takes_up_no_room() {
        let mut seen = Seen::default();
        for second in 0..1000 {
            seen.note(&second.to_string(), at(second + 10), at(second));
        }
        assert!(seen.until.len() <= 11 && seen.order.len() <= 11);
    }

    #[test]
    fn past_the_bound_the_oldest_is_forgotten() {
        let mut seen = Seen::default();
        for number in 0..=CAPACITY {
            seen.note(&number.to_string(), at(10), at(0));
        }
        assert_eq!((seen.until.len(), seen.order.len()), (CAPACITY, CAPACITY));
        assert!(!seen.contains("0", at(0)));
        assert!(seen.contains("1", at(0)));
    }
}
