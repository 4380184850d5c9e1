//! What has been revoked anywhere, and where in the stream that stands. Pure.

use std::collections::HashMap;

use super::message::What;
use crate::{cache::Position, types::AuthSession};

/// The revocations that an answer which is still alive can be older than.
#[derive(Debug, Default)]
pub(super) struct Marks {
    sessions: HashMap<String, Position>,
    users: HashMap<String, Position>,
    everything: Position,
}

impl Marks {
    pub(super) fn mark(&mut self, at: Position, what: &What) {
        let later = |mark: &mut Position| *mark = at.max(*mark);
        match what {
            What::Session(id) => later(self.sessions.entry(id.clone()).or_default()),
            What::User(id) => later(self.users.entry(id.clone()).or_default()),
            What::Everything => later(&mut self.everything),
            What::Nothing => {}
        }
    }

    /// Whether an answer has been revoked whose writer had heard everything up to `born`.
    pub(super) fn is_revoked(&self, session: &AuthSession, born: Position) -> bool {
        let is_later = |marks: &HashMap<String, Position>, id: &String| {
            marks.get(id).is_some_and(|mark| *mark > born)
        };
        self.is_everything_void_at(born)
            || is_later(&self.sessions, &session.session.id)
            || is_later(&self.users, &session.user.id)
    }

    /// Whether everything has been revoked since.
    pub(super) fn is_everything_void_at(&self, born: Position) -> bool {
        self.everything > born
    }

    /// Forgets what stands before that moment, by Redis's clock: no answer that is still alive is older.
    pub(super) fn forget_before(&mut self, millis: u64) {
        self.sessions.retain(|_, mark| mark.millis >= millis);
        self.users.retain(|_, mark| mark.millis >= millis);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn session() -> AuthSession {
        let answer = json!({
            "user": {"id": "u1"},
            "session": {"id": "s1", "expiresAt": "2099-11-27T09:32:22.106Z"},
        });
        serde_json::from_value(answer).unwrap()
    }

    fn at(millis: u64, number: u64) -> Position {
        Position { millis, number }
    }

    #[test]
    fn an_answer_is_void_if_something_about_it_stands_behind_where_its_writer_had_read_to() {
        let (session, user) = (
            |id: &str| What::Session(id.into()),
            |id: &str| What::User(id.into()),
        );
        let cases = [
            (session("s1"), true),
            (user("u1"), true),
            (What::Everything, true),
            (What::Nothing, false),
            (session("s2"), false),
            (session("u1"), false),
            (user("u2"), false),
            (user("s1"), false),
        ];
        for (what, is_about_it) in cases {
            let mut marks = Marks::default();
            marks.mark(at(10, 1), &what);
            for (born, is_before) in [
                (at(0, 0), true),
                (at(10, 0), true),
                (at(10, 1), false),
                (at(11, 0), false),
            ] {
                let expected = is_about_it && is_before;
                let is_revoked = marks.is_revoked(&self::session(), born);
                assert_eq!(is_revoked, expected, "{what:?} {born:?}");
            }
        }
    }

    #[test]
    fn the_last_mark_counts_in_whichever_order_they_are_heard() {
        for marked in [[5, 10], [10, 5]] {
            let mut marks = Marks::default();
            for millis in marked {
                marks.mark(at(millis, 0), &What::User("u1".into()));
            }
            assert!(marks.is_revoked(&session(), at(9, 0)));
            assert!(!marks.is_revoked(&session(), at(10, 0)));
        }
    }

    #[test]
    fn marks_that_nothing_can_be_older_than_are_forgotten() {
        let mut marks = Marks::default();
        for id in 0..100 {
            marks.mark(at(id, 0), &What::Session(id.to_string()));
            marks.mark(at(id, 0), &What::User(id.to_string()));
        }
        marks.forget_before(99);
        assert_eq!((marks.sessions.len(), marks.users.len()), (1, 1));
    }
}
