//! Roles: the same comparison for layers and handlers.

use super::{Access, Denied, Guard, Require};
use crate::{observe, types::User};

const CODE: &str = "INSUFFICIENT_ROLE";
const MESSAGE: &str = "Insufficient role";

/// Whether the user has exactly this role.
pub(super) fn check(user: &User, role: &str) -> Result<(), Denied> {
    if user.roles().any(|own| own == role) {
        Ok(())
    } else {
        Err(denied())
    }
}

fn denied() -> Denied {
    Denied::new(CODE).message(MESSAGE)
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

    /// Lets in who has at least one of these roles. An empty list denies everybody, and is logged as an error.
    pub fn any_role<R: Into<String>>(roles: impl IntoIterator<Item = R>) -> Self {
        Self::guard(RoleGuard::new(Needs::Any, roles))
    }

    /// Lets in who has all of these roles. An empty list denies everybody, and is logged as an error.
    pub fn all_roles<R: Into<String>>(roles: impl IntoIterator<Item = R>) -> Self {
        Self::guard(RoleGuard::new(Needs::All, roles))
    }
}

#[derive(Clone, Copy)]
enum Needs {
    Any,
    All,
}

struct RoleGuard {
    roles: Vec<String>,
    needs: Needs,
}

impl RoleGuard {
    fn new<R: Into<String>>(needs: Needs, roles: impl IntoIterator<Item = R>) -> Self {
        let roles = names(roles);
        Self { roles, needs }
    }
}

/// Role names, with a word in the log about those that nobody can have.
pub(super) fn names<R: Into<String>>(roles: impl IntoIterator<Item = R>) -> Vec<String> {
    let roles: Vec<String> = roles.into_iter().map(Into::into).collect();
    if roles.is_empty() {
        observe::misconfigured(
            "a role guard without roles denies everybody: name at least one role",
        );
    }
    for role in &roles {
        if role.is_empty() || role.contains(',') {
            observe::misconfigured(format_args!(
                "no user can have the role {role:?}: name one role, without commas, for each argument"
            ));
        }
    }
    roles
}

impl Guard for RoleGuard {
    fn check(&self, access: &Access<'_>) -> Result<(), Denied> {
        let user = access.user();
        let has = |role: &String| check(user, role).is_ok();
        let is_allowed = match self.needs {
            Needs::Any => self.roles.iter().any(has),
            // All of none would be everybody.
            Needs::All => !self.roles.is_empty() && self.roles.iter().all(has),
        };
        if is_allowed { Ok(()) } else { Err(denied()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{access, user};

    #[test]
    fn any_needs_one_and_all_need_all_exactly_as_written() {
        let cases: [(&[&str], &str, bool, bool); 7] = [
            (&["admin"], "admin", true, true),
            (&["admin", "editor"], "admin", true, false),
            (&["admin", "editor"], "editor,user,admin", true, true),
            (&["admin", "editor"], "user", false, false),
            (&["admin"], "Admin,superadmin", false, false),
            (&[""], "", false, false),
            (&[], "admin", false, false),
        ];
        for (roles, own, any, all) in cases {
            for (needs, expected) in [(Needs::Any, any), (Needs::All, all)] {
                let guard = RoleGuard::new(needs, roles.iter().copied());
                let denied = access(user("ada").role(own)).check(&guard).err();
                let code = denied.as_ref().map(Denied::code);
                let expected = (!expected).then_some(CODE);
                assert_eq!(code, expected, "{own:?} for {roles:?}");
            }
        }
    }
}
