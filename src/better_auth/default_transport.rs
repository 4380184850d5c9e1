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
