//! Who is signed in, as an argument of a handler.
//!
//! | argument | anonymous or signed out | auth server unavailable | no [`SessionAuth`](crate::SessionAuth) above |
//! | --- | --- | --- | --- |
//! | [`CurrentUser`] | 401 | 503 | 500 |
//! | [`CurrentUser<Profile>`](CurrentUser) | 401 | 503 | 500 |
//! | [`Option<CurrentUser>`](CurrentUser) | `None` | 503 | 500 |
//! | [`CurrentSession`] | 401 | 503 | 500 |
//!
//! Under a required [`SessionAuth`](crate::SessionAuth) the first two columns are answered by the layer, before any
//! handler. Under an [`optional`](crate::SessionAuth::optional) one the auth server is asked when the first
//! extractor or guard wants to know, and at most once for a request.

mod session;
mod user;

use http::request::Parts;

pub use self::{session::CurrentSession, user::CurrentUser};
use crate::{
    observe,
    rejection::Rejection,
    verdict::{Checkpoint, Verdict},
};

async fn verdict(parts: &Parts, extractor: &str) -> Result<Verdict, Rejection> {
    if let Some(checkpoint) = parts.extensions.get::<Checkpoint>() {
        return Ok(checkpoint.verdict().await);
    }
    observe::misconfigured(format_args!(
        "`{extractor}` is used on a route that no `SessionAuth` covers: add `.layer(SessionAuth::new(auth))` to the \
         router, after its routes; routes added after `.layer` are not covered"
    ));
    Err(Rejection::misconfigured())
}
