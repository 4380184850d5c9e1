//! Roles: the same comparison for layers and handlers.

use super::{Access, Denied, Guard};
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

#[derive(Clone, Copy)]
pub(super) enum Needs {
    Any,
    All,
}

pub(super) struct RoleGuard {
    roles: Vec<String>,
    needs: Needs,
}

impl RoleGuard {
    pub(super) fn new<R: Into<String>>(needs: Needs, roles: impl IntoIterator<Item = R>) -> Self {
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
        Self { roles, needs }
    }
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
