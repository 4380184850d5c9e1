//! What the processes of a fleet share in Redis: what they found out, and what is no longer true.
//!
//! Redis is neither believed nor waited for. Everything that is read from it was sealed by a process that knows the
//! secret, under the very name that it is read from; whatever else is found there is as good as nothing. What cannot be
//! had within a few milliseconds is asked of the auth server instead.
//!
//! Revocations are entries of a stream. Its ids are the generations across processes: an answer says how far its writer
//! had read when it asked the auth server, and is void as soon as an entry behind that is about it. A stream, and not a
//! channel, because nothing in it is lost by a short cut, and because whoever reads on can tell whether all is still
//! there. When it is not, everything is void.

mod bus;
mod connection;
mod core;
mod entry;
mod level;
mod marks;
mod message;
mod outbox;
mod plan;
mod publish;
mod seal;
mod settings;
mod store;

pub use self::settings::Redis;
pub(crate) use self::{
    connection::prepare_tls,
    plan::{Scope, Unusable},
};
