//! What the settings come to, or why they come to nothing.

use std::time::Duration;

/// Settings that were looked at.
pub(super) struct Plan<'a> {
    pub(super) namespace: &'a str,
    pub(super) secret: &'a [u8],
    pub(super) timeout: Duration,
    pub(super) isolated_ttl: Duration,
}

/// What an answer depends on besides the credential, and how long it can matter.
pub(crate) struct Scope<'a> {
    /// Of the session check, with its query.
    pub(crate) address: &'a str,
    pub(crate) has_own_decoder: bool,
    pub(crate) ttl: Duration,
    /// The longest that a call can last.
    pub(crate) deadline: Duration,
}

/// What is wrong with the settings. Holds no URL, for there may be a password in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unusable {
    #[error("its secret is shorter than 32 bytes; make one with `openssl rand -base64 32`")]
    Secret,
    #[error(
        "its URL is not one; write it like `redis://:password@cache.internal:6379`, or `rediss://` for TLS"
    )]
    Url,
    #[error("a cluster needs the URL of at least one node")]
    NoNodes,
    #[error("its `{0}` is zero; leave it out for the default, or set it higher")]
    Zero(&'static str),
    #[error("its `namespace` is not 1 to 64 letters, digits, `-`, `_` and `.`")]
    Namespace,
    #[error(
        "with `decode_with`, its `namespace` has to be set: another one for every decoder, for what one made of an answer \
         is not what another would have"
    )]
    NoNamespace,
    #[error("it needs a cache in this process; call `cache` as well")]
    NoCache,
}
