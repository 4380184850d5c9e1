use super::service::SiteGate;
use crate::gate::response_future;

response_future! {
    /// The future of [`SameOriginService`](super::SameOriginService).
    SiteGate
}
