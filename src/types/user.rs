use std::time::SystemTime;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de, de::DeserializeOwned};
use serde_json::{Map, Value};

use super::{
    decode::{self, Malformed},
    fields::{self, FieldError, Fields, ObjectWriter},
};

/// A user, as the auth server described it.
///
/// Only [`id`](Self::id) is always there. What else the server sent (Better Auth's `additionalFields`, fields of
/// plugins) is read with [`field`](Self::field), or decoded as a whole into a type of your own with
/// [`CurrentUser<Profile>`](crate::CurrentUser).
///
/// Serializes as Better Auth writes it: camel case, points in time in ISO 8601 with milliseconds and `Z`. What was
/// never sent is left out, and so are the fields below that were null.
///
/// # Examples
///
/// ```
/// # use tower_better_auth::User;
/// let user: User = serde_json::from_str(r#"{"id": "u1", "name": "Ada", "role": "user,admin", "plan": "pro"}"#)?;
///
/// assert_eq!(user.name, "Ada");
/// assert!(user.roles().eq(["user", "admin"]));
/// assert_eq!(user.field::<String>("plan")?.as_deref(), Some("pro"));
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct User {
    /// The id that Better Auth gave the user. Never empty; a string also with numeric ids.
    pub id: String,
    /// The address the user signed up with; empty when the server sent none.
    pub email: String,
    /// Whether the address was confirmed; false when the server did not say.
    pub email_verified: bool,
    /// The display name; empty when the server sent none. The user chooses it, and Better Auth does not limit it.
    pub name: String,
    /// The address of a picture.
    pub image: Option<String>,
    /// The roles of the admin plugin as one string with commas, as Better Auth keeps them; see [`roles`](Self::roles).
    pub role: Option<String>,
    /// Whether an admin banned the user. A user whose ban is in force never reaches a handler: the answer is
    /// 403 `USER_BANNED`. True in a handler is a ban that has ended: Better Auth clears it at the next sign-in.
    pub banned: bool,
    /// Why the user was banned.
    pub ban_reason: Option<String>,
    /// When the ban ends; `None` for a ban without an end.
    pub ban_expires: Option<SystemTime>,
    /// When the user signed up.
    pub created_at: Option<SystemTime>,
    /// When the user was last changed.
    pub updated_at: Option<SystemTime>,
    fields: Fields,
}

impl User {
    /// The user's roles, split on commas, exactly as written: no trimming, no change of case, empty ones left out.
    ///
    /// Better Auth keeps several roles in one string (`"user,admin"`) and splits it the same way. A user whose role
    /// is null, missing, or not a string has none.
    pub fn roles(&self) -> impl Iterator<Item = &str> {
        split_roles(self.role.as_deref().unwrap_or_default())
    }

    /// Reads any field that the server sent, by its name on the wire.
    ///
    /// What is missing or null is `Ok(None)`. Costs a walk over the fields and one conversion: of the value, or of the whole
    /// user where it is missing or one of the fields above.
    ///
    /// # Errors
    ///
    /// [`FieldError`] when the field is there and is not a `T`.
    pub fn field<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, FieldError> {
        match self.fields.get(name) {
            Some(value) => fields::read(name, Some(value)),
            None => fields::read(name, self.to_value().get(name)),
        }
    }

    /// Whether the user is banned at `now`: a ban without an end, or one whose end has not passed. To the millisecond of
    /// its end a ban holds, as in Better Auth's admin plugin.
    pub(crate) fn is_banned_at(&self, now: SystemTime) -> bool {
        self.banned && self.ban_expires.is_none_or(|end| end >= now)
    }

    /// The user as one JSON object.
    pub(crate) fn to_value(&self) -> Value {
        serde_json::to_value(self).unwrap_or_default()
    }

    pub(super) fn from_object(mut object: Map<String, Value>) -> Result<Self, Malformed> {
        Ok(Self {
            id: decode::required_id(&mut object, "user.id", "id")?,
            banned: decode::optional_bool(&mut object, "user.banned", "banned")?,
            ban_expires: decode::optional_time(&mut object, "user.banExpires", "banExpires")?,
            email: fields::take_text(&mut object, "email").unwrap_or_default(),
            email_verified: fields::take_true(&mut object, "emailVerified"),
            name: fields::take_text(&mut object, "name").unwrap_or_default(),
            image: fields::take_text(&mut object, "image"),
            role: fields::take_text(&mut object, "role"),
            ban_reason: fields::take_text(&mut object, "banReason"),
            created_at: fields::take_time(&mut object, "createdAt"),
            updated_at: fields::take_time(&mut object, "updatedAt"),
            fields: Fields::new(object),
        })
    }
}

/// As Better Auth splits them, and without empty ones.
pub(crate) fn split_roles(roles: &str) -> impl Iterator<Item = &str> {
    roles.split(',').filter(|role| !role.is_empty())
}

impl Serialize for User {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = ObjectWriter::new(serializer.serialize_map(None)?, &self.fields);
        object.text("id", Some(&self.id))?;
        object.text("email", Some(&self.email))?;
        object.flag("emailVerified", self.email_verified)?;
        object.text("name", Some(&self.name))?;
        object.text("image", self.image.as_deref())?;
        object.text("role", self.role.as_deref())?;
        object.flag("banned", self.banned)?;
        object.text("banReason", self.ban_reason.as_deref())?;
        object.time("banExpires", self.ban_expires)?;
        object.time("createdAt", self.created_at)?;
        object.time("updatedAt", self.updated_at)?;
        object.end()
    }
}

