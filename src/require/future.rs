use super::service::RequireGate;
use crate::gate::response_future;

response_future! {
    /// The future of [`RequireService`](super::RequireService).
    RequireGate
}
