//! Permissions of Better Auth's access control.

use super::{Access, Denied, Require, ask::AskingGuard};
use crate::{
    observe,
    question::{Permissions, Question, Reply, Scope},
};

impl Require {
    /// Lets in who may do all these actions with the resource, by the access control of Better Auth's admin plugin.
    ///
    /// Asks the auth server (`POST /admin/has-permission`), once for a request. It accepts that only from an origin it
    /// trusts; see [`origin`](crate::BetterAuthBuilder::origin). Otherwise: 403 `PERMISSION_REQUIRED`. An auth server
    /// that cannot be asked is a 503, whatever stands to the right.
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
