//! Better Auth's own Redis, watched for sessions that end or change: revocations without a line of JavaScript.
//!
//! For a Better Auth server whose `secondaryStorage` is Redis.
//! [`BetterAuth::watch_secondary_storage`](crate::BetterAuth::watch_secondary_storage) makes a
//! [`SecondaryStorageWatch`], a future to spawn. The [guide](crate::guide::revocations) says when to take it.
//!
//! 1. Redis says which keys change (`CLIENT TRACKING` with `BCAST`, over RESP3; Redis 6 or newer, no setting of the server).
//! 2. Where the list of a user's sessions or one of the sessions changes, all sessions of that user are forgotten: at once,
//!    and once more [`SETTLED`] later, since Better Auth changes several keys, and its database, one after the other.
//! 3. A Redis that is emptied has everything forgotten, and so has a connection that is new: nobody knows what was missed.
//! 4. Redis is asked every [`PING_EVERY`] whether it is there. While it is not, everything is forgotten every
//!    [`UNHEARD_TTL`].
//! 5. Tokens pass by, since they are the names of the keys. None is logged or kept.

mod connection;
mod key;
mod watch;

pub use self::{
    connection::PING_EVERY,
    watch::{SETTLED, SecondaryStorageWatch, UNHEARD_TTL},
};
