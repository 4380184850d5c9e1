//! The integration tests: one binary, one module for each capability.

// A failed `unwrap` is a failed test, and a table is as long and as wide as what it is about.
#![allow(
    clippy::needless_pass_by_value,
    clippy::too_many_lines,
    clippy::type_complexity,
    clippy::unchecked_time_subtraction,
    clippy::unwrap_used
)]

mod support;
mod asking;
mod beyond;
mod cache;
mod chaos;
mod config;
mod contract;
mod cookies;
#[cfg(feature = "csrf")]
mod cross_site;
mod faults;
mod forms;
mod guard_table;
mod guards;
mod health;
mod kit;
mod layers;
mod leases;
mod made_up;
mod manage;
mod observed;
#[cfg(feature = "proxy")]
mod proxy;
mod real_server;
mod relay;
mod resilience;
mod versions;
