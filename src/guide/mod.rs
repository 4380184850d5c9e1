//! Guides: one question each.
//!
//! - [Which extractor when](extractors)
//! - [Which guard when](guards)
//! - [What refusals look like](answers)
//! - [Devices and sign-out](devices)
//! - [What is sent to the auth server](sent)
//! - [How a browser stays signed in](refresh)
//! - [One origin or two](origins)
//! - [Long-lived connections](connections)
//! - [When the auth server is down](operating)
//! - [What operators get to see](observing)
//! - [Which version of Better Auth](versions)
#![cfg_attr(feature = "testing", doc = "- [Testing your app](testing)")]

#[doc = include_str!("extractors.md")]
pub mod extractors {}

#[doc = include_str!("guards.md")]
pub mod guards {}

#[doc = include_str!("answers.md")]
pub mod answers {}

#[doc = include_str!("devices.md")]
pub mod devices {}

#[doc = include_str!("sent.md")]
pub mod sent {}

#[doc = include_str!("origins.md")]
pub mod origins {}

#[doc = include_str!("refresh.md")]
pub mod refresh {}

#[doc = include_str!("connections.md")]
pub mod connections {}

#[doc = include_str!("operating.md")]
pub mod operating {}

#[doc = include_str!("observing.md")]
pub mod observing {}

#[cfg(feature = "testing")]
#[cfg_attr(docsrs, doc(cfg(feature = "testing")))]
#[doc = include_str!("testing.md")]
pub mod testing {}

#[doc = include_str!("versions.md")]
pub mod versions {}
