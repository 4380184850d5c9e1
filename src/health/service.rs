use std::{
    convert::Infallible,
    future::{Ready, ready},
    task::{Context, Poll},
};

use axum_core::body::Body;
use http::{HeaderValue, Request, Response, StatusCode, header};
use serde_json::json;
use tower_service::Service;

use super::{BreakerState, Readiness};
use crate::{
    better_auth::{BetterAuth, defaults},
    rejection::whole_seconds,
};

/// Answers a readiness probe from what a handle knows. Made by
/// [`BetterAuth::readiness_service`](crate::BetterAuth::readiness_service).
///
/// The request is not looked at, and the auth server is not asked.
#[derive(Clone, Debug)]
pub struct ReadinessService {
    auth: BetterAuth,
}

impl BetterAuth {
    /// [`readiness`](Self::readiness) as a tower service, to be mounted anywhere: 200 while checks are made, 503 with
    /// `Retry-After` while the circuit breaker is open or the auth server wants to be left alone.
    ///
    /// The body says why: `{"ready":true,"circuitBreaker":"closed","pausedForSeconds":null,"lastContactSeconds":3,"cachedSessions":12,"lastHeardSeconds":null}`.
    /// Never asks the auth server, so that probes cost it nothing and an outage of minutes is not prolonged by them.
    ///
    /// # Liveness is something else
    ///
    /// A liveness probe must not depend on the auth server: restarting this process does not bring it back, and throws
    /// away the sessions that are remembered. Let it be a handler that answers 200. Readiness takes this process out of the
    /// rotation, which helps only where other processes can do better, or where all routes need a session.
    ///
    /// # Examples
    ///
    /// ```
    /// use axum::{Router, routing::get};
    /// use tower_better_auth::{BetterAuth, CurrentUser, SessionAuth};
    ///
    /// async fn me(user: CurrentUser) -> String {
    ///     user.name.clone()
    /// }
    ///
    /// let auth = BetterAuth::new("http://localhost:3000")?;
    /// let app: Router = Router::new()
    ///     .route("/me", get(me))
    ///     .route_layer(SessionAuth::new(auth.clone()))
    ///     // Added after the layer, so that probes need no session.
    ///     .route("/livez", get(|| async { "alive" }))
    ///     .route_service("/readyz", auth.readiness_service());
    /// # Ok::<_, tower_better_auth::ConfigError>(())
    /// ```
    #[must_use]
    pub fn readiness_service(&self) -> ReadinessService {
        let auth = self.clone();
        ReadinessService { auth }
    }
}

impl<B> Service<Request<B>> for ReadinessService {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Self::Error>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<B>) -> Self::Future {
        ready(Ok(answer(&self.auth.readiness())))
    }
}

fn answer(readiness: &Readiness) -> Response<Body> {
    let circuit_breaker = match readiness.circuit_breaker {
        BreakerState::Closed => "closed",
        BreakerState::Open => "open",
        BreakerState::HalfOpen => "half-open",
    };
    let body = json!({
        "ready": readiness.is_ready(),
        "circuitBreaker": circuit_breaker,
        "pausedForSeconds": readiness.paused_for.map(whole_seconds),
        "lastContactSeconds": readiness.last_contact.map(|ago| ago.as_secs()),
        "cachedSessions": readiness.cached_sessions,
        "lastHeardSeconds": readiness.last_heard.map(|ago| ago.as_secs()),
    });
    let mut response = Response::new(Body::from(body.to_string()));
    let headers = response.headers_mut();
    let json = HeaderValue::from_static("application/json");
    headers.insert(header::CONTENT_TYPE, json);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if !readiness.is_ready() {
        let wait = readiness.paused_for.unwrap_or(defaults::BREAKER_OPEN);
        headers.insert(header::RETRY_AFTER, whole_seconds(wait).into());
        *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    }
    response
}
