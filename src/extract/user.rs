use std::{any::Any, fmt, ops::Deref, sync::Arc};

use axum_core::extract::{FromRequestParts, OptionalFromRequestParts};
use http::request::Parts;
use serde::{Serialize, Serializer, de::DeserializeOwned};

use super::verdict;
use crate::{
    observe,
    rejection::Rejection,
    types::{AuthSession, User},
};

/// The user who sent the request, as an extractor. Dereferences to [`User`], or to a type of your own.
///
/// `CurrentUser<Profile>` decodes the user object into any `Profile: DeserializeOwned`, once for each
/// validated session, however many requests and extractors want it. A field that can be null or missing needs an `Option`.
/// A `Profile` that does not fit what the server sends is a mistake in the program: 500 `AUTH_MISCONFIGURED`, and the
/// log names the field.
///
/// `Option<CurrentUser>` is `None` for anonymous and signed out, and for nothing else: an auth server that is
/// unavailable is still a 503. It needs an [`optional`](crate::SessionAuth::optional) layer: a required one has
/// answered 401 by then.
///
/// Serializes like what it dereferences to. It is not `Clone`, so that `user.clone()` is a [`User`].
///
/// # Errors
///
/// Rejects with 401, 403 `USER_BANNED`, 503, or 500 where no [`SessionAuth`](crate::SessionAuth) covers the route or a
/// `Profile` does not fit.
///
/// # Examples
///
/// ```
/// use axum::Json;
/// use tower_better_auth::CurrentUser;
///
/// async fn me(user: CurrentUser) -> Json<CurrentUser> {
///     Json(user)
/// }
///
/// #[derive(serde::Deserialize)]
/// struct Profile {
///     id: String,
///     plan: String,
/// }
///
/// async fn plan(user: CurrentUser<Profile>) -> String {
///     format!("{} has the plan {}", user.id, user.plan)
/// }
///
/// async fn home(user: Option<CurrentUser>) -> String {
///     user.map_or("Hello".to_owned(), |user| format!("Hello, {}", user.name))
/// }
/// # use axum::routing::get;
/// # let _ = axum::Router::<()>::new().route("/", get(home)).route("/me", get(me)).route("/plan", get(plan));
/// ```
pub struct CurrentUser<T = User> {
    session: Arc<AuthSession>,
    /// `None` when `T` is [`User`], which the session holds already.
    profile: Option<Arc<T>>,
}

impl<T> CurrentUser<T> {
    /// The whole of what the auth server said.
    #[must_use]
    pub fn session(&self) -> &AuthSession {
        &self.session
    }
}

impl<T: DeserializeOwned + Send + Sync + 'static> CurrentUser<T> {
    fn of(session: Arc<AuthSession>) -> Result<Self, Rejection> {
        if as_user::<T>(&session.user).is_some() {
            let profile = None;
            return Ok(Self { session, profile });
        }
        match session.profile() {
            Ok(profile) => Ok(Self {
                session,
                profile: Some(profile),
            }),
            Err(error) => {
                observe::misconfigured(format_args!(
                    "the user object does not fit `{}` at field `{}`: make the field optional, or give it a default \
                     or the type that the auth server sends",
                    std::any::type_name::<T>(),
                    error.field.escape_debug(),
                ));
                Err(Rejection::misconfigured())
            }
        }
    }
}

/// The user itself, where `T` is [`User`].
fn as_user<T: 'static>(user: &User) -> Option<&T> {
    (user as &dyn Any).downcast_ref()
}

impl<T: 'static> Deref for CurrentUser<T> {
    type Target = T;

    fn deref(&self) -> &T {
        match &self.profile {
            Some(profile) => profile,
            None => as_user(&self.session.user).expect("without a profile, `T` is `User`"),
        }
    }
}

impl<T: fmt::Debug + 'static> fmt::Debug for CurrentUser<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("CurrentUser").field(&**self).finish()
    }
}

impl<T: Serialize + 'static> Serialize for CurrentUser<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (**self).serialize(serializer)
    }
}

impl<S, T> FromRequestParts<S> for CurrentUser<T>
where
    S: Send + Sync,
    T: DeserializeOwned + Send + Sync + 'static,
{
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Rejection> {
        let verdict = verdict(&parts.extensions, "CurrentUser").await?;
        Self::of(Rejection::unless_active(verdict)?)
    }
}

impl<S, T> OptionalFromRequestParts<S> for CurrentUser<T>
where
    S: Send + Sync,
    T: DeserializeOwned + Send + Sync + 'static,
{
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Rejection> {
        let verdict = verdict(&parts.extensions, "Option<CurrentUser>").await?;
        Rejection::unless_known(verdict)?.map(Self::of).transpose()
    }
}
