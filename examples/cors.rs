//! An API for pages of another origin: `CorsLayer` outside of `SessionAuth`.
//!
//! A browser asks with a preflight before it sends cookies or JSON to another origin, and the preflight has no cookies.
//! So it has to be answered before the session is asked for, and the answers of `SessionAuth` need the headers of CORS
//! as well, or the page cannot read them. Starts an auth server of its own, or asks the one at `BETTER_AUTH_URL`.
//!
//! ```sh
//! cargo run --example cors   # serves the API and prints curl lines to try
//! ```
//!
//! On the page: `fetch("https://api.example.com/me", { credentials: "include" })`.
#![allow(clippy::print_stdout)]

use std::{env, error::Error};

use axum::{Json, Router, routing::get};
use http::{HeaderValue, Method, header};
use tokio::net::TcpListener;
use tower_better_auth::{
    BetterAuth, CurrentUser, SessionAuth,
    testing::{AuthServer, user},
};
use tower_http::cors::CorsLayer;

/// Where the pages come from. Credentials need it in full: `*` is not allowed with them.
const PAGES: &str = "http://localhost:3000";

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .init();
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let address = format!("http://{}", listener.local_addr()?);
    println!(
        "A preflight is answered without a session, and a 401 can be read by the page. Try:\n"
    );
    println!(
        "curl -i {address}/me -H 'origin: {PAGES}' -X OPTIONS -H 'access-control-request-method: PUT'"
    );
    println!("curl -i {address}/me -H 'origin: {PAGES}'");
    if env::var_os("BETTER_AUTH_URL").is_some() {
        axum::serve(listener, app(BetterAuth::from_env()?)).await?;
        return Ok(());
    }
    let server = AuthServer::start().await;
    let ada = server.sign_in(user("ada")).cookie();
    println!(
        "curl -i {address}/me -H 'origin: {PAGES}' -H 'cookie: {}'",
        ada.to_str()?
    );
    axum::serve(listener, app(BetterAuth::new(server.url())?)).await?;
    Ok(())
}

fn app(auth: BetterAuth) -> Router {
    let cors = CorsLayer::new()
        .allow_origin(HeaderValue::from_static(PAGES))
        .allow_credentials(true)
        .allow_methods([Method::GET, Method::PUT])
        .allow_headers([header::CONTENT_TYPE]);
    Router::new()
        .route("/me", get(me).put(me))
        .layer(SessionAuth::new(auth))
        // Added last, so it is outermost. The other way round, every preflight is a 401.
        .layer(cors)
}

async fn me(user: CurrentUser) -> Json<CurrentUser> {
    Json(user)
}
