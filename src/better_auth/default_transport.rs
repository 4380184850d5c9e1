//! The way to the auth server when none was given.

use std::{sync::Arc, time::Duration};

use super::ConfigError;
use crate::client::{Endpoint, Transport};

#[cfg(feature = "reqwest")]
pub(super) fn default_transport(
    endpoint: &Endpoint,
    connect_timeout: Duration,
) -> Result<Arc<dyn Transport>, ConfigError> {
    use crate::client::{HttpClient, Tls};

    let has_tls = cfg!(any(feature = "rustls", feature = "native-tls"));
    let tls = match (endpoint.is_https(), has_tls) {
        (true, false) => return Err(ConfigError::MissingTls),
        (true, true) => Tls::Needed,
        (false, _) => Tls::NotNeeded,
    };
    match HttpClient::new(connect_timeout, tls) {
        Ok(client) => Ok(Arc::new(client)),
        Err(error) => Err(ConfigError::HttpClient {
            source: error.into(),
        }),
    }
}

#[cfg(not(feature = "reqwest"))]
pub(super) fn default_transport(
    _: &Endpoint,
    _: Duration,
) -> Result<Arc<dyn Transport>, ConfigError> {
    Err(ConfigError::MissingTransport)
}

#[cfg(all(test, not(any(feature = "rustls", feature = "native-tls"))))]
mod tests {
    use crate::{BetterAuth, ConfigError};

    fn built(url: &str) -> Result<(), ConfigError> {
        BetterAuth::builder(url).build().map(drop)
    }

    #[cfg(feature = "reqwest")]
    #[test]
    fn without_tls_an_https_url_is_an_error_and_an_http_url_is_not() {
        let error = built("https://auth.example.com").unwrap_err();
        assert!(matches!(error, ConfigError::MissingTls), "{error:?}");
        built("http://localhost:3000").unwrap();
    }

    #[cfg(not(feature = "reqwest"))]
    #[test]
    fn without_a_transport_every_url_is_an_error() {
        for url in ["https://auth.example.com", "http://localhost:3000"] {
            let error = built(url).unwrap_err();
            assert!(matches!(error, ConfigError::MissingTransport), "{error:?}");
        }
    }
}
