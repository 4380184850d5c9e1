//! Permissions of Better Auth's access control.

use super::{Access, Denied, Require, ask::AskingGuard};
use crate::{
    observe,
    question::{Permissions, Question, Reply, Scope},
};

impl Require {
    /// Lets in who may do all these actions with the resource, by the access control of Better Auth's admin plugin.
    ///
    /// Asks the auth server (`POST /admin/has-permission`), once for a request. Otherwise: 403 `PERMISSION_REQUIRED`. An
    /// auth server that cannot be asked is a 503, and one that does not trust this handle's
    /// [`origin`](crate::BetterAuthBuilder::origin) a 500 `AUTH_MISCONFIGURED`, whatever stands to the right.
    pub fn permission<A: Into<String>>(
        resource: impl Into<String>,
        actions: impl IntoIterator<Item = A>,
    ) -> Self {
        let permissions = permissions(resource, actions);
        Self::asking(PermissionGuard { permissions })
    }
}

/// Everywhere: the admin plugin's.
struct PermissionGuard {
    permissions: Permissions,
}

impl AskingGuard for PermissionGuard {
    fn question(&self, _: &Access<'_>) -> Result<Question, Denied> {
        question(Scope::Everywhere, &self.permissions)
    }

    fn judge(&self, reply: &Reply) -> Result<(), Denied> {
        judge(reply)
    }
}

/// All these actions with the resource.
pub(super) fn permissions<A: Into<String>>(
    resource: impl Into<String>,
    actions: impl IntoIterator<Item = A>,
) -> Permissions {
    let actions = actions.into_iter().map(Into::into).collect();
    let permissions = Permissions::from([(resource.into(), actions)]);
    if is_empty(&permissions) {
        observe::misconfigured(
            "a permission guard without resource or actions denies everybody: name both, as in Better Auth's access \
             control",
        );
    }
    permissions
}

/// Nobody is asked about nothing: the server would grant it to everybody.
pub(super) fn question(scope: Scope, permissions: &Permissions) -> Result<Question, Denied> {
    if is_empty(permissions) {
        return Err(not_permitted());
    }
    let permissions = permissions.clone();
    Ok(Question::Permission { scope, permissions })
}

fn is_empty(permissions: &Permissions) -> bool {
    let mut entries = permissions.iter();
    entries.any(|(resource, actions)| resource.is_empty() || actions.is_empty())
}

pub(super) fn judge(reply: &Reply) -> Result<(), Denied> {
    match reply {
        Reply::Permitted(true) => Ok(()),
        Reply::Permitted(false)
        | Reply::MemberRole(_)
        | Reply::Unavailable { .. }
        | Reply::Misconfigured => Err(not_permitted()),
    }
}

fn not_permitted() -> Denied {
    Denied::new("PERMISSION_REQUIRED").message("You do not have the permission for this")
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use http::Request;

    use super::*;
    use crate::{require::MadeUp, testing::session};

    #[test]
    fn what_has_to_be_asked_is_asked_and_nobody_is_asked_about_nothing() {
        let asked = |resource: &str, actions: &[&str]| {
            let actions = actions.iter().copied();
            let permissions = permissions(resource, actions);
            let (request, params) = (Request::new(()), Vec::new());
            let made_up = MadeUp::new(session().build(), request, params, SystemTime::now());
            PermissionGuard { permissions }.question(&made_up.access())
        };
        let actions = vec!["read".to_owned(), "write".to_owned()];
        let expected = Question::Permission {
            scope: Scope::Everywhere,
            permissions: Permissions::from([("notes".to_owned(), actions)]),
        };
        assert_eq!(asked("notes", &["read", "write"]), Ok(expected));
        for (resource, actions) in [("", &["read"][..]), ("notes", &[]), ("", &[])] {
            let denied = asked(resource, actions).unwrap_err();
            assert_eq!(denied.code(), "PERMISSION_REQUIRED", "{resource:?}");
        }
    }

    #[test]
    fn only_a_plain_yes_lets_anybody_in() {
        let retry_after = Duration::from_secs(1);
        let permissions = permissions("notes", ["read"]);
        let guard = PermissionGuard { permissions };
        assert_eq!(guard.judge(&Reply::Permitted(true)), Ok(()));
        for reply in [
            Reply::Permitted(false),
            Reply::MemberRole(Some("owner".to_owned())),
            Reply::Unavailable { retry_after },
            Reply::Misconfigured,
        ] {
            assert_eq!(guard.judge(&reply), Err(not_permitted()), "{reply:?}");
        }
    }
}
