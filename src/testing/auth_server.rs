use std::{
    fmt,
    sync::{Arc, Mutex},
    time::SystemTime,
};

use http::{HeaderMap, HeaderValue, Method, Uri};

use super::{
    Fault,
    access_control::Permission,
    listener::{self, Running},
    routes::{Shared, cookie},
    state::State,
};
use crate::User;

/// A Better Auth server on a loopback port of its own. See the [module docs](super) for an example.
///
/// Serves `get-session`, `sign-up/email`, `sign-in/email`, `sign-out`, `ok`, `organization/get-active-member-role`,
/// `organization/has-permission` and `admin/has-permission` under `/api/auth`. Runs in a thread of
/// its own until it is dropped; its port is closed then, and all its connections.
pub struct AuthServer {
    shared: Arc<Shared>,
    _running: Running,
}

/// A request that reached an [`AuthServer`], without its body.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RecordedRequest {
    /// Its method.
    pub method: Method,
    /// Its path and query.
    pub uri: Uri,
    /// Its headers, with credentials: they are made up.
    pub headers: HeaderMap,
}

/// Somebody signed in at an [`AuthServer`].
#[derive(Clone, Debug)]
pub struct SignedIn {
    cookie: HeaderValue,
    session_id: String,
    user_id: String,
}

impl SignedIn {
    /// The `Cookie` header of their browser.
    #[must_use]
    pub fn cookie(&self) -> HeaderValue {
        self.cookie.clone()
    }

    /// The id of the session.
    #[must_use]
    pub fn session_id(&self) -> &str {
        &self.session_id
    }

    /// The id of the user.
    #[must_use]
    pub fn user_id(&self) -> &str {
        &self.user_id
    }
}

impl AuthServer {
    /// Starts a server, with nobody signed up.
    ///
    /// # Panics
    ///
    /// When the loopback interface has no free port.
    // `async` as every server's start is, so that one that has to wait can take its place.
    #[allow(clippy::unused_async)]
    pub async fn start() -> Self {
        let (listener, address) = listener::bind();
        let shared = Arc::new(Shared {
            origin: format!("http://{address}"),
            state: Mutex::new(State::default()),
        });
        Self {
            _running: listener::run(listener, Arc::clone(&shared)),
            shared,
        }
    }

    /// Its URL, for [`BetterAuth::new`](crate::BetterAuth::new).
    #[must_use]
    pub fn url(&self) -> &str {
        &self.shared.origin
    }

    /// Opens a session for this user, who need not have been there before.
    pub fn sign_in(&self, user: impl Into<User>) -> SignedIn {
        let user = user.into();
        let user_id = user.id.clone();
        let mut state = self.shared.state();
        state.users.insert(user_id.clone(), user);
        let session = state.open_session(&user_id);
        SignedIn {
            cookie: cookie(&session.cookie_value, ""),
            session_id: session.id,
            user_id,
        }
    }

    /// Ends a session, as "sign out this device" does.
    pub fn revoke(&self, session: &SignedIn) {
        let mut state = self.shared.state();
        state.sessions.retain(|_, row| row.id != session.session_id);
    }

    /// Lets a session's time run out.
    pub fn expire(&self, session: &SignedIn) {
        let mut state = self.shared.state();
        for row in state.sessions.values_mut() {
            if row.id == session.session_id {
                row.expires_at = SystemTime::now();
            }
        }
    }

    /// Changes a user who has signed in or up, as an admin or a row in the database can.
    ///
    /// # Panics
    ///
    /// When there is no user with this id.
    pub fn change_user(&self, id: &str, change: impl FnOnce(&mut User)) {
        match self.shared.state().users.get_mut(id) {
            Some(user) => change(user),
            None => panic!("no user {id:?} has signed in or up at this server"),
        }
    }

    /// Deletes a user. Their sessions are answered with `null` from then on.
    pub fn delete_user(&self, id: &str) {
        self.shared.state().users.remove(id);
    }

    /// Makes a user a member of an organization, with these roles there; several with commas.
    pub fn set_member_role(&self, organization: &str, user_id: &str, role: &str) {
        let member = (organization.to_owned(), user_id.to_owned());
        let mut state = self.shared.state();
        state.access_control.members.insert(member, role.to_owned());
    }

    /// Removes a user from an organization. Their sessions go on naming it as the active one, as with Better Auth.
    pub fn remove_member(&self, organization: &str, user_id: &str) {
        let member = (organization.to_owned(), user_id.to_owned());
        self.shared.state().access_control.members.remove(&member);
    }

    /// Lets a user do this with the resource, as the admin plugin's access control says it.
    pub fn permit(&self, user_id: &str, resource: &str, action: &str) {
        self.add_permission(None, user_id, resource, action);
    }

    /// Lets a member of an organization do this with the resource there.
    pub fn permit_in(&self, organization: &str, user_id: &str, resource: &str, action: &str) {
        self.add_permission(Some(organization), user_id, resource, action);
    }

    fn add_permission(
        &self,
        organization: Option<&str>,
        user_id: &str,
        resource: &str,
        action: &str,
    ) {
        let permission = Permission {
            organization: organization.map(ToOwned::to_owned),
            user_id: user_id.to_owned(),
            resource: resource.to_owned(),
            action: action.to_owned(),
        };
        self.shared
            .state()
            .access_control
            .permissions
            .insert(permission);
    }

    /// Fails every `get-session`, and every question of a guard, in this way until [`recover`](Self::recover).
    pub fn fail_with(&self, fault: Fault) {
        self.shared.state().fault = Some(fault);
    }

    /// Ends the fault. Calls that hang already go on hanging.
    pub fn recover(&self) {
        self.shared.state().fault = None;
    }

    /// Every request so far, in the order of arrival.
    #[must_use]
    pub fn requests(&self) -> Vec<RecordedRequest> {
        self.shared.state().requests.clone()
    }

    /// How many times somebody asked for a session.
    #[must_use]
    pub fn session_calls(&self) -> usize {
        let state = self.shared.state();
        let is_call = |request: &&RecordedRequest| request.uri.path() == "/api/auth/get-session";
        state.requests.iter().filter(is_call).count()
    }
}

impl fmt::Debug for AuthServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthServer")
            .field("url", &self.url())
            .finish_non_exhaustive()
    }
}
