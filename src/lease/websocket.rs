//! How a `WebSocket` of axum's is closed.

use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, WebSocket};
use tokio::time::timeout;

use super::Ended;

/// How long a client that does not read may hold up the end.
const PATIENCE: Duration = Duration::from_secs(5);

impl Ended {
    /// The frame that closes a WebSocket, for one that was split or is closed elsewhere.
    #[must_use]
    #[cfg_attr(docsrs, doc(cfg(feature = "ws")))]
    pub fn close_frame(self) -> CloseFrame {
        CloseFrame {
            code: self.close_code(),
            reason: self.reason().into(),
        }
    }

    /// Closes a WebSocket of axum's with [`close_code`](Self::close_code) and [`reason`](Self::reason).
    ///
    /// A client that is gone already has nothing to be told, and one that does not read is waited for no longer than five
    /// seconds.
    #[cfg_attr(docsrs, doc(cfg(feature = "ws")))]
    pub async fn close(self, mut socket: WebSocket) {
        let frame = Message::Close(Some(self.close_frame()));
        let _ = timeout(PATIENCE, socket.send(frame)).await;
    }
}
