//! A real Better Auth server: the Node program in `tests/better-auth`, whose README lists configs and routes.

mod account;
mod control;
mod jar;
mod process;
mod server;

pub(crate) use self::{
    account::SignedIn,
    control::Database,
    jar::Jar,
    process::directory,
    server::{Answer, BetterAuthServer},
};
