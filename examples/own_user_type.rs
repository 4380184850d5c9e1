//! The user as a type of your own, with the fields that your application added.
//!
//! Better Auth sends `additionalFields` and the fields of plugins along with the user. `CurrentUser<Profile>` decodes
//! them into any type that serde can decode. Starts an auth server of its own, or asks the one at `BETTER_AUTH_URL`.
//!
//! ```sh
//! cargo run --example own_user_type   # serves the app and prints curl lines to try
//! ```
//!
//! ```text
//! Ada may invite 4 more people to her Team plan
//! {"success":false,"error":"Access denied","code":"NO_SEATS_LEFT"}
//! ```
#![allow(clippy::print_stdout)]

use std::{env, error::Error};

use axum::{Router, routing::get};
use serde::Deserialize;
use tokio::net::TcpListener;
use tower_better_auth::{
    BetterAuth, CurrentUser, Denied, Rejection, SessionAuth,
    testing::{AuthServer, user},
};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .init();
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let address = format!("http://{}", listener.local_addr()?);
    if env::var_os("BETTER_AUTH_URL").is_some() {
        println!("curl -i {address}/invitations -H 'cookie: <of your auth server>'");
        axum::serve(listener, app(BetterAuth::from_env()?)).await?;
        return Ok(());
    }
    let server = AuthServer::start().await;
    let ada = user("ada").name("Ada").field("plan", "team");
    let ada = ada.field("seats", 5).field("seatsTaken", 1);
    // Her user has none of the fields, as users from before they were added.
    let grace = user("grace").name("Grace");
    for cookie in [ada, grace].map(|user| server.sign_in(user).cookie()) {
        println!(
            "curl -i {address}/invitations -H 'cookie: {}'",
            cookie.to_str()?
        );
    }
    axum::serve(listener, app(BetterAuth::new(server.url())?)).await?;
    Ok(())
}

fn app(auth: BetterAuth) -> Router {
    Router::new()
        .route("/invitations", get(invitations))
        .route_layer(SessionAuth::new(auth))
}

/// The profile is decoded once for each answer of the auth server, however many extractors want it.
async fn invitations(user: CurrentUser<Profile>) -> Result<String, Rejection> {
    match user.seats.saturating_sub(user.seats_taken) {
        0 => Err(Denied::new("NO_SEATS_LEFT").into()),
        left => Ok(format!(
            "{} may invite {left} more people to her {:?} plan\n",
            user.name, user.plan
        )),
    }
}

/// What this application wants to know of a user. A required field that the auth server does not send is a mistake in
/// the program: 500 `AUTH_MISCONFIGURED`, and the log names the field. So what may be missing has a default.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Profile {
    name: String,
    #[serde(default)]
    plan: Plan,
    #[serde(default)]
    seats: u32,
    #[serde(default)]
    seats_taken: u32,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Plan {
    #[default]
    Free,
    Team,
}
