//! Reading a body that may lie about its length.

use bytes::Bytes;
use http::Response;
use http_body::Body;
use http_body_util::{BodyExt, LengthLimitError, Limited};

use super::{BoxError, Cause, Stage};

/// Reads the body, and stops at the first byte past `limit`: at once where the length is announced.
pub(super) async fn collect<B>(
    response: Response<B>,
    limit: usize,
) -> Result<Response<Bytes>, Cause>
where
    B: Body,
    B::Error: Into<BoxError>,
{
    let (head, body) = response.into_parts();
    if body.size_hint().lower() > limit as u64 {
        return Err(Cause::TooLarge { limit });
    }
    match Box::pin(Limited::new(body, limit).collect()).await {
        Ok(body) => Ok(Response::from_parts(head, body.to_bytes())),
        Err(error) if error.is::<LengthLimitError>() => Err(Cause::TooLarge { limit }),
        Err(error) => Err(Cause::Transport(Stage::InAnswer, error)),
    }
}
