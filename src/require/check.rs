//! In a handler, what the layers do.

use super::{Denied, role};
use crate::{
    extract::CurrentUser,
    rejection::Rejection,
    types::{AuthSession, User},
};

/// Byte for byte: no change of case, no normalization, no trimming.
pub(super) fn id(user: &User, id: &str) -> Result<(), Denied> {
    if user.id == id {
        Ok(())
    } else {
        Err(other_user())
    }
}

pub(super) fn other_user() -> Denied {
    Denied::new("USER_ID_MISMATCH").message("This belongs to another user")
}

impl User {
    /// Asks for a role, as [`Require::role`](crate::Require::role) does.
    ///
    /// # Errors
    ///
    /// 403 `INSUFFICIENT_ROLE` when the user does not have exactly this role.
    ///
    /// # Examples
    ///
    /// ```
    /// use tower_better_auth::{CurrentUser, Rejection};
    ///
    /// async fn stats(user: CurrentUser) -> Result<&'static str, Rejection> {
    ///     user.require_role("admin")?;
    ///     Ok("all is well")
    /// }
    /// ```
    pub fn require_role(&self, role: &str) -> Result<(), Rejection> {
        role::check(self, role).map_err(denied)
    }

    /// Asks that the user is the one with this id, as [`Require::user_id`](crate::Require::user_id) does.
    ///
    /// # Errors
    ///
    /// 403 `USER_ID_MISMATCH` when `id` is not the user's own, byte for byte.
    pub fn require_id(&self, id: &str) -> Result<(), Rejection> {
        self::id(self, id).map_err(denied)
    }
}

impl AuthSession {
    /// Asks for a role; see [`User::require_role`].
    ///
    /// # Errors
    ///
    /// 403 `INSUFFICIENT_ROLE` when the user does not have exactly this role.
    pub fn require_role(&self, role: &str) -> Result<(), Rejection> {
        self.user.require_role(role)
    }

    /// Asks that the user is the one with this id; see [`User::require_id`].
    ///
    /// # Errors
    ///
    /// 403 `USER_ID_MISMATCH` when `id` is not the user's own, byte for byte.
    pub fn require_id(&self, id: &str) -> Result<(), Rejection> {
        self.user.require_id(id)
    }
}

impl<T> CurrentUser<T> {
    /// Asks for a role; see [`User::require_role`]. Here also for a user type of your own.
    ///
    /// # Errors
    ///
    /// 403 `INSUFFICIENT_ROLE` when the user does not have exactly this role.
    pub fn require_role(&self, role: &str) -> Result<(), Rejection> {
        self.session().require_role(role)
    }

    /// Asks that the user is the one with this id; see [`User::require_id`].
    ///
    /// # Errors
    ///
    /// 403 `USER_ID_MISMATCH` when `id` is not the user's own, byte for byte.
    pub fn require_id(&self, id: &str) -> Result<(), Rejection> {
        self.session().require_id(id)
    }
}

fn denied(denied: Denied) -> Rejection {
    crate::observe::denied(denied.code());
    denied.into()
}

#[cfg(test)]
mod tests {
    use crate::testing::{session, user};

    #[test]
    fn a_handler_may_ask_the_user_or_the_whole_session() {
        let session = session().user(user("ada").role("admin")).build();
        for (role, expected) in [("admin", None), ("root", Some("INSUFFICIENT_ROLE"))] {
            for answer in [session.require_role(role), session.user.require_role(role)] {
                let code = answer.err().map(|rejection| rejection.code().to_owned());
                assert_eq!(code.as_deref(), expected, "{role}");
            }
        }
        for (id, expected) in [("ada", None), ("Ada", Some("USER_ID_MISMATCH"))] {
            for answer in [session.require_id(id), session.user.require_id(id)] {
                let code = answer.err().map(|rejection| rejection.code().to_owned());
                assert_eq!(code.as_deref(), expected, "{id}");
            }
        }
    }
}
