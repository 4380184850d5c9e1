//! Membership, roles and permissions in the organization that the path names.

use super::{Access, Denied, Require, ask::AskingGuard, path_params::ParamError, permission, role};
use crate::{
    observe,
    question::{Permissions, Question, Reply, Scope},
    types::split_roles,
};

impl Require {
    /// Lets in members of the organization whose id is the path parameter of this name.
    ///
    /// Asks the auth server (`GET /organization/get-active-member-role`), once for a request; the session's own
    /// `activeOrganizationId` goes stale and decides nothing. Otherwise: 403 `NOT_AN_ORGANIZATION_MEMBER`. An auth
    /// server that cannot be asked is a 503, whatever stands to the right.
    ///
    /// Better Auth prolongs a session that is due for it when it is asked this, and cannot be kept from it. The new
    /// cookie is passed on to the browser, with `Cache-Control: private, no-store`. No `dont_remember` cookie travels with a
    /// [bearer token](crate::BetterAuthBuilder::accept_bearer) alone, nor with
    /// [`session_cookie`](crate::BetterAuthBuilder::session_cookie) unless
    /// [`refresh_sessions`](crate::BetterAuthBuilder::refresh_sessions) is on; sessions that are meant to be short are then
    /// prolonged as well: use [`organization_permission`](Self::organization_permission) there.
    #[cfg_attr(docsrs, doc(cfg(feature = "axum")))]
    pub fn organization_member(param: impl Into<String>) -> Self {
        Self::asking(MemberGuard {
            organization: OrganizationParam(param.into()),
            roles: None,
        })
    }

    /// Lets in members of the organization in the path who have at least one of these roles there.
    ///
    /// Asks like [`organization_member`](Self::organization_member). Roles are split on commas and compared exactly. An
    /// empty list denies everybody, and is logged as an error. Otherwise: 403 `INSUFFICIENT_ORGANIZATION_ROLE`, and 403
    /// `NOT_AN_ORGANIZATION_MEMBER` for those who are no members.
    #[cfg_attr(docsrs, doc(cfg(feature = "axum")))]
    pub fn organization_role<R: Into<String>>(
        param: impl Into<String>,
        roles: impl IntoIterator<Item = R>,
    ) -> Self {
        Self::asking(MemberGuard {
            organization: OrganizationParam(param.into()),
            roles: Some(role::names(roles)),
        })
    }

    /// Lets in who may do all these actions with the resource in the organization whose id is the path parameter of this
    /// name, by the access control of Better Auth's organization plugin.
    ///
    /// Asks like [`permission`](Self::permission), at `POST /organization/has-permission`, and prolongs no session.
    /// Otherwise, members or not: 403 `PERMISSION_REQUIRED`; where the parameter is no id, because it is empty, not UTF-8 or
    /// longer than 256 bytes, nobody is asked: 403 `NOT_AN_ORGANIZATION_MEMBER`. 503 and 500 as with
    /// [`permission`](Self::permission).
    #[cfg_attr(docsrs, doc(cfg(feature = "axum")))]
    pub fn organization_permission<A: Into<String>>(
        param: impl Into<String>,
        resource: impl Into<String>,
        actions: impl IntoIterator<Item = A>,
    ) -> Self {
        Self::asking(OrganizationPermissionGuard {
            organization: OrganizationParam(param.into()),
            permissions: permission::permissions(resource, actions),
        })
    }
}

/// No organization has a longer id, and a client could make an address of it that no server takes.
const LONGEST_ID: usize = 256;

/// The organization whose id is in the path.
struct OrganizationParam(String);

impl OrganizationParam {
    /// The id, byte for byte.
    fn id(&self, access: &Access<'_>) -> Option<String> {
        match access.param(&self.0) {
            Ok(id) if can_be_an_id(id) => Some(id.to_owned()),
            Ok(_) | Err(ParamError::Undecodable) => None,
            Err(error) => {
                observe::misconfigured(format_args!(
                    "a guard for the organization in {:?} denies everybody here, because the route {error}",
                    self.0
                ));
                None
            }
        }
    }
}

/// An empty one would make the server decide on the organization that was last active, and there are databases that fail
/// on a zero byte.
fn can_be_an_id(id: &str) -> bool {
    (1..=LONGEST_ID).contains(&id.len()) && !id.contains(char::is_control)
}

/// Membership, with any role or one of some.
struct MemberGuard {
    organization: OrganizationParam,
    /// `None` for any role.
    roles: Option<Vec<String>>,
}

impl AskingGuard for MemberGuard {
    fn question(&self, access: &Access<'_>) -> Result<Question, Denied> {
        let organization = self.organization.id(access).ok_or_else(not_a_member)?;
        Ok(Question::MemberRole { organization })
    }

