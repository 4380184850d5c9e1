//! The integration tests: one binary, one module for each capability.

mod support;
mod faults;
mod real_server;