impl<'de> Deserialize<'de> for User {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::from_object(Map::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn user(value: Value) -> User {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn roles_are_split_on_commas_and_compared_exactly() {
        let cases = [
            (json!("admin"), vec!["admin"]),
            (json!("admin,user"), vec!["admin", "user"]),
            (json!("admin , user"), vec!["admin ", " user"]),
            (json!("user,,admin"), vec!["user", "admin"]),
            (json!("superadmin"), vec!["superadmin"]),
            (json!("admin;user"), vec!["admin;user"]),
            (json!(""), vec![]),
            (json!(","), vec![]),
            (json!(null), vec![]),
            (json!(["admin"]), vec![]),
            (json!({"admin": true}), vec![]),
            (json!(1), vec![]),
        ];
        for (role, expected) in cases {
            let user = user(json!({"id": "u", "role": role}));
            assert!(user.roles().eq(expected.clone()), "{role} -> {expected:?}");
        }
    }

    #[test]
    fn a_ban_holds_until_it_ends() {
        let now = UNIX_EPOCH + Duration::from_secs(1_000_000_000);
        let cases = [
            (json!({"id": "u"}), false),
            (json!({"id": "u", "banned": null}), false),
            (
                json!({"id": "u", "banned": false, "banExpires": "2030-01-01T00:00:00.000Z"}),
                false,
            ),
            (json!({"id": "u", "banned": true}), true),
            (json!({"id": "u", "banned": true, "banExpires": null}), true),
            (
                json!({"id": "u", "banned": true, "banExpires": "2030-01-01T00:00:00.000Z"}),
                true,
            ),
            (
                json!({"id": "u", "banned": true, "banExpires": "2001-09-09T01:46:40.000Z"}),
                true,
            ),
            (
                json!({"id": "u", "banned": true, "banExpires": "2001-09-09T01:46:39.999Z"}),
                false,
            ),
        ];
        for (value, expected) in cases {
            assert_eq!(user(value.clone()).is_banned_at(now), expected, "{value}");
        }
    }

    #[test]
    fn an_odd_type_where_no_verdict_depends_on_it_is_kept_and_is_no_error() {
        let value = json!({"id": "u", "name": 5, "role": ["admin"], "image": {"url": "x"}, "createdAt": 12});
        let user = user(value.clone());
        assert_eq!(
            (user.name.as_str(), &user.role, &user.image),
            ("", &None, &None)
        );
        assert_eq!(
            user.field::<Vec<String>>("role").unwrap().unwrap(),
            ["admin"]
        );
        assert_eq!(user.to_value(), value);
    }

    #[test]
    fn it_is_written_as_better_auth_wrote_it_and_nulls_are_left_out() {
        let sent = json!({
            "id": "u", "name": "", "email": "a@example.com", "emailVerified": false, "image": null, "role": "admin",
            "banned": false, "createdAt": "2026-11-20T09:32:21.997Z", "plan": "pro", "seats": 5, "tags": ["x"],
        });
        let mut expected = sent.clone();
        expected.as_object_mut().unwrap().remove("image");
        assert_eq!(user(sent).to_value(), expected);
    }

    #[test]
    fn what_a_program_changed_is_what_is_written() {
        let mut user = user(json!({"id": "u", "name": "", "emailVerified": false}));
        user.name = "Ada".to_owned();
        user.email_verified = true;
        assert_eq!(
            user.to_value(),
            json!({"id": "u", "name": "Ada", "emailVerified": true})
        );
    }

    #[test]
    fn any_field_is_read_by_its_name_on_the_wire() {
        let user = user(json!({"id": "u", "email": "a@example.com", "seats": 5, "plan": null}));
        assert_eq!(user.field::<u32>("seats").unwrap(), Some(5));
        assert_eq!(
            user.field::<String>("email").unwrap().as_deref(),
            Some("a@example.com")
        );
        assert_eq!(user.field::<String>("plan").unwrap(), None);
        assert_eq!(user.field::<String>("unknown").unwrap(), None);
        assert_eq!(user.field::<bool>("seats").unwrap_err().name(), "seats");
    }

    #[test]
    fn what_has_a_field_of_its_own_is_read_by_its_name_on_the_wire_as_well() {
        let time = "2026-11-20T09:32:21.997Z";
        let sent = json!({
            "id": "u", "name": "Ada", "email": "a@example.com", "emailVerified": true, "image": "i", "role": "admin",
            "banned": true, "banReason": "spam", "banExpires": time, "createdAt": time, "updatedAt": time,
        });
        let user = user(sent.clone());
        assert_eq!(user.fields, Fields::default());
        for (name, value) in sent.as_object().unwrap() {
            assert_eq!(
                user.field::<Value>(name).unwrap().as_ref(),
                Some(value),
                "{name}"
            );
        }
    }

    #[test]
    fn debug_names_the_other_fields_and_not_their_values() {
        let text = format!("{:?}", user(json!({"id": "u", "secretNote": "s3cr3t"})));
        assert!(
            text.contains("secretNote") && !text.contains("s3cr3t"),
            "{text}"
        );
    }

    proptest! {
        #[test]
        fn whatever_the_role_string_is_a_role_is_one_of_its_parts_byte_for_byte(
            parts in proptest::collection::vec("( ?[aA]dmin ?|user|ad|min|superadmin|;|\\t|é|.{0,2})", 0..5),
            asked in "( ?admin ?|Admin|user|ad|min|,|)",
        ) {
            let role = parts.join(",");
            let user = user(json!({"id": "u", "role": role}));
            let is_part = role.split(',').any(|part| part == asked);
            let has = user.roles().any(|role| role == asked);
            prop_assert_eq!(has, is_part && !asked.is_empty(), "{:?} in {:?}", asked, role);
            prop_assert_eq!(user.require_role(&asked).is_ok(), has);
        }
    }
}
