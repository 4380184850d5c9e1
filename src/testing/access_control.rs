//! Who may do what, as the admin and organization plugins answer it.

use std::collections::{BTreeMap, HashMap, HashSet};

use http::{Response, StatusCode};
use percent_encoding::percent_decode_str;
use serde::Deserialize;
use serde_json::json;

use super::answer::{self, Script};

/// Memberships and permissions. Nobody has any until told otherwise.
#[derive(Default)]
pub(super) struct AccessControl {
    /// Roles by organization and user.
    pub(super) members: HashMap<(String, String), String>,
    pub(super) permissions: HashSet<Permission>,
}

/// That a user may do something, everywhere or in one organization.
#[derive(PartialEq, Eq, Hash)]
pub(super) struct Permission {
    pub(super) organization: Option<String>,
    pub(super) user_id: String,
    pub(super) resource: String,
    pub(super) action: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Asked {
    permissions: BTreeMap<String, Vec<String>>,
    organization_id: Option<String>,
}

impl AccessControl {
    /// `GET /organization/get-active-member-role`
    pub(super) fn member_role(
        &self,
        user_id: Option<&str>,
        query: Option<&str>,
    ) -> Response<Script> {
        let Some(user_id) = user_id else {
            return answer::unauthorized();
        };
        let organization = query.unwrap_or_default().split('&').find_map(|pair| {
            let value = pair.strip_prefix("organizationId=")?;
            percent_decode_str(value).decode_utf8().ok()
        });
        let Some(organization) = organization else {
            let message = "No active organization";
            return answer::error(StatusCode::BAD_REQUEST, "NO_ACTIVE_ORGANIZATION", message);
        };
        match self.role(&organization, user_id) {
            Some(role) => answer::json(StatusCode::OK, &json!({"role": role})),
            None => answer::error(
                StatusCode::FORBIDDEN,
                "YOU_ARE_NOT_A_MEMBER_OF_THIS_ORGANIZATION",
                "You are not a member of this organization",
            ),
        }
    }

    /// `POST /admin/has-permission`
    pub(super) fn has_permission(&self, user_id: Option<&str>, body: &[u8]) -> Response<Script> {
        match (user_id, serde_json::from_slice::<Asked>(body)) {
            (None, _) => answer::empty(StatusCode::UNAUTHORIZED),
            (_, Err(_)) => answer::invalid_body(),
            (Some(user_id), Ok(asked)) => self.verdict(user_id, None, &asked),
        }
    }

    /// `POST /organization/has-permission`
    pub(super) fn has_permission_in(&self, user_id: Option<&str>, body: &[u8]) -> Response<Script> {
        let Some(user_id) = user_id else {
            return answer::unauthorized();
        };
        let Ok(asked) = serde_json::from_slice::<Asked>(body) else {
            return answer::invalid_body();
        };
        let Some(organization) = asked.organization_id.clone() else {
            let message = "No active organization";
            return answer::error(StatusCode::BAD_REQUEST, "NO_ACTIVE_ORGANIZATION", message);
        };
        if self.role(&organization, user_id).is_none() {
            return answer::error(
                StatusCode::UNAUTHORIZED,
                "USER_IS_NOT_A_MEMBER_OF_THE_ORGANIZATION",
                "User is not a member of the organization",
            );
        }
        self.verdict(user_id, Some(&organization), &asked)
    }

    fn role(&self, organization: &str, user_id: &str) -> Option<&String> {
        self.members
            .get(&(organization.to_owned(), user_id.to_owned()))
    }

    fn verdict(
        &self,
        user_id: &str,
        organization: Option<&str>,
        asked: &Asked,
    ) -> Response<Script> {
        let is_granted = |resource: &String, action: &String| {
            self.permissions.contains(&Permission {
                organization: organization.map(ToOwned::to_owned),
                user_id: user_id.to_owned(),
                resource: resource.clone(),
                action: action.clone(),
            })
        };
        let mut asked = asked.permissions.iter();
        let success = asked
            .all(|(resource, actions)| actions.iter().all(|action| is_granted(resource, action)));
        answer::json(StatusCode::OK, &json!({"error": null, "success": success}))
    }
}
