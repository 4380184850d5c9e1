//! The same over HTTP.

use std::collections::HashMap;

use axum::{
    Router,
    extract::{Path, State, rejection::PathRejection},
    routing::{delete, get, post},
};
use axum_core::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header, request::Parts};

use super::caller::Caller;
use crate::{better_auth::BetterAuth, cookie::FOR_NOBODY_ELSE, rejection::Rejection};

type Answer = Result<Response, Rejection>;

impl BetterAuth {
    /// Routes for a page of devices, to be mounted anywhere.
    ///
    /// | route | does | answers |
    /// | --- | --- | --- |
    /// | `GET /sessions` | [`list_sessions`](Self::list_sessions) | 200 with the [devices](crate::Device) |
    /// | `DELETE /sessions/{id}` | [`revoke_session`](Self::revoke_session) | 204 |
    /// | `DELETE /sessions` | [`revoke_other_sessions`](Self::revoke_other_sessions) | 204 |
    /// | `POST /sign-out` | [`sign_out`](Self::sign_out) | 204, and the cookies are deleted |
    ///
    /// Each asks the auth server who it is, past every cache, so they need no [`SessionAuth`](crate::SessionAuth). Below
    /// one, refusals have its form.
    ///
    /// # Security
    ///
    /// The cookie alone lets these requests through. Better Auth's is `SameSite=Lax` unless told otherwise, which keeps
    /// other sites from making them, but not other subdomains of yours: put [`SameOrigin`](crate::guide::origins) in front,
    /// as in front of all else that cookies allow.
    ///
    /// # Examples
    ///
    /// ```
    /// use axum::{Router, body::Body};
    /// use http::{Request, StatusCode};
    /// use tower::ServiceExt;
    /// use tower_better_auth::{BetterAuth, testing::{AsUser, AuthServer, user}};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let server = AuthServer::start().await;
    /// let ada = server.sign_in(user("ada"));
    /// let auth = BetterAuth::new(server.url())?;
    /// let app: Router = Router::new().nest("/account", auth.sessions_router());
    ///
    /// let request = Request::post("/account/sign-out").as_user(&ada).body(Body::empty())?;
    /// let response = app.oneshot(request).await?;
    /// assert_eq!(response.status(), StatusCode::NO_CONTENT);
    /// assert_eq!(response.headers().get_all("set-cookie").iter().count(), 3);
    /// # Ok(())
    /// # }
    /// ```
    #[cfg_attr(docsrs, doc(cfg(feature = "axum")))]
    pub fn sessions_router<S: Clone + Send + Sync + 'static>(&self) -> Router<S> {
        Router::new()
            .route("/sessions", get(list).delete(revoke_others))
            .route("/sessions/{id}", delete(revoke))
            .route("/sign-out", post(sign_out))
            .with_state(self.clone())
    }
}

async fn list(State(auth): State<BetterAuth>, request: Parts) -> Answer {
    let devices = caller(&auth, &request).list().await?;
    let body = serde_json::to_vec(&devices).expect("a list of strings is JSON");
    let content_type = HeaderValue::from_static("application/json");
    let response = ([(header::CONTENT_TYPE, content_type)], body).into_response();
    Ok(for_nobody_else(response, &auth))
}

async fn revoke(
    State(auth): State<BetterAuth>,
    id: Result<Path<HashMap<String, String>>, PathRejection>,
    request: Parts,
) -> Answer {
    // Nobody has a session without an id. A path above may have parameters of its own.
    let id = id.ok().and_then(|mut params| params.remove("id"));
    caller(&auth, &request)
        .revoke(&id.unwrap_or_default())
        .await?;
    Ok(done(&auth))
}

async fn revoke_others(State(auth): State<BetterAuth>, request: Parts) -> Answer {
    caller(&auth, &request).revoke_others().await?;
    Ok(done(&auth))
}

async fn sign_out(State(auth): State<BetterAuth>, request: Parts) -> Answer {
    let signed_out = caller(&auth, &request).sign_out().await?;
    Ok((signed_out, done(&auth)).into_response())
}

fn caller(auth: &BetterAuth, request: &Parts) -> Caller {
    Caller::new(auth, &request.headers, &request.extensions)
}

fn done(auth: &BetterAuth) -> Response {
    for_nobody_else(StatusCode::NO_CONTENT.into_response(), auth)
}

fn for_nobody_else(mut response: Response, auth: &BetterAuth) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, FOR_NOBODY_ELSE);
    for name in auth.validator().policy.vary() {
        headers.append(header::VARY, name);
    }
    response
}
