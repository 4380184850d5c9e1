//! Sessions of a [Better Auth](https://www.better-auth.com) server, checked in Rust.
#![cfg_attr(docsrs, feature(doc_cfg))]

mod types;
mod cookie;
mod credential;
mod verdict;
mod observe;
pub mod rejection;
mod gate;
pub mod extract;
pub mod require;
mod client;
mod validate;
mod better_auth;
pub mod session_auth;
#[cfg(feature = "testing")]
#[cfg_attr(docsrs, doc(cfg(feature = "testing")))]
pub mod testing;

pub use self::{
    better_auth::{BetterAuth, BetterAuthBuilder, ConfigError, defaults},
    extract::{CurrentSession, CurrentUser},
    rejection::{Rejection, RejectionKind, ResponseBody},
    require::{Access, Denied, Guard, Require},
    session_auth::{SessionAuth, SessionAuthService},
    types::{AuthSession, FieldError, Session, User},
};
