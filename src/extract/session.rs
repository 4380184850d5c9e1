use std::{fmt, ops::Deref, sync::Arc};

use axum_core::extract::{FromRequestParts, OptionalFromRequestParts};
use http::{Extensions, request::Parts};
use serde::{Serialize, Serializer};

use super::verdict;
use crate::{
    rejection::Rejection,
    types::AuthSession,
    verdict::{Again, Checkpoint},
};

/// The session of the request, as an extractor. Dereferences to [`AuthSession`].
///
/// `Option<CurrentSession>` is `None` for anonymous and signed out, and for nothing else. It needs an
/// [`optional`](crate::SessionAuth::optional) layer: a required one has answered 401 by then.
///
/// Serializes like [`AuthSession`], without the token.
///
/// # Errors
///
/// Rejects with 401, 403 `USER_BANNED`, 503, or 500 where no [`SessionAuth`](crate::SessionAuth) covers the route.
///
/// # Examples
///
/// ```
/// use tower_better_auth::CurrentSession;
///
/// async fn devices(session: CurrentSession) -> String {
///     format!("signed in from {:?}", session.session.user_agent)
/// }
/// # let _ = axum::Router::<()>::new().route("/", axum::routing::get(devices));
/// ```
pub struct CurrentSession {
    session: Arc<AuthSession>,
    /// `None` where the extensions alone were at hand.
    again: Option<Again>,
}

impl CurrentSession {
    /// The session of a request, from its extensions: for services without axum's extractors, such as a tonic method
    /// behind a [`SessionAuth`](crate::SessionAuth).
    ///
    /// Asks if nobody has asked yet, as the extractor does.
    ///
    /// # Errors
    ///
    /// The same [`Rejection`] as the extractor's.
    pub async fn from_extensions(extensions: &Extensions) -> Result<Self, Rejection> {
        let verdict = verdict(extensions, "CurrentSession").await?;
        Rejection::unless_active(verdict).map(Self::without_credential)
    }

    fn without_credential(session: Arc<AuthSession>) -> Self {
        Self {
            session,
            again: None,
        }
    }

    /// With what the request shows, so that it can be asked about later.
    fn and_credential_of(self, parts: &Parts) -> Self {
        let checkpoint = parts.extensions.get::<Checkpoint>();
        let again = checkpoint.map(|checkpoint| {
            let (asker, seen) = (checkpoint.asker(), checkpoint.seen());
            Again::new(asker, seen, &parts.headers, &parts.extensions)
        });
        Self { again, ..self }
    }

    pub(crate) fn shared(&self) -> &Arc<AuthSession> {
        &self.session
    }

    pub(crate) fn again(&self) -> Option<&Again> {
        self.again.as_ref()
    }
}

impl Deref for CurrentSession {
    type Target = AuthSession;

    fn deref(&self) -> &AuthSession {
        &self.session
    }
}

impl fmt::Debug for CurrentSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("CurrentSession")
            .field(&self.session)
            .finish()
    }
}

impl Serialize for CurrentSession {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.session.serialize(serializer)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for CurrentSession {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Rejection> {
        let session = Self::from_extensions(&parts.extensions).await?;
        Ok(session.and_credential_of(parts))
    }
}

impl<S: Send + Sync> OptionalFromRequestParts<S> for CurrentSession {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Rejection> {
        let verdict = verdict(&parts.extensions, "Option<CurrentSession>").await?;
        let session = Rejection::unless_known(verdict)?.map(Self::without_credential);
        Ok(session.map(|session| session.and_credential_of(parts)))
    }
}
