use std::{
    convert::Infallible,
    fmt,
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

use axum_core::body::Body;
use bytes::Bytes;
use http::{Extensions, HeaderMap, Method, Request, Response, header, request::Parts};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use tower_service::Service;

use super::{
    answer::{Refusal, done},
    judge::Signed,
    message::Message,
    secret::Secret,
    seen::Seen,
};
use crate::{
    better_auth::{BetterAuth, ConfigError},
    cache::Spread,
    validate::Validator,
};

/// The most bytes of a message's body that are read: 64 KiB. A revocation has some hundred.
pub const MAX_BODY: usize = 64 * 1024;

/// How long a message waits until every process is told. No check waits for it, and a slow Redis that were given up too
/// early would have it sent again and again. Less than the five seconds after which the plugin gives up.
const SPREAD_PATIENCE: Duration = Duration::from_secs(2);

/// Takes the webhooks in which Better Auth says what is revoked. Made by
/// [`BetterAuth::revocations`](crate::BetterAuth::revocations).
///
/// See the [module docs](crate::webhooks) for the rules and the answers. Clones remember together what is done.
#[derive(Clone)]
pub struct Revocations {
    secrets: Arc<Vec<Secret>>,
    desk: Arc<Desk>,
}

/// The future of [`Revocations`].
pub struct ResponseFuture(Pin<Box<dyn Future<Output = Response<Body>> + Send>>);

/// What all clones share.
struct Desk {
    validator: Arc<Validator>,
    seen: Mutex<Seen>,
}

impl BetterAuth {
    /// Takes the webhooks in which Better Auth says what is revoked, as a tower service to be mounted anywhere.
    ///
    /// With it, a [cache](crate::BetterAuthBuilder::cache) of minutes forgets a sign-out, a ban or a new role within a
    /// second. `examples/better-auth/` has the plugin that sends them; the [guide](crate::guide::revocations) has more.
    ///
    /// `secret` is the one that the plugin signs with, as [Standard Webhooks](https://www.standardwebhooks.com) writes
    /// it: `whsec_` and 24 to 64 random bytes in base64. `echo "whsec_$(openssl rand -base64 32)"` makes one.
    ///
    /// Mount it where no [`SessionAuth`](crate::SessionAuth) covers it: webhooks have no cookies. One process is told:
    /// with a [fleet](crate::guide::fleet) that shares what is revoked any will do, otherwise give the plugin the address
    /// of each.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] when the secret is not one.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use axum::{Router, routing::get};
    /// use tower_better_auth::{BetterAuth, Cache, CurrentUser, SessionAuth};
    ///
    /// async fn me(user: CurrentUser) -> String {
    ///     user.name.clone()
    /// }
    ///
    /// let auth = BetterAuth::builder("http://localhost:3000")
    ///     .cache(Cache::ttl(Duration::from_secs(300)))
    ///     .build()?;
    /// // From the environment, in your app.
    /// let secret = "whsec_c2VjcmV0IG9mIHRoZSBwbHVnaW4gYW5kIHRoZSBhcHA=";
    /// let revocations = auth.revocations(secret)?;
    /// let app: Router = Router::new()
    ///     .route("/me", get(me))
    ///     .route_layer(SessionAuth::new(auth))
    ///     // Added after the layer.
    ///     .route_service("/hooks/better-auth", revocations);
    /// # Ok::<_, tower_better_auth::ConfigError>(())
    /// ```
    #[cfg_attr(docsrs, doc(cfg(feature = "webhooks")))]
    pub fn revocations(&self, secret: impl AsRef<str>) -> Result<Revocations, ConfigError> {
        let desk = Desk {
            validator: self.validator(),
            seen: Mutex::default(),
        };
        let none = Revocations {
            secrets: Arc::default(),
            desk: Arc::new(desk),
        };
        none.and_secret(secret)
    }
}

impl Revocations {
    /// Takes messages that are signed with this secret as well, for the time in which one secret is exchanged for another.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] when the secret is not one.
    ///
    /// # Examples
    ///
    /// ```
    /// # let auth = tower_better_auth::BetterAuth::new("http://localhost:3000")?;
    /// let revocations = auth
    ///     .revocations("whsec_dGhlIG5ldyBzZWNyZXQgb2YgdGhlIHBsdWdpbg==")?
    ///     .and_secret("whsec_dGhlIG9sZCBzZWNyZXQgb2YgdGhlIHBsdWdpbg==")?;
    /// # Ok::<_, tower_better_auth::ConfigError>(())
    /// ```
    pub fn and_secret(mut self, secret: impl AsRef<str>) -> Result<Self, ConfigError> {
        let secret = Secret::parse(secret.as_ref())
            .map_err(|reason| ConfigError::WebhookSecret { reason })?;
        Arc::make_mut(&mut self.secrets).push(secret);
        Ok(self)
    }

    async fn take<B>(self, head: &Parts, body: B) -> Result<(), Refusal>
    where
        B: http_body::Body + Send,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        if head.method != Method::POST {
            return Err(Refusal::NotPost);
        }
        let now = self.desk.validator.now();
        let signed = Signed::read(&head.headers, now)?;
        let body = read(&head.headers, body).await?;
        signed.verify(&body, &self.secrets)?;
        if self.desk.seen().contains(&signed.id, now) {
            return Ok(());
        }
        self.desk.act_on(&Message::parse(&body)?).await?;
        self.desk.seen().note(&signed.id, signed.good_until, now);
        Ok(())
    }
}

