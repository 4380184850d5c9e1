use std::time::SystemTime;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de, de::DeserializeOwned};
use serde_json::{Map, Value};

use super::{
    decode::{self, Malformed},
    fields::{self, FieldError, Fields, ObjectWriter},
};

/// A session, as the auth server described it, without its token.
///
/// The token is the credential itself: it is dropped while the answer is decoded, and no field holds it.
/// Serializes as Better Auth writes it. What was never sent is left out, and so are the fields below that were null.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Session {
    /// The id of the session. Never empty. It names the session and does not open it.
    pub id: String,
    /// The id of the user whose session it is.
    pub user_id: String,
    /// When the session ends unless the server prolongs it before. A session past it is signed out, whatever the
    /// server said.
    pub expires_at: SystemTime,
    /// When the user signed in.
    pub created_at: Option<SystemTime>,
    /// When the session was last prolonged.
    pub updated_at: Option<SystemTime>,
    /// The address that signed in; `None` when the server did not know it.
    pub ip_address: Option<String>,
    /// The browser that signed in; `None` when the server did not know it.
    pub user_agent: Option<String>,
    /// The id of the admin who acts as the user, with Better Auth's admin plugin.
    pub impersonated_by: Option<String>,
    /// The organization that was last made active, with Better Auth's organization plugin.
    ///
    /// The server does not check it again: it stays after the user was removed from that organization. Never
    /// authorize on it alone.
    pub active_organization_id: Option<String>,
    /// The team that was last made active. Goes stale like
    /// [`active_organization_id`](Self::active_organization_id).
    pub active_team_id: Option<String>,
    fields: Fields,
}

impl Session {
    /// Reads any field that the server sent, by its name on the wire.
    ///
    /// What is missing or null is `Ok(None)`. The token is not among them.
    ///
    /// # Errors
    ///
    /// [`FieldError`] when the field is there and is not a `T`.
    pub fn field<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, FieldError> {
        if let Some(value) = self.fields.get(name) {
            return fields::read(name, Some(value));
        }
        let object = serde_json::to_value(self).unwrap_or_default();
        fields::read(name, object.get(name))
    }

    /// Whether the session has ended at `now`.
    pub(crate) fn is_over_at(&self, now: SystemTime) -> bool {
        self.expires_at <= now
    }

    /// `user_id` is the one that the answer's user has, for servers that leave it out of the session.
    pub(super) fn from_object(
        mut object: Map<String, Value>,
        user_id: Option<&str>,
    ) -> Result<Self, Malformed> {
        object.remove("token");
        Ok(Self {
            id: decode::required_id(&mut object, "session.id", "id")?,
            user_id: decode::same_id(&mut object, "session.userId", "userId", user_id)?,
            expires_at: decode::required_time(&mut object, "session.expiresAt", "expiresAt")?,
            created_at: fields::take_time(&mut object, "createdAt"),
            updated_at: fields::take_time(&mut object, "updatedAt"),
            ip_address: fields::take_text(&mut object, "ipAddress"),
            user_agent: fields::take_text(&mut object, "userAgent"),
            impersonated_by: decode::optional_id(
                &mut object,
                "session.impersonatedBy",
                "impersonatedBy",
            )?,
            active_organization_id: fields::take_text(&mut object, "activeOrganizationId"),
            active_team_id: fields::take_text(&mut object, "activeTeamId"),
            fields: Fields::new(object),
        })
    }
}

impl Serialize for Session {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = ObjectWriter::new(serializer.serialize_map(None)?, &self.fields);
        object.text("id", Some(&self.id))?;
        object.text("userId", Some(&self.user_id))?;
        object.time("expiresAt", Some(self.expires_at))?;
        object.time("createdAt", self.created_at)?;
        object.time("updatedAt", self.updated_at)?;
        object.text("ipAddress", self.ip_address.as_deref())?;
        object.text("userAgent", self.user_agent.as_deref())?;
        object.text("impersonatedBy", self.impersonated_by.as_deref())?;
        object.text(
            "activeOrganizationId",
            self.active_organization_id.as_deref(),
        )?;
        object.text("activeTeamId", self.active_team_id.as_deref())?;
        object.end()
    }
}

impl<'de> Deserialize<'de> for Session {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::from_object(Map::deserialize(deserializer)?, None).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn sent() -> Value {
        json!({
            "id": "s1", "userId": "u1", "token": "t0k3n", "expiresAt": "2026-11-27T09:32:22.106Z",
            "createdAt": "2026-11-20T09:32:22.106Z", "ipAddress": "", "userAgent": null, "theme": "dark",
        })
    }

    #[test]
    fn the_token_is_nowhere_after_decoding() {
        let session: Session = serde_json::from_value(sent()).unwrap();
        let written = serde_json::to_string(&session).unwrap();
        assert!(!format!("{session:?}{written}").contains("t0k3n"));
        assert_eq!(session.field::<String>("token").unwrap(), None);
    }

    #[test]
    fn what_has_a_field_of_its_own_is_read_by_its_name_on_the_wire_as_well() {
        let time = "2026-11-20T09:32:22.106Z";
        let sent = json!({
            "id": "s1", "userId": "u1", "expiresAt": time, "createdAt": time, "updatedAt": time, "ipAddress": "::1",
            "userAgent": "curl", "impersonatedBy": "u2", "activeOrganizationId": "o1", "activeTeamId": "t1",
        });
        let session: Session = serde_json::from_value(sent.clone()).unwrap();
        assert_eq!(session.fields, Fields::default());
        for (name, value) in sent.as_object().unwrap() {
            assert_eq!(
                session.field::<Value>(name).unwrap().as_ref(),
                Some(value),
                "{name}"
            );
        }
    }

    #[test]
    fn it_is_written_as_better_auth_wrote_it_without_token_and_nulls() {
        let session: Session = serde_json::from_value(sent()).unwrap();
        let mut expected = sent();
        expected
            .as_object_mut()
            .unwrap()
            .retain(|name, value| name != "token" && !value.is_null());
        assert_eq!(serde_json::to_value(&session).unwrap(), expected);
        assert_eq!(session.ip_address, None);
        assert_eq!(
            session.field::<String>("theme").unwrap().as_deref(),
            Some("dark")
        );
    }
}
