//! What the tests share.

pub(crate) mod answer;
pub(crate) mod better_call;
pub(crate) mod child;
pub(crate) mod lateness;
pub(crate) mod leashed;
pub(crate) mod log;
pub(crate) mod mock;
pub(crate) mod nowhere;
pub(crate) mod probe;
pub(crate) mod raw_server;
pub(crate) mod recorder;
pub(crate) mod spans;
#[cfg(any(feature = "rustls", feature = "native-tls"))]
pub(crate) mod tls;
pub(crate) mod app;
pub(crate) mod node;
#[cfg(feature = "redis")]
pub(crate) mod redis;
