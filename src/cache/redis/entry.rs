//! An answer of the auth server's as it lies in Redis, and whether to believe it. Pure.

use std::{
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use serde::{Deserialize, Serialize};

use super::{core::SLACK, seal::Seal};
use crate::{
    cache::{Position, Shareable},
    types::AuthSession,
};

/// By how much the clocks of two machines may differ. With more between them, they share less.
pub(super) const CLOCK_TOLERANCE: Duration = Duration::from_secs(1);

#[derive(Serialize)]
struct Written<'a> {
    session: &'a AuthSession,
    asked_at: u64,
    born: [u64; 2],
}

/// What was sealed by a process of the fleet.
#[derive(Deserialize)]
pub(super) struct Entry {
    session: AuthSession,
    /// In milliseconds since 1970, by the writer's clock.
    asked_at: u64,
    born: [u64; 2],
}

/// Why an authentic answer is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Disbelief {
    /// Too long ago.
    Old,
    /// Asked for later than now: by clocks, or by the stream.
    FromTheFuture,
    Revoked,
    /// The session has ended.
    Over,
}

/// The moment at which an answer is looked at.
pub(super) struct Moment<'a> {
    pub(super) date: SystemTime,
    /// How old it may be.
    pub(super) oldest: Duration,
    /// From where on this process knows the stream.
    pub(super) since: Position,
    /// How far it has heard.
    pub(super) heard: Position,
    /// Whether a revocation is known that the writer had not heard of.
    pub(super) is_revoked: &'a dyn Fn(&AuthSession, Position) -> bool,
}

pub(super) fn write(seal: &Seal, name: &str, answer: &Shareable<'_>) -> Option<Vec<u8>> {
    let written = Written {
        session: answer.session,
        asked_at: millis(answer.asked_at)?,
        born: [answer.born.millis, answer.born.number],
    };
    seal.seal(name, &serde_json::to_vec(&written).ok()?)
}

/// `None` for what no process of the fleet has written under that name.
pub(super) fn read(seal: &Seal, name: &str, bytes: &[u8]) -> Option<Entry> {
    serde_json::from_slice(&seal.open(name, bytes)?).ok()
}

impl Entry {
    /// The session, and how long ago the auth server said so.
    pub(super) fn judge(
        self,
        moment: &Moment<'_>,
    ) -> Result<(Arc<AuthSession>, Duration), Disbelief> {
        let [millis, number] = self.born;
        let born = Position { millis, number };
        let asked_at = UNIX_EPOCH
            .checked_add(Duration::from_millis(self.asked_at))
            .ok_or(Disbelief::FromTheFuture)?;
        let age = match moment.date.duration_since(asked_at) {
            Ok(age) => age,
            Err(ahead) if ahead.duration() <= CLOCK_TOLERANCE => Duration::ZERO,
            Err(_) => return Err(Disbelief::FromTheFuture),
        };
        if born > moment.heard {
            return Err(Disbelief::FromTheFuture);
        }
        if age >= moment.oldest || self.is_older_than_is_known(born, moment.since) {
            return Err(Disbelief::Old);
        }
        if self.session.session.is_over_at(moment.date) {
            return Err(Disbelief::Over);
        }
        if (moment.is_revoked)(&self.session, born) {
            return Err(Disbelief::Revoked);
        }
        Ok((Arc::new(self.session), age))
    }
}

impl Entry {
    /// Whether it may have been revoked in a part of the stream that was let go of before this process read it, as by
    /// processes with a shorter ttl.
    fn is_older_than_is_known(&self, born: Position, since: Position) -> bool {
        let slack = u64::try_from(SLACK.as_millis()).unwrap_or(u64::MAX);
        born < since && self.asked_at < since.millis.saturating_add(slack)
    }
}

