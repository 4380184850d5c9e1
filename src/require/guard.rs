use std::{borrow::Cow, sync::Arc};

use super::Access;
use crate::rejection::Rejection;

/// A rule that lets a signed-in user through or not.
///
/// Implement it for rules of your own and use them with [`Require::guard`](crate::Require::guard). The guards of this
/// crate are built on it.
///
/// # Examples
///
/// ```
/// use tower_better_auth::{Access, Denied, Guard, Require};
///
/// struct Plan(&'static str);
///
/// impl Guard for Plan {
///     fn check(&self, access: &Access<'_>) -> Result<(), Denied> {
///         match access.user().field::<String>("plan") {
///             Ok(Some(plan)) if plan == self.0 => Ok(()),
///             _ => Err(Denied::new("PLAN_REQUIRED").message("This needs another plan")),
///         }
///     }
/// }
///
/// let pro_only = Require::guard(Plan("pro"));
/// ```
pub trait Guard: Send + Sync + 'static {
    /// Decides. Pure, quick and without I/O: it may run more than once for one request.
    ///
    /// # Errors
    ///
    /// [`Denied`] keeps the request from the handler: 403 with the code it was made with.
    fn check(&self, access: &Access<'_>) -> Result<(), Denied>;
}

impl<G: Guard + ?Sized> Guard for Arc<G> {
    fn check(&self, access: &Access<'_>) -> Result<(), Denied> {
        (**self).check(access)
    }
}

impl<G: Guard + ?Sized> Guard for Box<G> {
    fn check(&self, access: &Access<'_>) -> Result<(), Denied> {
        (**self).check(access)
    }
}

/// Why a [`Guard`] said no: the code and the message of the 403.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct Denied {
    code: Cow<'static, str>,
    message: Cow<'static, str>,
}

impl Denied {
    /// The sentence for people, unless another is given.
    pub const MESSAGE: &'static str = "Access denied";

    /// A denial with a stable code for programs, in the style of `INSUFFICIENT_ROLE`.
    pub fn new(code: impl Into<Cow<'static, str>>) -> Self {
        Self {
            code: code.into(),
            message: Self::MESSAGE.into(),
        }
    }

    /// The sentence for people. Defaults to `Access denied`.
    pub fn message(mut self, message: impl Into<Cow<'static, str>>) -> Self {
        self.message = message.into();
        self
    }

    /// The code it was made with.
    #[must_use]
    pub fn code(&self) -> &str {
        &self.code
    }
}

/// The denial with code `FORBIDDEN`, for guards that have no code of their own.
impl Default for Denied {
    fn default() -> Self {
        Self::new("FORBIDDEN")
    }
}

impl From<Denied> for Rejection {
    fn from(denied: Denied) -> Self {
        Self::forbidden(denied.code, denied.message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{access, session};

    struct Never;

    impl Guard for Never {
        fn check(&self, _: &Access<'_>) -> Result<(), Denied> {
            Err(Denied::new("NEVER"))
        }
    }

    #[test]
    fn a_guard_in_a_box_or_shared_says_what_it_said_before() {
        let boxed: Box<dyn Guard> = Box::new(Never);
        let shared: Arc<dyn Guard> = Arc::new(Never);
        for answer in [
            access(session()).check(&boxed),
            access(session()).check(&shared),
        ] {
            assert_eq!(answer.unwrap_err().code(), "NEVER");
        }
    }

    #[test]
    fn a_denial_becomes_a_403_in_its_own_words() {
        let own = Denied::new("PLAN_REQUIRED").message("Not this plan");
        for (denied, code, message) in [
            (own, "PLAN_REQUIRED", "Not this plan"),
            (Denied::new("A"), "A", Denied::MESSAGE),
            (Denied::default(), "FORBIDDEN", Denied::MESSAGE),
        ] {
            let rejection = Rejection::from(denied);
            assert_eq!((rejection.code(), rejection.message()), (code, message));
            assert_eq!(rejection.status(), 403);
        }
    }
}
