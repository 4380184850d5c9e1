use http::Method;

/// What the server serves.
pub(super) enum Endpoint {
    Session,
    SessionByPost,
    MemberRole,
    Permission,
    OrganizationPermission,
    Alive,
    SignUp,
    SignIn,
    SignOut,
    ListSessions,
    RevokeSession,
    RevokeOtherSessions,
    RevokeSessions,
}

impl Endpoint {
    pub(super) fn find(method: &Method, path: &str) -> Option<Self> {
        Some(match (method.as_str(), path) {
            ("GET", "/get-session") => Self::Session,
            ("POST", "/get-session") => Self::SessionByPost,
            ("GET", "/organization/get-active-member-role") => Self::MemberRole,
            ("POST", "/admin/has-permission") => Self::Permission,
            ("POST", "/organization/has-permission") => Self::OrganizationPermission,
            ("GET", "/ok") => Self::Alive,
            ("POST", "/sign-up/email") => Self::SignUp,
            ("POST", "/sign-in/email") => Self::SignIn,
            ("POST", "/sign-out") => Self::SignOut,
            ("GET", "/list-sessions") => Self::ListSessions,
            ("POST", "/revoke-session") => Self::RevokeSession,
            ("POST", "/revoke-other-sessions") => Self::RevokeOtherSessions,
            ("POST", "/revoke-sessions") => Self::RevokeSessions,
            _ => return None,
        })
    }

    /// Whether it is one that this crate asks, and that faults are about.
    pub(super) fn is_asked(&self) -> bool {
        match self {
            Self::Session
            | Self::MemberRole
            | Self::Permission
            | Self::OrganizationPermission
            | Self::SignOut
            | Self::ListSessions
            | Self::RevokeSession
            | Self::RevokeOtherSessions => true,
            Self::SessionByPost
            | Self::Alive
            | Self::SignUp
            | Self::SignIn
            | Self::RevokeSessions => false,
        }
    }
}
