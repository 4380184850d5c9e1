use std::{
    any::Any,
    fmt, mem,
    sync::{Arc, Mutex, PoisonError},
};

use serde::{Deserialize, Deserializer, Serialize, de, de::DeserializeOwned};
use serde_json::Map;

use super::{Session, User, decode};

/// What the auth server said about a request: who is signed in, and with which session.
///
/// Never holds the session token. Reach it in a handler with [`CurrentSession`](crate::CurrentSession), or without
/// a layer with [`BetterAuth::validate`](crate::BetterAuth::validate).
///
/// It can be deserialized from the object that `GET /get-session` answers, which is what a decoder for
/// [`decode_with`](crate::BetterAuthBuilder::decode_with) usually does. Where its fields do not fit, or the user or the
/// session is null, that is an error. Whether the session has ended is not looked at.
#[derive(Serialize)]
#[non_exhaustive]
pub struct AuthSession {
    /// Who is signed in.
    pub user: User,
    /// The session that the request belongs to.
    pub session: Session,
    #[serde(skip)]
    profiles: Profiles,
}

impl AuthSession {
    pub(crate) fn new(user: User, session: Session) -> Self {
        Self {
            user,
            session,
            profiles: Profiles::default(),
        }
    }

    /// The user's roles; see [`User::roles`].
    pub fn roles(&self) -> impl Iterator<Item = &str> {
        self.user.roles()
    }

    /// The user object decoded into `T`: once for this session, however many requests ask.
    pub(crate) fn profile<T>(&self) -> Result<Arc<T>, ProfileError>
    where
        T: DeserializeOwned + Send + Sync + 'static,
    {
        if let Some(profile) = self.profiles.get() {
            return Ok(profile);
        }
        let profile = serde_path_to_error::deserialize(self.user.to_value()).map_err(|error| {
            ProfileError {
                field: field_of(&error),
                reason: error.into_inner(),
            }
        })?;
        Ok(self.profiles.insert(Arc::new(profile)))
    }
}

impl Clone for AuthSession {
    fn clone(&self) -> Self {
        Self::new(self.user.clone(), self.session.clone())
    }
}

impl PartialEq for AuthSession {
    fn eq(&self, other: &Self) -> bool {
        self.user == other.user && self.session == other.session
    }
}

impl fmt::Debug for AuthSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthSession")
            .field("user", &self.user)
            .field("session", &self.session)
            .finish_non_exhaustive()
    }
}

impl<'de> Deserialize<'de> for AuthSession {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        decode::from_answer(Map::deserialize(deserializer)?)
            .map_err(de::Error::custom)?
            .ok_or_else(|| de::Error::custom("`user` or `session` is null"))
    }
}

/// The user object does not fit the application's own type. For the log: `reason` may quote what was sent.
#[derive(Debug, thiserror::Error)]
#[error("the user object does not fit: field `{field}`: {reason}")]
pub(crate) struct ProfileError {
    pub(crate) field: String,
    pub(crate) reason: serde_json::Error,
}

/// The path of the field that does not fit.
///
/// For a field that is missing the path ends at the object around it, and only the message has its name.
fn field_of(error: &serde_path_to_error::Error<serde_json::Error>) -> String {
    let path = error.path();
    let message = error.inner().to_string();
    let missing = message
        .strip_prefix("missing field `")
        .and_then(|rest| rest.strip_suffix('`'));
    match missing {
        Some(name) if path.iter().next().is_none() => name.to_owned(),
        Some(name) => format!("{path}.{name}"),
        None => path.to_string(),
    }
}

/// The user in the types of the application, one value for each type.
///
/// A plain list behind a lock that is held for a few instructions: an application has one such type, seldom two.
#[derive(Default)]
struct Profiles(Mutex<Box<[Profile]>>);

type Profile = Arc<dyn Any + Send + Sync>;

impl Profiles {
    fn get<T: Send + Sync + 'static>(&self) -> Option<Arc<T>> {
        find(&self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Keeps `profile`, or the one that another request put here in the meantime.
    fn insert<T: Send + Sync + 'static>(&self, profile: Arc<T>) -> Arc<T> {
        let mut profiles = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        find(&profiles).unwrap_or_else(|| {
            let more = [Arc::clone(&profile) as Profile];
            *profiles = mem::take(&mut *profiles).into_iter().chain(more).collect();
            profile
        })
    }
}

fn find<T: Send + Sync + 'static>(profiles: &[Profile]) -> Option<Arc<T>> {
    profiles
        .iter()
        .find_map(|profile| Arc::clone(profile).downcast().ok())
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use serde_json::json;

    use super::*;

    fn session() -> AuthSession {
        serde_json::from_value(json!({
            "session": {"id": "s1", "expiresAt": "2026-11-27T09:32:22.106Z"},
            "user": {"id": "u1", "plan": "pro", "seats": "many", "address": {}},
        }))
        .unwrap()
    }

    static DECODED: AtomicUsize = AtomicUsize::new(0);

    struct Profile(String);

    impl<'de> Deserialize<'de> for Profile {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            DECODED.fetch_add(1, Ordering::Relaxed);
            let user = User::deserialize(deserializer)?;
            Ok(Self(
                user.field("plan")
                    .map_err(de::Error::custom)?
                    .unwrap_or_default(),
            ))
        }
    }

    #[test]
    fn a_profile_is_decoded_once_for_a_session() {
        let session = session();
        for _ in 0..3 {
            assert_eq!(session.profile::<Profile>().unwrap().0, "pro");
        }
        assert_eq!(DECODED.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn a_profile_that_does_not_fit_names_the_field() {
        #[derive(Debug, serde::Deserialize)]
        struct Seats {
            #[expect(dead_code, reason = "only its type matters")]
            seats: u32,
        }
        #[derive(Debug, serde::Deserialize)]
        struct Missing {
            #[expect(dead_code, reason = "only its name matters")]
            team: String,
        }
        #[derive(Debug, serde::Deserialize)]
        struct Within {
            #[expect(dead_code, reason = "only its type matters")]
            address: Missing,
        }
        assert_eq!(session().profile::<Seats>().unwrap_err().field, "seats");
        assert_eq!(session().profile::<Missing>().unwrap_err().field, "team");
        assert_eq!(
            session().profile::<Within>().unwrap_err().field,
            "address.team"
        );
    }
}
