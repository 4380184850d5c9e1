//! The layers as tower services: where they can stand, what they poll, what they leave behind.

mod caching;
mod headers;
mod misconfigured;
mod nesting;
mod optional;
mod permits;
mod placement;
mod readiness;
mod sizes;
mod stacks;
