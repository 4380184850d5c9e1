use super::gate::SessionGate;
use crate::gate::response_future;

response_future! {
    /// The future of [`SessionAuthService`](super::SessionAuthService).
    SessionGate
}
