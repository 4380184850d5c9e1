//! Who is signed in, as an argument of a handler.
//!
//! | argument | anonymous or signed out | banned | auth server unavailable | no [`SessionAuth`](crate::SessionAuth) above |
//! | --- | --- | --- | --- | --- |
//! | [`CurrentUser`] | 401 | 403 | 503 | 500 |
//! | [`CurrentUser<Profile>`](CurrentUser) | 401 | 403 | 503 | 500 |
//! | [`Option<CurrentUser>`](CurrentUser) | `None` | 403 | 503 | 500 |
//! | [`CurrentSession`] | 401 | 403 | 503 | 500 |
//! | [`Option<CurrentSession>`](CurrentSession) | `None` | 403 | 503 | 500 |
//!
//! Under a required [`SessionAuth`](crate::SessionAuth) the layer answers the first three columns, with 401 for
//! `Option` too, and no handler runs. Under an [`optional`](crate::SessionAuth::optional) one the auth server is asked
//! when the first extractor or guard wants to know, and at most once for a request.
//!
//! axum runs extractors from left to right: put these first, so that nothing else answers before they do.

mod session;
mod user;

use http::Extensions;

pub use self::{session::CurrentSession, user::CurrentUser};
use crate::{
    observe,
    rejection::Rejection,
    verdict::{Checkpoint, Verdict},
};

async fn verdict(extensions: &Extensions, extractor: &str) -> Result<Verdict, Rejection> {
    if let Some(checkpoint) = extensions.get::<Checkpoint>() {
        return Ok(checkpoint.verdict().await);
    }
    observe::misconfigured(format_args!(
        "`{extractor}` is used on a route that no `SessionAuth` covers: add `.layer(SessionAuth::new(auth))` to the \
         router, after its routes; routes added after `.layer` are not covered"
    ));
    Err(Rejection::misconfigured())
}