fn millis(date: SystemTime) -> Option<u64> {
    let since = date.duration_since(UNIX_EPOCH).ok()?;
    u64::try_from(since.as_millis()).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{super::seal::Seals, *};

    const SECOND: Duration = Duration::from_secs(1);
    const SECRET: &[u8] = b"a secret of at least 32 bytes, so";

    fn now() -> SystemTime {
        UNIX_EPOCH + 1_800_000_000 * SECOND
    }

    fn session() -> Arc<AuthSession> {
        let answer = json!({
            "user": {"id": "u1", "name": "Ada", "plan": {"seats": 3}, "role": "user,admin"},
            "session": {"id": "s1", "token": "t0ken", "expiresAt": "2030-01-01T00:00:00.000Z", "team": "t"},
        });
        Arc::new(serde_json::from_value(answer).unwrap())
    }

    fn position(millis: u64) -> Position {
        Position { millis, number: 0 }
    }

    fn sealed(seals: &Seals, asked_at: SystemTime, born: Position) -> Vec<u8> {
        let answer = Shareable {
            session: &session(),
            asked_at,
            born,
            rest: SECOND,
        };
        write(&seals.values, "name", &answer).unwrap()
    }

    fn judged(
        asked_at: SystemTime,
        born: Position,
        moment: &Moment<'_>,
    ) -> Result<Duration, Disbelief> {
        let seals = Seals::new(SECRET, "a");
        let sealed = sealed(&seals, asked_at, born);
        let entry = read(&seals.values, "name", &sealed).unwrap();
        let (read, age) = entry.judge(moment)?;
        assert_eq!(read, session());
        Ok(age)
    }

    fn moment<'a>() -> Moment<'a> {
        Moment {
            date: now(),
            oldest: 10 * SECOND,
            since: Position::START,
            heard: position(100),
            is_revoked: &|_, _| false,
        }
    }

    #[test]
    fn a_session_is_read_as_it_was_written_and_its_token_was_never_there() {
        assert_eq!(judged(now(), position(100), &moment()), Ok(Duration::ZERO));
        let seals = Seals::new(SECRET, "a");
        let plain = seals
            .values
            .open("name", &sealed(&seals, now(), position(1)))
            .unwrap();
        assert!(!String::from_utf8(plain).unwrap().contains("t0ken"));
    }

    #[test]
    fn an_answer_is_believed_for_its_time_by_the_clocks_of_both() {
        let ago = |millis: i64| {
            let span = Duration::from_millis(millis.unsigned_abs());
            if millis < 0 {
                now() + span
            } else {
                now() - span
            }
        };
        for (millis, expected) in [
            (0, Ok(Duration::ZERO)),
            (3000, Ok(3 * SECOND)),
            (9999, Ok(Duration::from_millis(9999))),
            (10_000, Err(Disbelief::Old)),
            (300_000, Err(Disbelief::Old)),
            (-1000, Ok(Duration::ZERO)),
            (-1001, Err(Disbelief::FromTheFuture)),
            (-300_000, Err(Disbelief::FromTheFuture)),
        ] {
            let judged = judged(ago(millis), position(1), &moment());
            assert_eq!(judged, expected, "{millis}");
        }
    }

    #[test]
    fn an_answer_whose_writer_heard_more_than_this_process_is_not_believed() {
        let judged = judged(now(), position(101), &moment());
        assert_eq!(judged, Err(Disbelief::FromTheFuture));
    }

    #[test]
    fn what_was_asked_for_before_the_part_of_the_stream_that_is_known_is_not_believed() {
        let at = |date: SystemTime| position(millis(date).unwrap());
        let (second, heard) = (SECOND, at(now()));
        for (since, born, expected) in [
            // Born behind the beginning, or asked for long after it: every revocation in question is known.
            (now() - 5 * second, now() - 5 * second, Ok(3 * second)),
            (now() - 63 * second, now() - 90 * second, Ok(3 * second)),
            // In between nobody knows.
            (
                now() - 62 * second,
                now() - 90 * second,
                Err(Disbelief::Old),
            ),
            (now(), now() - second, Err(Disbelief::Old)),
        ] {
            let (since, born) = (at(since), at(born));
            let moment = Moment {
                since,
                heard,
                ..moment()
            };
            let judged = judged(now() - 3 * second, born, &moment);
            assert_eq!(judged, expected, "{since:?} {born:?}");
        }
    }

    #[test]
    fn what_was_revoked_or_has_ended_is_not_believed() {
        let revoked = Moment {
            is_revoked: &|session, born| session.user.id == "u1" && born == position(7),
            ..moment()
        };
        assert_eq!(
            judged(now(), position(7), &revoked),
            Err(Disbelief::Revoked)
        );
        assert_eq!(judged(now(), position(8), &revoked), Ok(Duration::ZERO));
        let later = Moment {
            date: UNIX_EPOCH + 1_900_000_000 * SECOND,
            ..moment()
        };
        assert_eq!(
            judged(later.date, position(7), &later),
            Err(Disbelief::Over)
        );
    }

    #[test]
    fn garbage_is_not_read_also_if_it_is_authentic() {
        let seals = Seals::new(SECRET, "a");
        for plain in ["", "null", "{}", "[1]", "\u{0}", r#"{"session":null}"#] {
            let sealed = seals.values.seal("name", plain.as_bytes()).unwrap();
            assert!(read(&seals.values, "name", &sealed).is_none(), "{plain}");
            assert!(
                read(&seals.values, "name", plain.as_bytes()).is_none(),
                "{plain}"
            );
        }
    }
}