impl Desk {
    /// The one place where a message is acted upon. What could not be handed on is not done, and is sent again.
    async fn act_on(&self, message: &Message) -> Result<(), Refusal> {
        let reason = format!("webhook:{}", message.kind);
        let invalidate = |what| {
            self.validator
                .invalidate_because(&what, &reason, SPREAD_PATIENCE)
        };
        let invalidations = message.invalidations().into_iter();
        // All of them begin before the first is waited for.
        let spreads: Vec<_> = invalidations.map(invalidate).collect();
        let mut result = Ok(());
        for spread in spreads {
            if spread.await == Spread::NotYet {
                result = Err(Refusal::NotSpread);
            }
        }
        result
    }

    fn refuse(&self, refusal: Refusal, headers: &HeaderMap, extensions: &Extensions) {
        if refusal == Refusal::NotSpread {
            // Nothing is wrong with it, and what is wrong with Redis is in the log.
            return;
        }
        let (reason, fix) = (refusal.reason(), refusal.fix());
        self.validator
            .webhook_refused(reason, fix, headers, extensions);
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The body, unless it is too large, by its own word or in fact.
async fn read<B>(headers: &HeaderMap, body: B) -> Result<Bytes, Refusal>
where
    B: http_body::Body + Send,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let declared = headers.get(header::CONTENT_LENGTH);
    let declared = declared.and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    if declared.is_some_and(|length| length > MAX_BODY) {
        return Err(Refusal::TooLarge);
    }
    match Limited::new(body, MAX_BODY).collect().await {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(Refusal::TooLarge),
        Err(_) => Err(Refusal::BrokenOff),
    }
}

impl<B> Service<Request<B>> for Revocations
where
    B: http_body::Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = ResponseFuture;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let this = self.clone();
        let desk = Arc::clone(&self.desk);
        let (head, body) = request.into_parts();
        ResponseFuture(Box::pin(async move {
            match this.take(&head, body).await {
                Ok(()) => done(),
                Err(refusal) => {
                    desk.refuse(refusal, &head.headers, &head.extensions);
                    refusal.response()
                }
            }
        }))
    }
}

impl Future for ResponseFuture {
    type Output = Result<Response<Body>, Infallible>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.as_mut().poll(cx).map(Ok)
    }
}

impl fmt::Debug for Revocations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Revocations").finish_non_exhaustive()
    }
}

impl fmt::Debug for ResponseFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
