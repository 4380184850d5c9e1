//! `testing::session` and `testing::access`: what users test guards of their own with.

mod access;
mod session;