    fn judge(&self, reply: &Reply) -> Result<(), Denied> {
        let Reply::MemberRole(Some(own)) = reply else {
            return Err(not_a_member());
        };
        let has = |role: &String| split_roles(own).any(|own| own == role);
        match &self.roles {
            None => Ok(()),
            Some(roles) if roles.iter().any(has) => Ok(()),
            Some(_) => Err(Denied::new("INSUFFICIENT_ORGANIZATION_ROLE")
                .message("Insufficient role in this organization")),
        }
    }
}

fn not_a_member() -> Denied {
    Denied::new("NOT_AN_ORGANIZATION_MEMBER").message("You are not a member of this organization")
}

struct OrganizationPermissionGuard {
    organization: OrganizationParam,
    permissions: Permissions,
}

impl AskingGuard for OrganizationPermissionGuard {
    fn question(&self, access: &Access<'_>) -> Result<Question, Denied> {
        let id = self.organization.id(access).ok_or_else(not_a_member)?;
        permission::question(Scope::Organization(id), &self.permissions)
    }

    fn judge(&self, reply: &Reply) -> Result<(), Denied> {
        permission::judge(reply)
    }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use http::Request;

    use super::*;
    use crate::{require::MadeUp, testing::session};

    type Roles<'a> = Option<&'a [&'a str]>;

    fn members(roles: Roles<'_>) -> MemberGuard {
        MemberGuard {
            organization: OrganizationParam("organization".to_owned()),
            roles: roles.map(|roles| role::names(roles.iter().copied())),
        }
    }

    fn permitted(actions: &[&str]) -> OrganizationPermissionGuard {
        OrganizationPermissionGuard {
            organization: OrganizationParam("organization".to_owned()),
            permissions: permission::permissions("notes", actions.iter().copied()),
        }
    }

    /// What a guard asks when that organization is in the path.
    fn asked(guard: &impl AskingGuard, id: &str) -> Result<Question, Denied> {
        let params = vec![("organization".to_owned(), id.to_owned())];
        let now = SystemTime::now();
        let made_up = MadeUp::new(session().build(), Request::new(()), params, now);
        guard.question(&made_up.access())
    }

    #[test]
    fn it_is_the_organization_in_the_path_that_is_asked_about() {
        let longest = "o".repeat(LONGEST_ID);
        for id in ["o1", "o 2/..", &longest] {
            let organization = id.to_owned();
            let expected = Question::MemberRole { organization };
            assert_eq!(asked(&members(None), id), Ok(expected));

            let expected = Question::Permission {
                scope: Scope::Organization(id.to_owned()),
                permissions: permission::permissions("notes", ["read"]),
            };
            assert_eq!(asked(&permitted(&["read"]), id), Ok(expected));
        }
    }

    #[test]
    fn nobody_is_asked_about_an_organization_that_cannot_be_or_about_nothing() {
        let too_long = "o".repeat(LONGEST_ID + 1);
        for id in ["", &too_long] {
            assert_eq!(asked(&members(None), id), Err(not_a_member()));
            assert_eq!(asked(&permitted(&["read"]), id), Err(not_a_member()));
        }
        let denied = asked(&permitted(&[]), "o1").unwrap_err();
        assert_eq!(denied.code(), "PERMISSION_REQUIRED");
    }

    #[test]
    fn a_member_has_one_of_the_roles_exactly_as_written() {
        let role = "INSUFFICIENT_ORGANIZATION_ROLE";
        let member = "NOT_AN_ORGANIZATION_MEMBER";
        let cases: [(Roles<'_>, Option<&str>, Option<&str>); 8] = [
            (None, Some("member"), None),
            (None, None, Some(member)),
            (Some(&["owner", "admin"]), Some("member,admin"), None),
            (Some(&["owner", "admin"]), Some("owner"), None),
            (Some(&["owner"]), Some("member"), Some(role)),
            (Some(&["owner"]), Some("Owner,co-owner"), Some(role)),
            (Some(&["owner"]), None, Some(member)),
            (Some(&[]), Some("owner"), Some(role)),
        ];
        for (roles, own, expected) in cases {
            let reply = Reply::MemberRole(own.map(ToOwned::to_owned));
            let denied = members(roles).judge(&reply).err();
            let code = denied.as_ref().map(Denied::code);
            assert_eq!(code, expected, "{roles:?} {own:?}");
        }
    }

    #[test]
    fn a_reply_to_another_question_lets_nobody_in() {
        let role = Reply::MemberRole(Some("owner".to_owned()));
        assert!(permitted(&["read"]).judge(&role).is_err());
        assert!(permitted(&["read"]).judge(&Reply::Permitted(true)).is_ok());
        let permitted = Reply::Permitted(true);
        assert_eq!(members(None).judge(&permitted), Err(not_a_member()));
    }
}
