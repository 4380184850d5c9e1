//! From settings to a handle, or to the word on what cannot work.

use http::HeaderValue;
use tokio::sync::Semaphore;

use super::{
    BetterAuth, BetterAuthBuilder, ConfigError, default_transport::default_transport, defaults,
};
use crate::{
    cache::{SessionCache, Trust},
    client::{BreakerPolicy, Client, CookieCache, Decoder, Endpoint, Limits, Questions},
    clock::FOREVER,
    cookie::CookieNames,
    credential::CredentialPolicy,
    observe::{self, Audit},
    question::Refresh,
    validate::Validator,
};

const BREAKER: BreakerPolicy = BreakerPolicy {
    failures: defaults::BREAKER_FAILURES,
    calls: defaults::BREAKER_CALLS,
    window: defaults::BREAKER_WINDOW,
    open: defaults::BREAKER_OPEN,
};

impl BetterAuthBuilder {
    /// Makes the handle. Opens no connection.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] names the setting that cannot work, and the fix.
    pub fn build(
        #[cfg_attr(not(feature = "redis"), allow(unused_mut))] mut self,
    ) -> Result<BetterAuth, ConfigError> {
        let endpoint = self.endpoint()?;
        for (setting, is_zero) in [
            ("connect_timeout", self.connect_timeout.is_zero()),
            ("deadline", self.deadline.is_zero()),
            ("max_body", self.max_body == 0),
            ("max_concurrency", self.max_concurrency == 0),
        ] {
            if is_zero {
                return Err(ConfigError::Zero { setting });
            }
        }
        let questions = Questions::new(
            &endpoint,
            &self.session_path,
            self.cookie_cache,
            self.trusted_origin(&endpoint)?,
        )
        .map_err(|reason| ConfigError::path("session_path", reason, defaults::SESSION_PATH))?;
        let policy = self.policy()?;
        if endpoint.is_plain_text_over_network() {
            observe::advice(
                "the auth server's URL is plain `http` to another host: session cookies cross the network in clear \
                 text, use `https`",
            );
        }
        // A year is as good as forever, and no clock overflows with it.
        let deadline = self.deadline.min(FOREVER);
        #[cfg(feature = "redis")]
        let (shared, hearing) = self.shared(&questions, deadline)?;
        #[cfg(not(feature = "redis"))]
        let (shared, hearing) = (None, None);
        let transport = match self.transport {
            Some(transport) => transport,
            None => default_transport(&endpoint, self.connect_timeout)?,
        };
        let limits = Limits {
            deadline,
            max_body: self.max_body,
            max_concurrency: self.max_concurrency.min(Semaphore::MAX_PERMITS),
            retries: self.retries,
            breaker: self.circuit_breaker.is_on.then_some(BREAKER),
        };
        let cache = self.cache.filter(|cache| cache.is_on()).map(|cache| {
            let trust = match self.decoder {
                Decoder::BetterAuth => Trust::ForAMoment,
                Decoder::Custom(_) => Trust::Never,
            };
            SessionCache::new(cache, deadline, trust).listening(hearing)
        });
        let client = Client::new(questions, transport, self.decoder, limits);
        let retry_after = defaults::RETRY_AFTER;
        observe::describe();
        let audit = Audit::new(self.audit);
        let validator = Validator::new(
            policy,
            self.client_ip,
            client,
            cache,
            self.clock,
            retry_after,
        )
        .watched(audit, self.trace_context)
        .refreshing(self.refresh)
        .sharing(shared);
        Ok(BetterAuth::of(validator))
    }

    fn endpoint(&self) -> Result<Endpoint, ConfigError> {
        let endpoint = Endpoint::parse(&self.url).map_err(ConfigError::url)?;
        let base_path = match &self.base_path {
            None if endpoint.has_path() => return Ok(endpoint),
            None => defaults::BASE_PATH,
            Some(path) => path,
        };
        let with_base_path = endpoint
            .clone()
            .with_path(base_path)
            .map_err(|reason| ConfigError::path("base_path", reason, defaults::BASE_PATH))?;
        if endpoint.has_path() && endpoint != with_base_path {
            return Err(ConfigError::TwoBasePaths);
        }
        Ok(with_base_path)
    }

    fn trusted_origin(&self, endpoint: &Endpoint) -> Result<HeaderValue, ConfigError> {
        let Some(origin) = &self.origin else {
            return Ok(endpoint.origin());
        };
        let parsed = Endpoint::parse_origin(origin).map_err(ConfigError::origin)?;
        Ok(parsed.origin())
    }

    fn policy(&self) -> Result<CredentialPolicy, ConfigError> {
        cookie_name("cookie_prefix", &self.cookie_prefix)?;
        let cookies = match &self.session_cookie {
            None => CookieNames::with_prefix(&self.cookie_prefix),
            Some(name) => {
                cookie_name("session_cookie", name)?;
                CookieNames::exactly(name, &self.cookie_prefix)
            }
        };
        let cookies = match self.refresh {
            Refresh::Never => cookies,
            Refresh::WhenDue => cookies.and_dont_remember(),
        };
        let (cookies, limit) = match self.cookie_cache {
            CookieCache::Bypassed => (cookies, defaults::MAX_CREDENTIAL),
            CookieCache::Trusted => (
                cookies.and_session_data(),
                defaults::MAX_CREDENTIAL_WITH_COOKIE_CACHE,
            ),
        };
        Ok(CredentialPolicy {
            cookies,
            limit,
            ambiguity: self.ambiguity,
            bearer: self.bearer,
            api_key: self.api_key,
        })
    }
}

/// A `token` of [RFC 9110, 5.6.2](https://www.rfc-editor.org/rfc/rfc9110#section-5.6.2), as
/// [RFC 6265](https://www.rfc-editor.org/rfc/rfc6265#section-4.1.1) asks of cookie names.
fn cookie_name(setting: &'static str, name: &str) -> Result<(), ConfigError> {
    const SEPARATORS: &[u8] = b"()<>@,;:\\\"/[]?={}";
    let is_token = |byte: u8| byte.is_ascii_graphic() && !SEPARATORS.contains(&byte);
    if !name.is_empty() && name.bytes().all(is_token) {
        Ok(())
    } else {
        Err(ConfigError::CookieName { setting })
    }
}
