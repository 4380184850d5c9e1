//! The auth server, seen from here: what is asked, and what its answer means.
//!
//! Five files decide and do no I/O: `request` writes the questions, `classify` and `reply` read the answers, `error` says
//! what a failure tells of the server, `fix` what an operator can do. `transport` is the only one that meets a network.

mod ask;
mod attempts;
mod breaker;
mod classify;
mod endpoint;
mod error;
mod fix;
#[cfg(feature = "proxy")]
mod forward;
mod lanes;
mod manage;
mod pause;
mod probe;
mod reply;
mod request;
mod retry;
mod transport;
mod unreached;

pub use self::breaker::BreakerState;
#[cfg(feature = "reqwest")]
pub(crate) use self::transport::{HttpClient, Tls};
pub(crate) use self::{
    ask::{Client, Limits, Told},
    breaker::BreakerPolicy,
    classify::{Answer, Decoder},
    endpoint::{Endpoint, InvalidEndpoint},
    error::{Asked, Cause, Unavailable},
    fix::PASS_THE_GATEWAY,
    lanes::Lane,
    manage::{Declined, Listed, Order},
    probe::Probe,
    request::{CookieCache, Questions},
    transport::{BoxError, TowerTransport, Transport},
    unreached::{Unreached, root_cause},
};
#[cfg(feature = "proxy")]
pub(crate) use self::{
    request::FORWARDED_FOR,
    transport::{Lost, Sent, StreamBody},
};
