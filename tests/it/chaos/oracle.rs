//! What may be answered to whom. Pure: times come in.

use std::time::{Duration, Instant};

use super::{DEADLINE, TTL};

/// For clocks that are read one after the other, and rows that hold milliseconds.
const SLACK: Duration = Duration::from_millis(20);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Route {
    /// Remembered for the ttl.
    Cached,
    /// `Require::live()` of the same handle.
    Live,
    /// Of a handle without a cache.
    Uncached,
}

impl Route {
    pub(super) const ALL: [Self; 3] = [Self::Cached, Self::Live, Self::Uncached];

    /// How long after the end of a session a request may begin and still be let in: what is remembered may have been
    /// learnt from a call that began before, and without a cache a call that has begun is shared all the same.
    fn allowance(self) -> Duration {
        match self {
            Self::Cached => TTL + DEADLINE + SLACK,
            Self::Live => Duration::ZERO,
            Self::Uncached => DEADLINE + SLACK,
        }
    }
}

/// What is true about a cookie when the answer is there.
#[derive(Clone, Copy, Debug)]
pub(super) enum Truth {
    Good,
    Forged,
    /// Somebody ends it: from when it may be refused, and when the server said that it is done.
    Revoked {
        begun: Instant,
        done: Option<Instant>,
    },
    /// It ends by itself, as everybody knows.
    Expires(Instant),
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Answer {
    Admitted { as_whom_it_is: bool },
    SignedOut,
    Unavailable,
    Other,
}

/// One request and its answer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seen {
    pub(super) route: Route,
    pub(super) truth: Truth,
    pub(super) began: Instant,
    pub(super) ended: Instant,
    pub(super) answer: Answer,
    /// Whether the server was broken at any time in between.
    pub(super) in_outage: bool,
}

/// A promise that was not kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Broken {
    Admitted,
    OutageAsSignedOut,
    LoggedOut,
    OddAnswer,
}

impl Seen {
    pub(super) fn judge(&self) -> Result<(), Broken> {
        match self.answer {
            Answer::Unavailable => Ok(()),
            Answer::Other => Err(Broken::OddAnswer),
            Answer::Admitted { as_whom_it_is } if as_whom_it_is && self.may_be_admitted() => Ok(()),
            Answer::Admitted { .. } => Err(Broken::Admitted),
            Answer::SignedOut if self.may_be_signed_out() => Ok(()),
            Answer::SignedOut if self.in_outage => Err(Broken::OutageAsSignedOut),
            Answer::SignedOut => Err(Broken::LoggedOut),
        }
    }

    fn may_be_admitted(&self) -> bool {
        match self.truth {
            Truth::Good | Truth::Revoked { done: None, .. } => true,
            Truth::Forged => false,
            Truth::Revoked {
                done: Some(done), ..
            } => self.began <= done + self.route.allowance(),
            // No cache and no shared call outlives the session.
            Truth::Expires(end) => self.began <= end + SLACK,
        }
    }

    fn may_be_signed_out(&self) -> bool {
        match self.truth {
            Truth::Good => false,
            Truth::Forged => true,
            Truth::Revoked { begun, .. } => self.ended >= begun,
            Truth::Expires(end) => self.ended + SLACK >= end,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oracle_knows_right_from_wrong() {
        use Answer::{Admitted, Other, SignedOut, Unavailable};
        use Broken as B;
        let zero = Instant::now();
        let at = |millis: u64| zero + Duration::from_millis(millis);
        let yes = Admitted {
            as_whom_it_is: true,
        };
        let no = Admitted {
            as_whom_it_is: false,
        };
        let revoked = Truth::Revoked {
            begun: at(1000),
            done: Some(at(1100)),
        };
        let being_revoked = Truth::Revoked {
            begun: at(1000),
            done: None,
        };
        let expires = Truth::Expires(at(1000));
        let window = u64::try_from((TTL + DEADLINE).as_millis()).unwrap();
        let cases = [
            (Route::Cached, Truth::Good, 0, 10, yes, Ok(())),
            (Route::Cached, Truth::Good, 0, 10, no, Err(B::Admitted)),
            (Route::Cached, Truth::Good, 0, 10, Unavailable, Ok(())),
            (
                Route::Cached,
                Truth::Good,
                0,
                10,
                SignedOut,
                Err(B::LoggedOut),
            ),
            (Route::Live, Truth::Good, 0, 10, Other, Err(B::OddAnswer)),
            (Route::Live, Truth::Forged, 0, 10, yes, Err(B::Admitted)),
            (Route::Live, Truth::Forged, 0, 10, SignedOut, Ok(())),
            (Route::Live, being_revoked, 1050, 1060, yes, Ok(())),
            (
                Route::Live,
                being_revoked,
                900,
                999,
                SignedOut,
                Err(B::LoggedOut),
            ),
            (Route::Live, being_revoked, 900, 1001, SignedOut, Ok(())),
            (Route::Live, revoked, 1100, 1300, yes, Ok(())),
            (Route::Live, revoked, 1101, 1300, yes, Err(B::Admitted)),
            (Route::Cached, revoked, 1100 + window, 9000, yes, Ok(())),
            (
                Route::Cached,
                revoked,
                1200 + window,
                9000,
                yes,
                Err(B::Admitted),
            ),
            (Route::Uncached, revoked, 2100, 2200, yes, Ok(())),
            (Route::Uncached, revoked, 2200, 2300, yes, Err(B::Admitted)),
            (Route::Cached, expires, 1000, 1400, yes, Ok(())),
            (Route::Cached, expires, 1050, 1060, yes, Err(B::Admitted)),
            (
                Route::Cached,
                expires,
                900,
                950,
                SignedOut,
                Err(B::LoggedOut),
            ),
            (Route::Cached, expires, 900, 1000, SignedOut, Ok(())),
        ];
        for (number, (route, truth, began, ended, answer, expected)) in
            cases.into_iter().enumerate()
        {
            let seen = Seen {
                route,
                truth,
                began: at(began),
                ended: at(ended),
                answer,
                in_outage: false,
            };
            assert_eq!(seen.judge(), expected, "{number}: {seen:?}");
            let outage = Seen {
                in_outage: true,
                ..seen
            };
            let in_outage = expected.map_err(|broken| match broken {
                B::LoggedOut => B::OutageAsSignedOut,
                broken => broken,
            });
            assert_eq!(outage.judge(), in_outage, "{number}: {outage:?}");
        }
    }
}
