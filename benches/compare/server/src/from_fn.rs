//! What a good engineer writes by hand: `from_fn`, a pooled reqwest client, the cookie forwarded, an outage told from
//! a sign-out.

use std::{sync::Arc, time::Duration};

use axum::{
    Extension, Router,
    extract::{Request, State},
    http::{StatusCode, header},
    middleware::{self, Next},
    response::Response,
    routing::get,
};
use serde::Deserialize;

pub fn app(auth_url: &str) -> Result<Router, reqwest::Error> {
    let auth = Arc::new(Auth {
        http: reqwest::Client::builder()
            .timeout(Duration::from_secs(5))
            .connect_timeout(Duration::from_secs(1))
            // Node closes an idle connection after five seconds.
            .pool_idle_timeout(Duration::from_secs(4))
            .build()?,
        // The question that this crate asks, so that the auth server has the same work.
        url: format!("{auth_url}/api/auth/get-session?disableCookieCache=true&disableRefresh=true"),
    });
    Ok(Router::new()
        .route("/me", get(me))
        .layer(middleware::from_fn_with_state(auth, require_session)))
}

struct Auth {
    http: reqwest::Client,
    url: String,
}

#[derive(Clone, Deserialize)]
struct User {
    id: String,
}

#[derive(Deserialize)]
struct Answer {
    user: User,
}

async fn require_session(
    State(auth): State<Arc<Auth>>,
    mut request: Request,
    next: Next,
) -> Result<Response, StatusCode> {
    let cookie = request.headers().get(header::COOKIE);
    let cookie = cookie.ok_or(StatusCode::UNAUTHORIZED)?.clone();
    let answer = auth.answer(cookie).await;
    let answer = answer.map_err(|_| StatusCode::SERVICE_UNAVAILABLE)?;
    let user = answer.ok_or(StatusCode::UNAUTHORIZED)?.user;
    request.extensions_mut().insert(user);
    Ok(next.run(request).await)
}

impl Auth {
    async fn answer(&self, cookie: header::HeaderValue) -> reqwest::Result<Option<Answer>> {
        let call = self.http.get(&self.url).header(header::COOKIE, cookie);
        call.send().await?.error_for_status()?.json().await
    }
}

async fn me(Extension(user): Extension<User>) -> String {
    user.id
}
