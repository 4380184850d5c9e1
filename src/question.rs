//! What only the auth server can tell, beyond who is signed in.

use std::{collections::BTreeMap, time::Duration};

use crate::cookie::SetCookies;

/// Whether a session may be prolonged by being asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refresh {
    /// If the server finds that it is time, because there is a response that tells the browser.
    WhenDue,
    Never,
}

/// Asked on behalf of whoever sent a request, with their own credential.
// Organizations are named in the path, which takes axum to read.
#[cfg_attr(not(feature = "axum"), allow(dead_code))]
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Question {
    /// Which roles they have in an organization.
    MemberRole { organization: String },
    /// Whether they may do all of this.
    Permission {
        scope: Scope,
        permissions: Permissions,
    },
}

/// Where a permission has to hold.
#[cfg_attr(not(feature = "axum"), allow(dead_code))]
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    /// Everywhere: Better Auth's admin plugin.
    Everywhere,
    /// In one organization: Better Auth's organization plugin.
    Organization(String),
}

/// Actions by resource, as Better Auth's access control names them.
pub(crate) type Permissions = BTreeMap<String, Vec<String>>;

/// A reply, and the cookies that came with it.
#[derive(Clone, Debug)]
pub(crate) struct Replied {
    pub(crate) reply: Reply,
    /// Sessions that were due for it are prolonged by some questions, which cannot be switched off there. The browser has
    /// to hear of it, or it forgets the cookie before the session ends.
    pub(crate) set_cookies: SetCookies,
}

impl From<Reply> for Replied {
    fn from(reply: Reply) -> Self {
        Self {
            reply,
            set_cookies: SetCookies::default(),
        }
    }
}

/// What the auth server said to a [`Question`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Reply {
    /// The roles in one string with commas; `None` for somebody who is no member.
    MemberRole(Option<String>),
    Permitted(bool),
    /// No reply that can be believed.
    Unavailable {
        retry_after: Duration,
    },
    /// It cannot be asked like this. The log says why.
    Misconfigured,
}
