//! Closures as guards.

use super::{Access, Denied, Guard};

/// What a closure for [`Require::when`](super::Require::when) may return: `bool`, or `Result<(), Denied>`.
pub trait Outcome: sealed::Sealed {
    /// Whether to let the request through, and why not.
    ///
    /// # Errors
    ///
    /// [`Denied`] keeps the request from the handler.
    fn into_result(self) -> Result<(), Denied>;
}

impl Outcome for bool {
    fn into_result(self) -> Result<(), Denied> {
        if self { Ok(()) } else { Err(Denied::default()) }
    }
}

impl Outcome for Result<(), Denied> {
    fn into_result(self) -> Result<(), Denied> {
        self
    }
}

mod sealed {
    // Public in private, so that nobody else can name it.
    #[allow(unnameable_types)]
    pub trait Sealed {}

    impl Sealed for bool {}
    impl Sealed for Result<(), super::Denied> {}
}

pub(super) struct When<F>(pub(super) F);

impl<F, O> Guard for When<F>
where
    F: Fn(&Access<'_>) -> O + Send + Sync + 'static,
    O: Outcome,
{
    fn check(&self, access: &Access<'_>) -> Result<(), Denied> {
        (self.0)(access).into_result()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{access, session};

    #[test]
    fn a_closure_says_whether_or_why_not() {
        let check = |guard| access(session()).check(&When(move |_: &Access<'_>| guard));
        assert_eq!(check(true), Ok(()));
        assert_eq!(check(false), Err(Denied::default()));

        let why = || Denied::new("PLAN_REQUIRED");
        let denies = When(move |_: &Access<'_>| Err::<(), _>(why()));
        assert_eq!(access(session()).check(&denies), Err(why()));
        let admits = When(|_: &Access<'_>| Ok::<(), Denied>(()));
        assert_eq!(access(session()).check(&admits), Ok(()));
    }
}
