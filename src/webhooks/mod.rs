//! Revocations that Better Auth itself sends, as webhooks signed by the rules of
//! [Standard Webhooks](https://www.standardwebhooks.com).
//!
//! [`BetterAuth::revocations`](crate::BetterAuth::revocations) makes a [`Revocations`], a tower service to mount
//! anywhere. `examples/better-auth/` has the plugin for Better Auth that sends them. The
//! [guide](crate::guide::revocations) says when to take them, and what is sent when.
//!
//! 1. A message counts when `webhook-signature` has an HMAC-SHA256 of `<id>.<timestamp>.<body>` under one of the
//!    secrets, and `webhook-timestamp` lies within [`TOLERANCE`] of this host's clock, before or after.
//! 2. It forgets what its `data` names: a session, a user, or with the type `everything` all. A type that is not in the
//!    [table](crate::guide::revocations#what-is-sent) forgets all that it names.
//! 3. A message that was done is remembered by its id for as long as its timestamp is good. When it comes again nothing is
//!    done, and the answer is the same.
//!
//! | status | code | when |
//! | --- | --- | --- |
//! | 204 | | it is done, or was done before |
//! | 400 | `INVALID_WEBHOOK` | it is signed, and not a message; or its body broke off |
//! | 401 | `INVALID_WEBHOOK_SIGNATURE` | a header is missing, doubled or malformed, or no signature is right |
//! | 401 | `WEBHOOK_TIMESTAMP_OUT_OF_RANGE` | it is too old, or from the future |
//! | 405 | `METHOD_NOT_ALLOWED` | it is not a `POST` |
//! | 413 | `WEBHOOK_TOO_LARGE` | its body is larger than [`MAX_BODY`] |
//! | 503 | `REVOCATION_NOT_SPREAD` | not every process of the [fleet](crate::guide::fleet) could be told: it has to be sent again |

mod answer;
mod judge;
mod message;
mod seen;
mod secret;
mod service;

pub use self::{
    judge::TOLERANCE,
    service::{MAX_BODY, ResponseFuture, Revocations},
};
