//! Who may sign in at an [`AuthServer`], and what becomes of them.

use super::{AuthServer, SessionBuilder, SignedIn, access_control::Permission, cookies::Cookies};
use crate::{Session, User};

impl AuthServer {
    /// Opens a session for this user, who need not have been there before: a [`user`](super::user()), or a
    /// [`session`](super::session()) with more to say.
    ///
    /// # Examples
    ///
    /// ```
    /// use tower_better_auth::testing::{AuthServer, session, user};
    ///
    /// let server = AuthServer::in_process();
    /// let ada = server.sign_in(user("ada").role("admin"));
    /// let eve = server.sign_in(session().user(user("eve")).impersonated_by("ada"));
    /// assert_eq!((ada.user_id(), eve.user_id()), ("ada", "eve"));
    /// ```
    pub fn sign_in(&self, who: impl Into<SessionBuilder>) -> SignedIn {
        let mut state = self.shared.state();
        let token = state.open(who.into(), self.shared.clock.now());
        let session = &state.sessions[&token];
        SignedIn {
            cookie: state.cookies.crumb(&token),
            bearer: Cookies::bearer(&token),
            session_id: session.id.clone(),
            user_id: session.user_id.clone(),
            token,
        }
    }

    /// Ends a session, as "sign out this device" does.
    pub fn revoke(&self, session: &SignedIn) {
        self.shared.state().sessions.remove(&session.token);
    }

    /// Ends all sessions of a user, as "sign out everywhere" does.
    ///
    /// # Panics
    ///
    /// When there is no user with this id.
    #[track_caller]
    pub fn revoke_user(&self, id: &str) {
        let mut state = self.shared.state();
        state.user_mut(id);
        state.end_sessions_of(id);
    }

    /// Lets a session's time run out.
    ///
    /// # Panics
    ///
    /// When the session is not there any more.
    #[track_caller]
    pub fn expire(&self, session: &SignedIn) {
        let now = self.shared.clock.now();
        self.change_session(session, |session| session.expires_at = now);
    }

    /// Changes a session, as a row in the database can be changed.
    ///
    /// # Panics
    ///
    /// When the session is not there any more.
    #[track_caller]
    pub fn change_session(&self, session: &SignedIn, change: impl FnOnce(&mut Session)) {
        match self.shared.state().sessions.get_mut(&session.token) {
            Some(row) => change(row),
            None => panic!(
                "the session of {:?} is not at this server: it has ended, or was opened at another",
                session.user_id
            ),
        }
    }

    /// Changes a user who has signed in or up, as an admin or a row in the database can.
    ///
    /// # Panics
    ///
    /// When there is no user with this id.
    #[track_caller]
    pub fn change_user(&self, id: &str, change: impl FnOnce(&mut User)) {
        change(self.shared.state().user_mut(id));
    }

    /// Bans a user without an end, as Better Auth's admin plugin does: their sessions end.
    ///
    /// A ban that was only written into the database leaves them; see [`UserBuilder::banned`](super::UserBuilder::banned).
    ///
    /// # Panics
    ///
    /// When there is no user with this id.
    #[track_caller]
    pub fn ban(&self, id: &str) {
        let mut state = self.shared.state();
        state.user_mut(id).banned = true;
        state.end_sessions_of(id);
    }

    /// Deletes a user. Their sessions are answered with `null` from then on.
    ///
    /// # Panics
    ///
    /// When there is no user with this id.
    #[track_caller]
    pub fn delete_user(&self, id: &str) {
        let mut state = self.shared.state();
        state.user_mut(id);
        state.users.remove(id);
    }

    /// Makes a user a member of an organization, with these roles there; several with commas. Neither needs to be known.
    pub fn set_member_role(&self, organization: &str, user_id: &str, role: &str) {
        let member = (organization.to_owned(), user_id.to_owned());
        let mut state = self.shared.state();
        state.access_control.members.insert(member, role.to_owned());
    }

    /// Removes a user from an organization. Their sessions go on naming it as the active one, as with Better Auth.
    ///
    /// # Panics
    ///
    /// When the user is no member of it.
    #[track_caller]
    pub fn remove_member(&self, organization: &str, user_id: &str) {
        let member = (organization.to_owned(), user_id.to_owned());
        let members = &mut self.shared.state().access_control.members;
        if members.remove(&member).is_none() {
            let mut known: Vec<_> = members
                .iter()
                .map(|((organization, user), role)| format!("{user} in {organization} ({role})"))
                .collect();
            known.sort();
            panic!(
                "{user_id:?} is no member of {organization:?}; members are: {}",
                known.join(", ")
            );
        }
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
        let mut state = self.shared.state();
        state.access_control.permissions.insert(permission);
    }
}
