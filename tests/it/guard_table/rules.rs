//! Every guard that `Require` has, and what it says to somebody whom it keeps out.

use std::{net::IpAddr, time::Duration};

use tower_better_auth::{Access, Denied, Guard, Require};

use super::world::{ORGANIZATION, PEER};

/// An enum and all its variants, so that neither can have one that the other lacks.
macro_rules! rules {
    ($($name:ident),+ $(,)?) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum Rule { $($name),+ }

        impl Rule {
            pub(super) const ALL: &'static [Self] = &[$(Self::$name),+];
        }
    };
}

rules! {
    Role,
    AnyRole,
    AllRoles,
    UserId,
    Fresh,
    VerifiedEmail,
    NotImpersonated,
    SameUserAgent,
    SameUserAgentIfKnown,
    SameIp,
    SameIpIfKnown,
    Live,
    OrganizationMember,
    OrganizationRole,
    Permission,
    OrganizationPermission,
    Guard,
    WhenBool,
    WhenResult,
    And,
    Or,
    AndOfQuestions,
    OrOfQuestions,
    LiveAnd,
}

/// A guard of the application's own.
struct Plan(&'static str);

impl Guard for Plan {
    fn check(&self, access: &Access<'_>) -> Result<(), Denied> {
        match access.user().field::<String>("plan") {
            Ok(Some(plan)) if plan == self.0 => Ok(()),
            _ => Err(Denied::new("PLAN_REQUIRED")),
        }
    }
}

fn peer(access: &Access<'_>) -> Option<IpAddr> {
    access.headers().get(PEER)?.to_str().ok()?.parse().ok()
}

impl Rule {
    pub(super) fn require(self) -> Require {
        match self {
            Self::Role => Require::role("admin"),
            Self::AnyRole => Require::any_role(["owner", "editor"]),
            Self::AllRoles => Require::all_roles(["admin", "editor"]),
            Self::UserId => Require::user_id("user_id"),
            Self::Fresh => Require::fresh(Duration::from_secs(24 * 60 * 60)),
            Self::VerifiedEmail => Require::verified_email(),
            Self::NotImpersonated => Require::not_impersonated(),
            Self::SameUserAgent => Require::same_user_agent(),
            Self::SameUserAgentIfKnown => Require::same_user_agent_if_known(),
            Self::SameIp => Require::same_ip(peer),
            Self::SameIpIfKnown => Require::same_ip_if_known(peer),
            Self::Live => Require::live(),
            Self::OrganizationMember => Require::organization_member(ORGANIZATION),
            Self::OrganizationRole => Require::organization_role(ORGANIZATION, ["owner"]),
            Self::Permission => Require::permission("note", ["read", "write"]),
            Self::OrganizationPermission => {
                Require::organization_permission(ORGANIZATION, "note", ["read"])
            }
            Self::Guard => Require::guard(Plan("pro")),
            Self::WhenBool => Require::when(|access| access.user().id != "eve"),
            Self::WhenResult => Require::when(|access| Plan("pro").check(access)),
            Self::And => Require::verified_email().and(Require::role("admin")),
            Self::Or => Require::role("owner").or(Require::user_id("user_id")),
            Self::AndOfQuestions => {
                Require::permission("note", ["read"]).and(Self::OrganizationRole.require())
            }
            Self::OrOfQuestions => Require::organization_role(ORGANIZATION, ["nobody"])
                .or(Self::OrganizationPermission.require()),
            Self::LiveAnd => Require::live().and(Self::OrganizationMember.require()),
        }
    }

    /// What it says to `eve`, who has nothing of what it asks for.
    pub(super) fn denial(self) -> &'static str {
        match self {
            Self::Role | Self::AnyRole | Self::AllRoles | Self::Or => "403 INSUFFICIENT_ROLE",
            Self::UserId => "403 USER_ID_MISMATCH",
            Self::Fresh => "403 SESSION_NOT_FRESH",
            Self::VerifiedEmail | Self::And => "403 EMAIL_NOT_VERIFIED",
            Self::NotImpersonated => "403 IMPERSONATED",
            Self::SameUserAgent | Self::SameUserAgentIfKnown => "403 USER_AGENT_MISMATCH",
            Self::SameIp | Self::SameIpIfKnown => "403 IP_ADDRESS_MISMATCH",
            // It keeps out nobody with a session: `eve` signs out behind the layer.
            Self::Live => "401 INVALID_SESSION",
            Self::OrganizationMember
            | Self::OrganizationRole
            | Self::OrOfQuestions
            | Self::LiveAnd => "403 NOT_AN_ORGANIZATION_MEMBER",
            Self::Permission | Self::OrganizationPermission | Self::AndOfQuestions => {
                "403 PERMISSION_REQUIRED"
            }
            Self::Guard | Self::WhenResult => "403 PLAN_REQUIRED",
            Self::WhenBool => "403 FORBIDDEN",
        }
    }

    /// The functions of `Require` that its row covers.
    pub(super) fn covers(self) -> &'static [&'static str] {
        match self {
            Self::Role => &["role"],
            Self::AnyRole => &["any_role"],
            Self::AllRoles => &["all_roles"],
            Self::UserId => &["user_id"],
            Self::Fresh => &["fresh"],
            Self::VerifiedEmail => &["verified_email"],
            Self::NotImpersonated => &["not_impersonated"],
            Self::SameUserAgent => &["same_user_agent"],
            Self::SameUserAgentIfKnown => &["same_user_agent_if_known"],
            Self::SameIp => &["same_ip"],
            Self::SameIpIfKnown => &["same_ip_if_known"],
            Self::Live => &["live"],
            Self::OrganizationMember => &["organization_member"],
            Self::OrganizationRole => &["organization_role"],
            Self::Permission => &["permission"],
            Self::OrganizationPermission => &["organization_permission"],
            Self::Guard => &["guard"],
            Self::WhenBool | Self::WhenResult => &["when"],
            Self::And | Self::AndOfQuestions | Self::LiveAnd => &["and"],
            Self::Or | Self::OrOfQuestions => &["or"],
        }
    }
}
