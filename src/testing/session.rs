use std::time::SystemTime;

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::{UserBuilder, state::EXPIRES_IN, user};
use crate::{AuthSession, User};

/// A made-up session: of a user with the id `user`, who signed in a moment ago and has seven days.
///
/// # Examples
///
/// ```
/// use tower_better_auth::testing::{session, user};
///
/// let session = session().user(user("ada").role("admin")).user_agent("Firefox").build();
///
/// assert_eq!(session.user.id, "ada");
/// assert!(session.require_role("admin").is_ok());
/// ```
pub fn session() -> SessionBuilder {
    SessionBuilder {
        user: user("user"),
        session: Map::new(),
    }
}

/// Makes an [`AuthSession`] field by field. Made by [`session`], or from a user: what signs somebody in takes either.
#[derive(Clone, Debug)]
#[must_use]
pub struct SessionBuilder {
    user: UserBuilder,
    session: Map<String, Value>,
}

impl SessionBuilder {
    /// Whose session it is. Defaults to a user with the id `user`.
    pub fn user(mut self, user: impl Into<UserBuilder>) -> Self {
        self.user = user.into();
        self.session.remove("userId");
        self
    }

    /// When the user signed in. Defaults to now.
    pub fn created_at(self, time: SystemTime) -> Self {
        self.field("createdAt", text(time))
    }

    /// When the session ends. Defaults to seven days from now.
    pub fn expires_at(self, time: SystemTime) -> Self {
        self.field("expiresAt", text(time))
    }

    /// The browser that signed in. Unknown by default.
    pub fn user_agent(self, user_agent: impl Into<String>) -> Self {
        self.field("userAgent", user_agent.into())
    }

    /// The address that signed in. Unknown by default.
    pub fn ip_address(self, address: impl Into<String>) -> Self {
        self.field("ipAddress", address.into())
    }

    /// The id of the admin who acts as the user. Nobody by default.
    pub fn impersonated_by(self, admin: impl Into<String>) -> Self {
        self.field("impersonatedBy", admin.into())
    }

    /// Any field of the session by its name on the wire.
    ///
    /// # Panics
    ///
    /// When `value` is nothing that JSON can express.
    pub fn field(mut self, name: impl Into<String>, value: impl Serialize) -> Self {
        let name = name.into();
        match serde_json::to_value(value) {
            Ok(value) => self.session.insert(name, value),
            Err(error) => panic!("the field `{name}` cannot be written as JSON: {error}"),
        };
        self
    }

    /// The session.
    ///
    /// # Panics
    ///
    /// When a field has a type that no verdict can be made from.
    #[must_use]
    pub fn build(self) -> AuthSession {
        self.build_at(SystemTime::now(), "session")
    }

    /// What was not said follows from the time and the id.
    pub(super) fn build_at(mut self, now: SystemTime, id: &str) -> AuthSession {
        for (name, value) in [
            ("id", id.to_owned()),
            ("createdAt", text(now)),
            ("expiresAt", text(now + EXPIRES_IN)),
        ] {
            let field = self.session.entry(name);
            field.or_insert_with(|| value.into());
        }
        let answer = json!({"user": self.user.build(), "session": self.session});
        match serde_json::from_value(answer) {
            Ok(session) => session,
            Err(error) => panic!("this is no session that Better Auth sends: {error}"),
        }
    }
}

/// A point in time as Better Auth writes it.
fn text(time: SystemTime) -> String {
    humantime::format_rfc3339_millis(time).to_string()
}

impl From<UserBuilder> for SessionBuilder {
    fn from(user: UserBuilder) -> Self {
        session().user(user)
    }
}

impl From<User> for SessionBuilder {
    fn from(user: User) -> Self {
        session().user(user)
    }
}

/// The same session, for further changes.
impl From<AuthSession> for SessionBuilder {
    fn from(session: AuthSession) -> Self {
        match serde_json::to_value(session.session) {
            Ok(Value::Object(fields)) => Self {
                user: session.user.into(),
                session: fields,
            },
            other => unreachable!("a session is an object: {other:?}"),
        }
    }
}

impl From<SessionBuilder> for AuthSession {
    fn from(builder: SessionBuilder) -> Self {
        builder.build()
    }
}
