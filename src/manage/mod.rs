//! Devices and sign-out: what users do with their own sessions, through the session that their request shows.

mod caller;
mod device;
mod handle;
#[cfg(feature = "axum")]
mod router;
mod signed_out;

pub use self::{device::Device, signed_out::SignedOut};
