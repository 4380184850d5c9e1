//! Guides: one question each.
//!
//! Writing the app:
//!
//! - [Which extractor when](extractors)
//! - [Which guard when](guards)
//! - [What refusals look like](answers)
//! - [Devices and sign-out](devices)
//! - [Long-lived connections](connections)
#![cfg_attr(feature = "testing", doc = "- [Testing your app](testing)")]
//!
//! Browsers and the auth server:
//!
//! - [One origin or two](origins)
//! - [How a browser stays signed in](refresh)
//! - [What is sent to the auth server](sent)
//! - [Which version of Better Auth](versions)
//!
//! Running it:
//!
//! - [When the auth server is down](operating)
//! - [When a session ends elsewhere](revocations)
//! - [Running a fleet](fleet)
//! - [What operators get to see](observing)

#[doc = include_str!("extractors.md")]
pub mod extractors {}

#[doc = include_str!("guards.md")]
pub mod guards {}

#[doc = include_str!("answers.md")]
pub mod answers {}

#[doc = include_str!("devices.md")]
pub mod devices {}

#[doc = include_str!("connections.md")]
pub mod connections {}

#[cfg(feature = "testing")]
#[cfg_attr(docsrs, doc(cfg(feature = "testing")))]
#[doc = include_str!("testing.md")]
pub mod testing {}

#[doc = include_str!("origins.md")]
pub mod origins {}

#[doc = include_str!("refresh.md")]
pub mod refresh {}

#[doc = include_str!("sent.md")]
pub mod sent {}

#[doc = include_str!("versions.md")]
pub mod versions {}

#[doc = include_str!("operating.md")]
pub mod operating {}

#[doc = include_str!("revocations.md")]
pub mod revocations {}

#[doc = include_str!("fleet.md")]
pub mod fleet {}

#[doc = include_str!("observing.md")]
pub mod observing {}
