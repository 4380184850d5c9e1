//! The handle: where the auth server is, and how it is asked.

mod build;
mod builder;
#[cfg(feature = "testing")]
mod clock;
mod config_error;
mod credentials;
mod default_transport;
pub mod defaults;
mod handle;
mod observing;
mod refresh;
mod resilience;
#[cfg(feature = "redis")]
mod sharing;

pub use self::{
    builder::BetterAuthBuilder, config_error::ConfigError, handle::BetterAuth,
    resilience::CircuitBreaker,
};
