use crate::client::{BoxError, InvalidEndpoint};

/// A setting that cannot work, found when the handle is built.
///
/// For the developer, at start-up: the message names the setting and the fix.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The URL of the auth server cannot be used.
    #[error(
        "the auth server's URL cannot be used: {reason}; write it like `https://auth.example.com`"
    )]
    #[non_exhaustive]
    Url {
        /// What is wrong with it.
        reason: String,
    },
    /// A path cannot be used.
    #[error("`{setting}` cannot be used: {reason}; write it like `{example}`")]
    #[non_exhaustive]
    Path {
        /// The builder method that set it.
        setting: &'static str,
        /// What is wrong with it.
        reason: String,
        /// One that can be used.
        example: &'static str,
    },
    /// The URL has a path, and `base_path` was set to another one.
    #[error(
        "the auth server's URL has a path and `base_path` is another one: leave out one of the two"
    )]
    TwoBasePaths,
    /// The origin cannot be used.
    #[error("`{setting}` cannot be used: {reason}; write it like `https://app.example.com`")]
    #[non_exhaustive]
    Origin {
        /// The method that set it.
        setting: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// A cookie name or prefix cannot be one.
    #[error(
        "`{setting}` cannot be used: a cookie name is one or more visible ASCII characters without \
         `( ) < > @ , ; : \\ \" / [ ] ? = {{ }}`; the default prefix is `better-auth`"
    )]
    #[non_exhaustive]
    CookieName {
        /// The builder method that set it.
        setting: &'static str,
    },
    /// A duration or size is zero, so that no check could ever succeed.
    #[error(
        "`{setting}` is zero, and no check could ever succeed: leave it out for the default, or set it higher"
    )]
    #[non_exhaustive]
    Zero {
        /// The builder method that set it.
        setting: &'static str,
    },
    /// The environment variable of [`BetterAuth::from_env`](crate::BetterAuth::from_env) is not set, or is not text.
    #[error(
        "the environment variable `{name}` is not set: set it to the auth server's URL, such as `http://localhost:3000`"
    )]
    #[non_exhaustive]
    MissingEnv {
        /// Its name.
        name: &'static str,
    },
    /// The secret of [`BetterAuth::revocations`](crate::BetterAuth::revocations) is not one.
    #[cfg(feature = "webhooks")]
    #[cfg_attr(docsrs, doc(cfg(feature = "webhooks")))]
    #[error(
        "the webhook secret cannot be used: {reason}; make one with `echo \"whsec_$(openssl rand -base64 32)\"`"
    )]
    #[non_exhaustive]
    WebhookSecret {
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The URL of [`BetterAuth::watch_secondary_storage`](crate::BetterAuth::watch_secondary_storage) is not one of a
    /// Redis server.
    #[cfg(feature = "redis")]
    #[cfg_attr(docsrs, doc(cfg(feature = "redis")))]
    #[error(
        "the URL of the secondary storage cannot be used: write it like `redis://localhost:6379`, or `rediss://` for TLS"
    )]
    SecondaryStorageUrl,
    /// There is no way to reach the auth server.
    #[error("there is no transport: switch on the feature `reqwest`, or call `transport`")]
    MissingTransport,
    /// The URL is `https`, and the default transport was built without TLS.
    #[error(
        "the URL is `https`, and no TLS is built in: switch on the feature `rustls` or `native-tls`, or call `http_client` or `transport`"
    )]
    MissingTls,
    /// The shared cache cannot be used.
    #[cfg(feature = "redis")]
    #[cfg_attr(docsrs, doc(cfg(feature = "redis")))]
    #[error("`redis` cannot be used: {reason}")]
    #[non_exhaustive]
    Redis {
        /// What is wrong with it. Never the URL, for there may be a password in it.
        reason: String,
    },
    /// The default HTTP client could not be made.
    #[error("the HTTP client could not be made: are the platform's certificates installed?")]
    #[non_exhaustive]
    HttpClient {
        /// What it said.
        source: BoxError,
    },
}

impl ConfigError {
    pub(super) fn url(reason: InvalidEndpoint) -> Self {
        let reason = reason.to_string();
        Self::Url { reason }
    }

    pub(super) fn origin(reason: InvalidEndpoint) -> Self {
        Self::origin_of("origin", reason)
    }

    #[cfg(feature = "proxy")]
    pub(crate) fn public_origin(reason: InvalidEndpoint) -> Self {
        Self::origin_of("public_origin", reason)
    }

    #[cfg(feature = "csrf")]
    pub(crate) fn trusted_origin(reason: InvalidEndpoint) -> Self {
        Self::origin_of("trust", reason)
    }

    fn origin_of(setting: &'static str, reason: InvalidEndpoint) -> Self {
        let reason = reason.to_string();
        Self::Origin { setting, reason }
    }

    #[cfg(feature = "redis")]
    pub(super) fn redis(reason: crate::cache::Unusable) -> Self {
        let reason = reason.to_string();
        Self::Redis { reason }
    }

    pub(super) fn path(
        setting: &'static str,
        reason: InvalidEndpoint,
        example: &'static str,
    ) -> Self {
        let reason = reason.to_string();
        Self::Path {
            setting,
            reason,
            example,
        }
    }
}
