//! The integration tests: one binary, one module for each capability.

mod support;
mod config;
mod cookies;
mod faults;
mod guards;
mod layers;
mod real_server;
