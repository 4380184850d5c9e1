//! Whether a call that failed is made once more.
//!
//! 1. Only what failed before the server can have said anything: no connection, a connection that broke before the
//!    answer's head, and 502, 503 and 504 of a proxy. Never a 429, another 4xx, or an answer that was not understood.
//! 2. Within the deadline of the check, which a retry does not prolong.
//! 3. Within a budget that all checks share: a sixth of the calls of the last ten seconds, and ten more, so that an
//!    outage is not made worse by those who suffer from it. The budget is tower's.
//! 4. After a short random wait, so that many do not come back at once.

use std::{
    hash::{BuildHasher, RandomState},
    time::Duration,
};

use http::StatusCode;
use tower::retry::budget::{Budget, TpsBudget};

use super::error::{Cause, Stage};

/// How long a call counts for the budget.
const WINDOW: Duration = Duration::from_secs(10);

/// A sixth, and one retry a second for quiet times: together no more than a fifth of a hundred calls a second, or of a
/// thousand in one go. The budget counts in whole calls, and knows nothing between a fifth and a sixth.
const SHARE: f32 = 1.0 / 6.0;
const PER_SECOND: u32 = 1;

/// The longest wait before a retry.
const WAIT: Duration = Duration::from_millis(50);

/// Shared by all calls to one auth server.
#[derive(Debug)]
pub(super) struct Retries {
    most: u32,
    budget: TpsBudget,
}

impl Retries {
    pub(super) fn new(most: u32) -> Self {
        let budget = TpsBudget::new(WINDOW, PER_SECOND, SHARE);
        Self { most, budget }
    }

    /// A check begins, and adds its share to the budget.
    pub(super) fn begin(&self) {
        self.budget.deposit();
    }

    /// The wait before the next attempt, if there is to be one.
    pub(super) fn next(&self, attempts: u32, cause: &Cause) -> Option<Duration> {
        let is_worth_it = attempts <= self.most && is_retryable(cause);
        (is_worth_it && self.budget.withdraw()).then(jitter)
    }
}

fn is_retryable(cause: &Cause) -> bool {
    match cause {
        Cause::Transport(Stage::BeforeAnswer, _) => true,
        Cause::Status(status) => matches!(
            *status,
            StatusCode::BAD_GATEWAY | StatusCode::SERVICE_UNAVAILABLE | StatusCode::GATEWAY_TIMEOUT
        ),
        #[cfg(feature = "reqwest")]
        Cause::Redirected => false,
        Cause::Transport(Stage::InAnswer, _)
        | Cause::Deadline(_)
        | Cause::Busy(_)
        | Cause::Crowded
        | Cause::Paused
        | Cause::BreakerOpen
        | Cause::Panicked
        | Cause::TooLarge { .. }
        | Cause::HeadTooLarge
        | Cause::Encoded
        | Cause::NotJson(_)
        | Cause::OddReply
        | Cause::Malformed(_)
        | Cause::Decoder(_) => false,
    }
}

fn jitter() -> Duration {
    let random = RandomState::new().hash_one(());
    let millis = u64::try_from(WAIT.as_millis()).unwrap_or(u64::MAX);
    Duration::from_millis(random % millis)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn refused() -> Cause {
        Cause::Transport(Stage::BeforeAnswer, "refused".into())
    }

    #[tokio::test]
    async fn only_what_cannot_have_been_answered_is_tried_again() {
        for (cause, expected) in [
            (refused(), true),
            (Cause::Transport(Stage::InAnswer, "reset".into()), false),
            (Cause::Status(StatusCode::BAD_GATEWAY), true),
            (Cause::Status(StatusCode::SERVICE_UNAVAILABLE), true),
            (Cause::Status(StatusCode::GATEWAY_TIMEOUT), true),
            (Cause::Status(StatusCode::INTERNAL_SERVER_ERROR), false),
            (Cause::Status(StatusCode::TOO_MANY_REQUESTS), false),
            (Cause::Status(StatusCode::NOT_FOUND), false),
            (Cause::Deadline(Duration::from_secs(5)), false),
            (Cause::TooLarge { limit: 1 }, false),
            (Cause::HeadTooLarge, false),
            (Cause::Encoded, false),
        ] {
            let retries = Retries::new(1);
            retries.begin();
            assert_eq!(retries.next(1, &cause).is_some(), expected, "{cause}");
        }
    }

    #[tokio::test]
    async fn no_more_often_than_was_set() {
        for most in [0, 1, 3] {
            let retries = Retries::new(most);
            for attempts in 1..=5 {
                assert_eq!(
                    retries.next(attempts, &refused()).is_some(),
                    attempts <= most,
                    "{most}"
                );
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_thousand_failing_checks_make_at_most_twelve_hundred_calls() {
        let retries = Retries::new(1);
        let mut calls = 0;
        for _ in 0..1000 {
            retries.begin();
            calls += 1;
            if retries.next(1, &refused()).is_some() {
                calls += 1;
            }
        }
        assert!((1150..=1200).contains(&calls), "{calls}");
    }

    #[test]
    fn the_wait_is_short_and_another_one_each_time() {
        let waits: HashSet<Duration> = (0..1000).map(|_| jitter()).collect();
        assert!(waits.iter().all(|wait| *wait < WAIT), "{waits:?}");
        assert!(waits.len() > 10, "{waits:?}");
    }
}
