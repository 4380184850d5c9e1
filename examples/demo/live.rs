//! A WebSocket that ends with its session.

use std::time::Duration;

use axum::{
    extract::{WebSocketUpgrade, ws::WebSocket},
    response::Response,
};
use tokio::time::interval;
use tower_better_auth::{CurrentSession, Lease};

const TICK: Duration = Duration::from_millis(500);

pub(crate) async fn listen(session: CurrentSession, upgrade: WebSocketUpgrade) -> Response {
    let lease = session.lease();
    upgrade.on_upgrade(move |socket| tick(socket, lease))
}

async fn tick(mut socket: WebSocket, mut lease: Lease) {
    let mut clock = interval(TICK);
    for count in 1_u64.. {
        tokio::select! {
            ended = lease.ended() => return ended.close(socket).await,
            _ = clock.tick() => {}
        }
        if socket.send(count.to_string().into()).await.is_err() {
            return;
        }
    }
}
