//! The app: what each path needs.

use std::{error::Error, net::SocketAddr, sync::Arc};

use axum::{
    Json, Router,
    extract::ConnectInfo,
    http::Extensions,
    routing::{any, get},
};
use tower_better_auth::{
    BetterAuth, ConfigError, CurrentSession, Require, SameOrigin, SessionAuth,
};
use tower_governor::{GovernorLayer, governor::GovernorConfigBuilder};

use super::{
    auth_server::AuthServer,
    live,
    notes::{self, Notes},
    page, stage,
};

/// So many sign-ins of one address may come at once, and then one in so many seconds.
const SIGN_INS: u32 = 8;
const SECONDS_EACH: u64 = 5;

/// `origin` is that of the app, which the auth server trusts.
pub(crate) fn handle(url: &str, origin: &str) -> Result<BetterAuth, ConfigError> {
    let peer = |extensions: &Extensions| {
        let peer: &ConnectInfo<SocketAddr> = extensions.get()?;
        Some(peer.ip())
    };
    BetterAuth::builder(url)
        .origin(origin)
        .client_ip(move |_, extensions| peer(extensions))
        .refresh_sessions()
        .build()
}

pub(crate) fn app(
    auth: &BetterAuth,
    server: Arc<AuthServer>,
    origin: &str,
) -> Result<Router, Box<dyn Error>> {
    let app = Router::new()
        .merge(page::routes())
        .merge(api(auth))
        .merge(auth_server(auth, origin)?)
        .merge(stage::routes(auth.clone(), server))
        .nest("/account", auth.sessions_router());
    // What another site asks in a user's name is refused before anything else looks at it.
    Ok(page::secured(app.layer(SameOrigin::new())))
}

fn api(auth: &BetterAuth) -> Router {
    let own_or_admin = Require::user_id("user_id").or(Require::role("admin"));
    let notes = get(notes::read)
        .post(notes::write)
        .route_layer(own_or_admin);
    let stats = get(notes::stats).route_layer(Require::role("admin"));
    Router::new()
        .route("/api/users/{user_id}/notes", notes)
        .route("/api/admin/stats", stats)
        .with_state(Notes::default())
        .route("/api/me", get(me))
        .route("/api/live", any(live::listen))
        .route_layer(SessionAuth::new(auth.clone()))
}

async fn me(session: CurrentSession) -> Json<CurrentSession> {
    Json(session)
}

/// Better Auth at the origin of the app. Passwords are guessed no faster than the limiter allows.
fn auth_server(auth: &BetterAuth, origin: &str) -> Result<Router, Box<dyn Error>> {
    let proxy = auth.proxy().public_origin(origin)?;
    let limits = GovernorConfigBuilder::default()
        .per_second(SECONDS_EACH)
        .burst_size(SIGN_INS)
        .finish()
        .ok_or("the limits are above zero")?;
    let sign_in = Router::new()
        .route_service("/api/auth/sign-in/{*path}", proxy.clone())
        .layer(GovernorLayer::new(limits));
    Ok(Router::new()
        .route_service("/api/auth/{*path}", proxy)
        .merge(sign_in))
}
