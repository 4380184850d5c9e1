use serde::Serialize;
use serde_json::{Map, Value};

use crate::User;

/// A made-up user with this id. Name and address follow from the id.
///
/// # Examples
///
/// ```
/// use tower_better_auth::{User, testing::user};
///
/// let ada: User = user("ada").role("user,admin").field("plan", "pro").build();
///
/// assert_eq!(ada.email, "ada@example.com");
/// assert!(ada.require_role("admin").is_ok());
/// assert_eq!(ada.field::<String>("plan")?.as_deref(), Some("pro"));
/// # Ok::<_, tower_better_auth::FieldError>(())
/// ```
///
/// # Panics
///
/// When the id is empty: no auth server has such a user.
pub fn user(id: impl Into<String>) -> UserBuilder {
    let id = id.into();
    assert!(!id.is_empty(), "a user needs an id that is not empty");
    UserBuilder(Map::new())
        .field("name", &id)
        .field("email", format!("{id}@example.com"))
        .field("emailVerified", true)
        .field("id", id)
}

/// Makes a [`User`] field by field. Made by [`user`].
#[derive(Clone, Debug)]
#[must_use]
pub struct UserBuilder(Map<String, Value>);

impl UserBuilder {
    /// The display name. Defaults to the id.
    pub fn name(self, name: impl Into<String>) -> Self {
        self.field("name", name.into())
    }

    /// The address. Defaults to `<id>@example.com`.
    pub fn email(self, email: impl Into<String>) -> Self {
        self.field("email", email.into())
    }

    /// The roles as Better Auth keeps them: one string, several with commas. None by default.
    pub fn role(self, role: impl Into<String>) -> Self {
        self.field("role", role.into())
    }

    /// Bans the user without an end, as a row in the database does: a session that survives is still answered.
    pub fn banned(self) -> Self {
        self.field("banned", true)
    }

    /// Any field by its name on the wire.
    ///
    /// # Panics
    ///
    /// When `value` is nothing that JSON can express.
    pub fn field(mut self, name: impl Into<String>, value: impl Serialize) -> Self {
        let name = name.into();
        match serde_json::to_value(value) {
            Ok(value) => self.0.insert(name, value),
            Err(error) => panic!("the field `{name}` cannot be written as JSON: {error}"),
        };
        self
    }

    /// The user.
    ///
    /// # Panics
    ///
    /// When a field has a type that no verdict can be made from, such as a number for `banned`.
    #[must_use]
    pub fn build(self) -> User {
        match serde_json::from_value(Value::Object(self.0)) {
            Ok(user) => user,
            Err(error) => panic!("this is no user that Better Auth sends: {error}"),
        }
    }
}

/// The same user, for further changes.
impl From<User> for UserBuilder {
    fn from(user: User) -> Self {
        match serde_json::to_value(user) {
            Ok(Value::Object(fields)) => Self(fields),
            other => unreachable!("a user is an object: {other:?}"),
        }
    }
}

impl From<UserBuilder> for User {
    fn from(builder: UserBuilder) -> Self {
        builder.build()
    }
}
