//! The way to the auth server: any tower service, and reqwest by default.

mod collect;
#[cfg(feature = "reqwest")]
mod reqwest;
#[cfg(feature = "proxy")]
mod stream;
mod tower;

use bytes::Bytes;
use http::{Request, Response};

#[cfg(feature = "reqwest")]
pub(crate) use self::reqwest::{HttpClient, Tls};
#[cfg(feature = "proxy")]
pub(crate) use self::stream::{Lost, Sent, StreamBody};
pub(crate) use self::tower::TowerTransport;
use super::error::{Cause, Stage};
use crate::verdict::BoxFuture;

/// An error of somebody else's.
pub(crate) type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Sends one request and reads the whole answer, at most `max_body` bytes of its body.
///
/// Does not watch the time: whoever calls it does.
pub(crate) trait Transport: Send + Sync {
    fn exchange(
        &self,
        request: Request<Bytes>,
        max_body: usize,
    ) -> BoxFuture<'_, Result<Response<Bytes>, Cause>>;

    /// Sends one request and gives the answer when its head is there. Bodies pass as they come.
    #[cfg(feature = "proxy")]
    fn stream(
        &self,
        request: Request<StreamBody>,
    ) -> BoxFuture<'_, Result<Response<StreamBody>, Lost>>;
}
