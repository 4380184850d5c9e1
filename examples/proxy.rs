//! One origin for pages, API and sign-in: the app passes Better Auth's endpoints on.
//!
//! What changes a session on its way is forgotten at once, so that a sign-out holds for the next request although sessions
//! are remembered for minutes. What another site asks in a user's name is refused. Starts an auth server of its own, or
//! passes on to the one at `BETTER_AUTH_URL`.
//!
//! ```sh
//! cargo run --example proxy --features proxy,csrf   # serves the app and prints curl lines to try
//! ```
#![allow(clippy::print_stdout)]

use std::{env, error::Error, net::SocketAddr, time::Duration};

use axum::{Json, Router, extract::ConnectInfo, routing::get};
use tokio::net::TcpListener;
use tower_better_auth::{
    BetterAuth, Cache, ConfigError, CurrentUser, SameOrigin, SessionAuth, testing::AuthServer,
};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .init();
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let origin = format!("http://{}", listener.local_addr()?);
    println!("Sign up, look, sign out, look again; and try it as another site:\n");
    println!(
        "curl -i {origin}/api/auth/sign-up/email -c jar --json '{{\"name\":\"Ada\",\"email\":\"ada@example.com\",\"password\":\"correct horse\"}}'"
    );
    println!("curl -i {origin}/me -b jar");
    println!("curl -i {origin}/me -b jar -X POST -H 'origin: https://evil.example'");
    println!("curl -i {origin}/api/auth/sign-out -b jar -H 'origin: {origin}' --json '{{}}'");
    println!("curl -i {origin}/me -b jar");
    let server = AuthServer::start().await;
    // As with Better Auth's `trustedOrigins`, or a `baseURL` that is the app's.
    server.trust_origin(&origin);
    let url = env::var("BETTER_AUTH_URL").unwrap_or_else(|_| server.url().to_owned());
    let app = app(&url)?.into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listener, app).await?;
    Ok(())
}

fn app(url: &str) -> Result<Router, ConfigError> {
    let auth = BetterAuth::builder(url)
        .cache(Cache::ttl(Duration::from_secs(300)))
        // By which the auth server limits sign-ins.
        .client_ip(|_, extensions| {
            let peer = extensions.get::<ConnectInfo<SocketAddr>>();
            peer.map(|peer| peer.ip())
        })
        .build()?;
    let app = Router::new()
        .route("/me", get(me).post(me))
        .layer(SessionAuth::new(auth.clone()))
        .layer(SameOrigin::new())
        // Better Auth looks at origins itself, and whoever signs in has no session yet.
        .route_service("/api/auth/{*path}", auth.proxy());
    Ok(app)
}

async fn me(user: CurrentUser) -> Json<CurrentUser> {
    Json(user)
}
