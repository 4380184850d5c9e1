//! Everything at once, to be tried in a browser: sign-up and sign-in through this app, guards, devices, a live
//! connection, and an outage at the push of a button.
//!
//! ```sh
//! cargo run --example demo     # then open http://localhost:3030
//! ```
//!
//! The auth server is Better Auth itself where Node and its packages are found, and `testing::AuthServer` otherwise: see
//! `examples/demo/README.md`. `DEMO_PORT` asks for another port; 0 takes any.
#![allow(clippy::print_stdout)]

mod app;
mod auth_server;
mod live;
mod node;
mod notes;
mod page;
mod stage;

use std::{env, error::Error, io::IsTerminal as _, net::SocketAddr, sync::Arc};

use tokio::net::TcpListener;

use self::auth_server::AuthServer;

const PORT: u16 = 3030;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    tracing_subscriber::fmt()
        .with_max_level(tracing::Level::WARN)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .init();
    let port = env::var("DEMO_PORT").map_or(Ok(PORT), |port| port.parse())?;
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    let origin = format!("http://localhost:{}", listener.local_addr()?.port());

    let server = Arc::new(AuthServer::start(&origin).await?);
    let auth = app::handle(server.url(), &origin)?;
    // Says what is wrong with the auth server, and the fix, before anybody calls.
    auth.check().await?;
    let app = app::app(&auth, Arc::clone(&server), &origin)?;

    println!("The demo is at {origin}");
    let service = app.into_make_service_with_connect_info::<SocketAddr>();
    tokio::select! {
        ended = axum::serve(listener, service) => ended?,
        pressed = tokio::signal::ctrl_c() => pressed?,
    }
    // Open connections hold it as well, until the runtime ends.
    server.stop().await;
    Ok(())
}
