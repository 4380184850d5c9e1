use std::fmt;

use tower_layer::Layer;

use super::{
    Access, Guard, Outcome, RequireService, ask::AskingGuard, expression::Expression, when::When,
};

/// A layer that lets a signed-in user through or answers 403.
///
/// One type without parameters for all guards and all their combinations, so that they can be chosen at run time and
/// returned from functions. Put it on routes with `route_layer`, inside a [`SessionAuth`](crate::SessionAuth).
///
/// `MethodRouter::route_layer` covers the methods that were added before it and no fallback: `any(handler)` needs
/// `.layer`, and panics with `route_layer`.
///
/// There is no `not`: it would turn a mistake into a pass.
///
/// See the [module docs](super) for an example.
#[derive(Clone)]
#[must_use = "a guard does nothing unless it is a layer of a route"]
pub struct Require {
    expression: Expression,
}

impl Require {
    /// Asks the auth server again, at this moment, and goes on with what it says: for routes where it matters.
    ///
    /// Costs one call more than the layer's own, once for a request. Bypasses Better Auth's cookie cache as well, so
    /// with [`trust_cookie_cache`](crate::BetterAuthBuilder::trust_cookie_cache) it needs an auth server with a
    /// database. Guards to its right, the handler and its extractors see the new session. Somebody who is signed out,
    /// banned, or cannot be asked about is refused here, whatever stands to the right.
    pub fn live() -> Self {
        let expression = Expression::Live;
        Self { expression }
    }

    /// Lets in whom a guard of your own lets in.
    pub fn guard(guard: impl Guard) -> Self {
        let expression = Expression::guard(guard);
        Self { expression }
    }

    /// Lets in whom a closure lets in: it returns `bool`, or `Result<(), Denied>` for a code of its own.
    ///
    /// Write the closure in place: one that is first put into a variable needs its argument's type.
    ///
    /// # Examples
    ///
    /// ```
    /// use tower_better_auth::{Denied, Require};
    ///
    /// let staff = Require::when(|access| access.user().email.ends_with("@example.com"));
    /// let pro = Require::when(|access| match access.user().field::<String>("plan") {
    ///     Ok(Some(plan)) if plan == "pro" => Ok(()),
    ///     _ => Err(Denied::new("PLAN_REQUIRED")),
    /// });
    /// ```
    pub fn when<F, O>(check: F) -> Self
    where
        F: Fn(&Access<'_>) -> O + Send + Sync + 'static,
        O: Outcome + 'static,
    {
        Self::guard(When(check))
    }

    pub(super) fn asking(guard: impl AskingGuard) -> Self {
        let expression = Expression::asking(guard);
        Self { expression }
    }

    /// Lets in who passes both. The other is not looked at when this one refuses.
    pub fn and(self, other: Self) -> Self {
        let expression = self.expression.and(other.expression);
        Self { expression }
    }

    /// Lets in who passes at least one. The other is not looked at when this one passes; when both refuse, the
    /// answer is this one's.
    pub fn or(self, other: Self) -> Self {
        let expression = self.expression.or(other.expression);
        Self { expression }
    }
}

impl<S> Layer<S> for Require {
    type Service = RequireService<S>;

    fn layer(&self, inner: S) -> RequireService<S> {
        RequireService::new(inner, self.expression.clone())
    }
}

impl fmt::Debug for Require {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Require").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_names_it() {
        assert_eq!(format!("{:?}", Require::live()), "Require { .. }");
    }
}
