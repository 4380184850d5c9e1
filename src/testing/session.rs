use std::time::{Duration, SystemTime};

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::{UserBuilder, user};
use crate::AuthSession;

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
    let now = SystemTime::now();
    let builder = SessionBuilder {
        user: user("user"),
        session: Map::new(),
    };
    builder
        .field("id", "session")
        .created_at(now)
        .expires_at(now + Duration::from_secs(7 * 24 * 60 * 60))
}

/// Makes an [`AuthSession`] field by field. Made by [`session`].
#[derive(Clone, Debug)]
#[must_use]
pub struct SessionBuilder {
    user: UserBuilder,
    session: Map<String, Value>,
}

impl SessionBuilder {
    /// Whose session it is. Defaults to a user with the id `user`.
    pub fn user(mut self, user: UserBuilder) -> Self {
        self.user = user;
        self
    }

    /// When the user signed in. Defaults to now.
    pub fn created_at(self, time: SystemTime) -> Self {
        self.field(
            "createdAt",
            humantime::format_rfc3339_millis(time).to_string(),
        )
    }

    /// When the session ends. Defaults to seven days from now.
    pub fn expires_at(self, time: SystemTime) -> Self {
        self.field(
            "expiresAt",
            humantime::format_rfc3339_millis(time).to_string(),
        )
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
        let answer = json!({"user": self.user.build(), "session": self.session});
        match serde_json::from_value(answer) {
            Ok(session) => session,
            Err(error) => panic!("this is no session that Better Auth sends: {error}"),
        }
    }
}

impl From<SessionBuilder> for AuthSession {
    fn from(builder: SessionBuilder) -> Self {
        builder.build()
    }
}
