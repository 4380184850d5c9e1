//! Guards put together.

use std::sync::Arc;

use super::{Access, Denied, Guard, ask::AskingGuard};
use crate::question::Question;

/// What has to hold, erased, so that guards can be chosen at run time and returned from functions.
#[derive(Clone)]
pub(super) enum Expression {
    Guard(Arc<dyn Guard>),
    Asking(Arc<dyn AskingGuard>),
    /// Holds once the session was asked for past every cache.
    Live,
    And(Arc<(Self, Self)>),
    Or(Arc<(Self, Self)>),
}

/// How far an expression could be decided.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Decision {
    Allowed,
    Denied(Denied),
    AskNow,
    AskAbout(Question),
}

impl Expression {
    pub(super) fn guard(guard: impl Guard) -> Self {
        Self::Guard(Arc::new(guard))
    }

    pub(super) fn asking(guard: impl AskingGuard) -> Self {
        Self::Asking(Arc::new(guard))
    }

    pub(super) fn and(self, other: Self) -> Self {
        Self::And(Arc::new((self, other)))
    }

    pub(super) fn or(self, other: Self) -> Self {
        Self::Or(Arc::new((self, other)))
    }

    /// From left to right, no further than needed, and not past a question that is still open. Where both sides of
    /// `or` refuse, the left one is heard.
    ///
    /// After each answer the whole is decided anew.
    pub(super) fn decide(&self, access: &Access<'_>) -> Decision {
        match self {
            Self::Guard(guard) => guard.check(access).into(),
            Self::Asking(guard) => match guard.question(access) {
                Err(denied) => Decision::Denied(denied),
                Ok(question) => match access.reply(&question) {
                    Some(reply) => guard.judge(&reply).into(),
                    None => Decision::AskAbout(question),
                },
            },
            Self::Live if access.is_live() => Decision::Allowed,
            Self::Live => Decision::AskNow,
            Self::And(both) => match both.0.decide(access) {
                Decision::Allowed => both.1.decide(access),
                open_or_denied => open_or_denied,
            },
            Self::Or(either) => match either.0.decide(access) {
                Decision::Denied(left) => match either.1.decide(access) {
                    Decision::Denied(_) => Decision::Denied(left),
                    open_or_allowed => open_or_allowed,
                },
                open_or_allowed => open_or_allowed,
            },
        }
    }
}

impl From<Result<(), Denied>> for Decision {
    fn from(checked: Result<(), Denied>) -> Self {
        match checked {
            Ok(()) => Self::Allowed,
            Err(denied) => Self::Denied(denied),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::{SystemTime, UNIX_EPOCH};

    use http::{Extensions, HeaderMap, Request};

    use super::*;
    use crate::{
        credential::Inquiry,
        question::{Permissions, Refresh, Replied, Reply, Scope},
        require::{held::Held, when::When},
        testing::session,
        types::AuthSession,
        verdict::{Ask, BoxFuture, Checkpoint, Heard, Verdict, Watchers},
    };

    /// Knows the time and nothing else.
    struct Nobody;

    impl Ask for Nobody {
        fn inquire(&self, _: &HeaderMap, _: &Extensions) -> Inquiry {
            unreachable!("deciding asks nobody")
        }

        fn ask<'a>(&'a self, _: &'a Inquiry, _: Refresh) -> BoxFuture<'a, Heard> {
            unreachable!("deciding asks nobody")
        }

        fn ask_now<'a>(&'a self, _: &'a Inquiry) -> BoxFuture<'a, Verdict> {
            unreachable!("deciding asks nobody")
        }

        fn note_denied(&self, _: &HeaderMap, _: &Extensions, _: Option<&AuthSession>, _: &str) {
            unreachable!("deciding notes nothing")
        }

        fn ask_about<'a>(&'a self, _: &'a Inquiry, _: &'a Question) -> BoxFuture<'a, Replied> {
            unreachable!("deciding asks nobody")
        }

        fn now(&self) -> SystemTime {
            UNIX_EPOCH
        }

        fn watchers(&self) -> &Arc<Watchers> {
            unreachable!("deciding watches nobody")
        }
    }

