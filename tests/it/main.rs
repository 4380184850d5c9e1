//! The integration tests: one binary, one module for each capability.

mod support;
mod beyond;
mod forms;
mod real_server;
