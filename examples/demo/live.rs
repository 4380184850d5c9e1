//! A WebSocket that ends with its session.

use std::time::Duration;

use axum::{
    extract::{
        State, WebSocketUpgrade,
        ws::{CloseFrame, Message, WebSocket, close_code},
    },
    http::HeaderMap,
    response::Response,
};
use tokio::time::interval;
use tower_better_auth::{BetterAuth, RejectionKind};

const TICK: Duration = Duration::from_millis(500);

pub(crate) async fn listen(
    State(auth): State<BetterAuth>,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Response {
    upgrade.on_upgrade(move |socket| tick(socket, auth, headers))
}

async fn tick(mut socket: WebSocket, auth: BetterAuth, headers: HeaderMap) {
    let mut clock = interval(TICK);
    for count in 1_u64.. {
        clock.tick().await;
        if let Err(rejection) = auth.validate(&headers).await
            && rejection.kind() != RejectionKind::Unavailable
        {
            let reason = "session ended".into();
            let code = close_code::POLICY;
            let end = Message::Close(Some(CloseFrame { code, reason }));
            let _ = socket.send(end).await;
            return;
        }
        let count = Message::Text(count.to_string().into());
        if socket.send(count).await.is_err() {
            return;
        }
    }
}