    fn active() -> Verdict {
        Verdict::Active(Arc::new(session().build()))
    }

    fn settled() -> Checkpoint {
        Checkpoint::settled(Arc::new(Nobody), 0, active())
    }

    fn decide(expression: &Expression, checkpoint: Checkpoint) -> Decision {
        let mut request = Request::new(());
        request.extensions_mut().insert(checkpoint);
        let held = Held::take_from(&mut request);
        let session = session().build();
        let decision = expression.decide(&Access::new(&session, &request, &held));
        held.give_back_to(&mut request);
        assert!(request.extensions().get::<Checkpoint>().is_some());
        decision
    }

    fn question() -> Question {
        let permissions = Permissions::new();
        let scope = Scope::Everywhere;
        Question::Permission { scope, permissions }
    }

    struct Asks;

    impl AskingGuard for Asks {
        fn question(&self, _: &Access<'_>) -> Result<Question, Denied> {
            Ok(question())
        }

        fn judge(&self, reply: &Reply) -> Result<(), Denied> {
            match reply {
                Reply::Permitted(true) => Ok(()),
                _ => Err(Denied::new("ASKED")),
            }
        }
    }

    fn says(code: Option<&'static str>) -> Expression {
        Expression::guard(When(move |_: &Access<'_>| {
            code.map_or(Ok(()), |code| Err(Denied::new(code)))
        }))
    }

    #[test]
    fn a_session_that_was_asked_for_past_every_cache_is_not_asked_for_again() {
        let live = Expression::Live;
        assert_eq!(decide(&live, settled()), Decision::AskNow);
        let renewed = settled().renewed(active());
        assert_eq!(decide(&live, renewed), Decision::Allowed);
    }

    #[test]
    fn a_question_is_open_until_there_is_a_reply_to_it() {
        let asking = Expression::asking(Asks);
        for (reply, expected) in [
            (None, Decision::AskAbout(question())),
            (Some(Reply::Permitted(true)), Decision::Allowed),
            (
                Some(Reply::Permitted(false)),
                Decision::Denied(Denied::new("ASKED")),
            ),
        ] {
            let mut checkpoint = settled();
            if let Some(reply) = reply {
                checkpoint.remember(question(), reply);
            }
            assert_eq!(decide(&asking, checkpoint), expected);
        }
    }

    #[test]
    fn the_left_side_is_heard_and_an_open_question_is_not_passed() {
        let (yes, left, right) = (says(None), says(Some("LEFT")), says(Some("RIGHT")));
        let denied = |code| Decision::Denied(Denied::new(code));
        for (expression, expected) in [
            (yes.clone().and(yes.clone()), Decision::Allowed),
            (yes.clone().and(right.clone()), denied("RIGHT")),
            (left.clone().and(right.clone()), denied("LEFT")),
            (left.clone().and(Expression::Live), denied("LEFT")),
            (Expression::Live.and(right.clone()), Decision::AskNow),
            (yes.clone().or(Expression::Live), Decision::Allowed),
            (left.clone().or(yes.clone()), Decision::Allowed),
            (left.clone().or(right), denied("LEFT")),
            (left.or(Expression::Live), Decision::AskNow),
            (Expression::Live.or(yes), Decision::AskNow),
        ] {
            assert_eq!(decide(&expression, settled()), expected);
        }
    }

    #[test]
    fn it_is_as_late_as_the_clock_of_the_handle_says() {
        let is_now = When(|access: &Access<'_>| access.now() == UNIX_EPOCH);
        let decision = decide(&Expression::guard(is_now), settled());
        assert_eq!(decision, Decision::Allowed);
    }
}
