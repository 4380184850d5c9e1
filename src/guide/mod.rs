//! Guides: one question each.
//!
//! - [Which extractor when](extractors)
//! - [Which guard when](guards)
//! - [What refusals look like](answers)
//! - [When the auth server is down](operating)
//! - [Which version of Better Auth](versions)

#[doc = include_str!("extractors.md")]
pub mod extractors {}

#[doc = include_str!("guards.md")]
pub mod guards {}

#[doc = include_str!("answers.md")]
pub mod answers {}

#[doc = include_str!("operating.md")]
pub mod operating {}

#[doc = include_str!("versions.md")]
pub mod versions {}
