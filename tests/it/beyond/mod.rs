//! Beyond handlers of axum: gRPC, hyper alone, WebSocket upgrades, and CORS around it all.

// Helpers are not seen as tests by the lint's own exemption.
#![allow(clippy::unwrap_used)]

mod cors;
mod grpc;
mod hyper;
mod websocket;

use std::net::SocketAddr;

use axum::Router;
use tokio::net::TcpListener;
use tower_better_auth::{
    BetterAuth, SessionAuth,
    testing::{AuthServer, SignedIn},
};

fn layer(server: &AuthServer) -> SessionAuth {
    SessionAuth::new(handle(server))
}

fn handle(server: &AuthServer) -> BetterAuth {
    BetterAuth::new(server.url()).unwrap()
}

/// What the browser of somebody signed in sends.
fn cookie(session: &SignedIn) -> String {
    session.cookie().to_str().unwrap().to_owned()
}

async fn listen() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

pub(crate) async fn serve(app: Router) -> SocketAddr {
    let (listener, address) = listen().await;
    tokio::spawn(async move { axum::serve(listener, app).await });
    address
}
