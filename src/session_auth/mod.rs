//! The layer that checks the session of every request.
//!
//! 1. The cookies are read when the layer runs. A request without a session cookie is anonymous and costs no call.
//! 2. Required, the default: whoever is not signed in is answered here, and no handler runs. 401 for anonymous and
//!    signed out, 403 for banned users, 503 when the auth server is unavailable.
//! 3. [`optional`](SessionAuth::optional): every request reaches the handler, and nothing is asked until an
//!    extractor or guard wants to know. A handler that never asks keeps working in an outage, at no cost.
//! 4. Two layers of the same handle on one path ask once. A layer of another handle asks anew, and what is inside it
//!    sees its answer.
//! 5. Where anybody looked at the verdict, the response gets `Vary: Cookie`, and also `Authorization` or `X-Api-Key`
//!    where those are accepted; a response to somebody signed in gets `Cache-Control: private` unless the handler set
//!    one. A cookie alone does not stop a shared cache
//!    ([RFC 9111, 3.5](https://www.rfc-editor.org/rfc/rfc9111#section-3.5)).
//!
//! # Deployment
//!
//! - `Router::layer` covers the routes that were added before it, and the fallback, so that an unknown path is a 401
//!   for whoever is not signed in. Routes added after it are not covered. `Router::route_layer` leaves unknown paths
//!   at 404.
//! - Guards go inside it: add it to the router after them.
//! - Keep it inside a `CorsLayer`, which is added after it: a preflight carries no cookies and has to be answered
//!   before the session is asked for.

mod future;
mod gate;
mod layer;
mod service;

pub use self::{future::ResponseFuture, layer::SessionAuth, service::SessionAuthService};
