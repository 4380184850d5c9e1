use std::fmt;

use tower_layer::Layer;

#[cfg(feature = "axum")]
use super::user_id::UserIdGuard;
use super::{
    Guard, RequireService,
    expression::Expression,
    role::{Needs, RoleGuard},
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
    /// Lets in who has this role, exactly as written.
    ///
    /// Better Auth keeps roles in one string with commas (`"user,admin"`); it is split there and compared byte for
    /// byte, so `superadmin`, `Admin` and `admin ` are other roles. A user whose role is null has none here, while
    /// Better Auth's own permission check gives such a user its default role. Whoever is not let in gets 403
    /// `INSUFFICIENT_ROLE`.
    pub fn role(role: impl Into<String>) -> Self {
        Self::guard(RoleGuard::new(Needs::Any, [role.into()]))
    }

    /// Lets in who has at least one of these roles, as [`role`](Self::role) does. An empty list denies everybody, and
    /// is logged as an error.
    pub fn any_role<R: Into<String>>(roles: impl IntoIterator<Item = R>) -> Self {
        Self::guard(RoleGuard::new(Needs::Any, roles))
    }

    /// Lets in who has all of these roles, as [`role`](Self::role) does. An empty list denies everybody, and is logged
    /// as an error.
    pub fn all_roles<R: Into<String>>(roles: impl IntoIterator<Item = R>) -> Self {
        Self::guard(RoleGuard::new(Needs::All, roles))
    }

    /// Lets in the user whose id is the path parameter of this name.
    ///
    /// The parameter is percent-decoded once, by axum, and compared byte for byte. A route that has no such
    /// parameter, has it twice (nested routers), or has it as a wildcard denies everybody, which is logged as an error
    /// for every request. Whoever is not let in gets 403 `USER_ID_MISMATCH`.
    #[cfg(feature = "axum")]
    #[cfg_attr(docsrs, doc(cfg(feature = "axum")))]
    pub fn user_id(param: impl Into<String>) -> Self {
        let param = param.into();
        Self::guard(UserIdGuard { param })
    }

    /// Lets in whom a guard of your own lets in.
    pub fn guard(guard: impl Guard) -> Self {
        let expression = Expression::guard(guard);
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
