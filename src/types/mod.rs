//! Plain data as Better Auth serialises it.

mod time;
mod fields;
mod decode;
mod user;
mod session;
mod auth_session;

pub(crate) use self::decode::{Malformed, decode_answer, parse};
pub(crate) use self::time::format as format_time;
#[cfg(feature = "axum")]
pub(crate) use self::user::split_roles;
pub use self::{auth_session::AuthSession, fields::FieldError, session::Session, user::User};
