//! What was found out lately, so that the auth server is asked less often.
//!
//! 1. An entry lives for the ttl or until the session ends, whichever comes first. Being used does not prolong it.
//! 2. While it is in use it is asked for anew before its end, by a task of its own, so that nobody waits.
//! 3. What is invalidated is gone at once, and an answer that was asked for before cannot bring it back.
//! 4. Only signed-in sessions take up room. Signed-out ones are kept apart, for a second, so that made-up cookies push
//!    out nobody. An auth server that cannot be asked is never remembered, and takes nothing away.
//! 5. With a second level, processes share what they found out and tell each other what is invalidated. A process that does
//!    not hear the others believes only what is a moment old.
//! 6. Keys are hashes under a key that this process made up, or that is derived from a secret of the fleet; neither keys
//!    nor values hold a byte of a credential.

#[cfg_attr(not(feature = "redis"), allow(dead_code))]
mod hearing;
mod key;
mod memory;
mod policy;
mod recently_active;
#[cfg(feature = "redis")]
mod redis;
mod revocations;
#[cfg_attr(not(feature = "redis"), allow(dead_code))]
mod shared;
mod single_flight;
mod turns;

#[cfg(feature = "redis")]
pub(crate) use self::hearing::Hearing;
pub use self::policy::Cache;
#[cfg(feature = "redis")]
pub use self::redis::Redis;
#[cfg(feature = "redis")]
pub(crate) use self::redis::{Scope, Unusable, prepare_tls};
pub(crate) use self::{
    key::{Key, Keys},
    memory::{Found, SessionCache, Trust},
    recently_active::RecentlyActive,
    revocations::Generation,
    shared::{Invalidation, Looked, Position, Shareable, Shared, SharedKey, Spread},
    single_flight::{Flights, Joined, Weight},
    turns::Turns,
};
