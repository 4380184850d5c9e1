//! Calls on nobody's behalf, for the check at start-up: no credential, one attempt each, and no trace in breaker, pause
//! and counters, which are about real requests.

use bytes::Bytes;
use http::{Method, Request, Response, header};
use tokio::time::{Instant, timeout_at};

use super::{
    Answer, Cause, Client, Decoder, InvalidEndpoint, Questions, Unavailable,
    attempts::or_panicked,
    classify::{ApiKey, classify},
};
use crate::{
    credential::{Companions, Credential},
    question::Refresh,
};

/// What is asked on nobody's behalf.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Probe<'a> {
    /// Who is it, that shows nothing?
    Session,
    /// Is this a Better Auth server's base path? The configured one unless another is given.
    Ok { base_path: Option<&'a str> },
    /// What are the cookies called? Without a session, sign-out looks nothing up and ends nothing: it only deletes the
    /// cookies of whoever calls, and so says their names.
    SignOut,
}

impl Questions {
    /// The address of the session check.
    #[cfg(feature = "redis")]
    pub(crate) fn session_address(&self) -> String {
        self.session.to_string()
    }

    /// The address of the session check, without its query.
    pub(crate) fn session_url(&self) -> String {
        let uri = self.session.to_string();
        uri.split('?').next().unwrap_or_default().to_owned()
    }

    pub(crate) fn base_path(&self) -> &str {
        self.endpoint.path()
    }

    fn probe(&self, probe: Probe<'_>) -> Result<Request<Bytes>, InvalidEndpoint> {
        let mut request = self.session(
            &Credential::default(),
            &Companions::default(),
            Refresh::Never,
        );
        match probe {
            Probe::Session => {}
            Probe::Ok { base_path: None } => *request.uri_mut() = self.endpoint.at("/ok", "")?,
            Probe::Ok {
                base_path: Some(path),
            } => {
                *request.uri_mut() = self.endpoint.clone().with_path(path)?.at("/ok", "")?;
            }
            Probe::SignOut => {
                *request.method_mut() = Method::POST;
                *request.uri_mut() = self.endpoint.at("/sign-out", "")?;
                let origin = self.origin.clone();
                request.headers_mut().insert(header::ORIGIN, origin);
            }
        }
        Ok(request)
    }
}

impl Client {
    /// One call, which has to come to its end by `end`.
    pub(crate) async fn probe(
        &self,
        probe: Probe<'_>,
        end: Instant,
    ) -> Result<Response<Bytes>, Cause> {
        let request = self
            .questions
            .probe(probe)
            .map_err(|reason| Unavailable::from(reason).cause)?;
        let exchange = self.transport.exchange(request, self.limits.max_body);
        timeout_at(end, or_panicked(exchange, || Cause::Panicked))
            .await
            .unwrap_or(Err(Cause::Deadline(self.limits.deadline)))
    }

    /// The end of all that a check may take, if it begins now.
    pub(crate) fn end_of_check(&self, now: Instant) -> Instant {
        now + self.limits.deadline
    }

    pub(crate) fn questions(&self) -> &Questions {
        &self.questions
    }

    pub(crate) fn decoder(&self) -> &Decoder {
        &self.decoder
    }
}

impl Decoder {
    /// What a session check makes of the answer to somebody who shows nothing.
    pub(crate) fn read_for_nobody(
        &self,
        response: &Response<Bytes>,
    ) -> Result<Answer, Unavailable> {
        let (status, headers) = (response.status(), response.headers());
        classify(status, headers, response.body(), self, ApiKey::NotSent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::{CookieCache, Endpoint};

    #[test]
    fn a_probe_goes_to_the_auth_server_and_shows_no_credential() {
        let endpoint = Endpoint::parse("https://a.example/api/auth").unwrap();
        let origin = endpoint.origin();
        let questions =
            Questions::new(&endpoint, "/get-session", CookieCache::Bypassed, origin).unwrap();
        for (probe, expected) in [
            (
                Probe::Session,
                "GET https://a.example/api/auth/get-session?disableCookieCache=true&disableRefresh=true",
            ),
            (
                Probe::Ok { base_path: None },
                "GET https://a.example/api/auth/ok",
            ),
            (
                Probe::Ok {
                    base_path: Some("/auth"),
                },
                "GET https://a.example/auth/ok",
            ),
            (Probe::SignOut, "POST https://a.example/api/auth/sign-out"),
        ] {
            let request = questions.probe(probe).unwrap();
            assert_eq!(format!("{} {}", request.method(), request.uri()), expected);
            for name in ["cookie", "authorization", "x-api-key", "x-forwarded-for"] {
                assert!(!request.headers().contains_key(name), "{probe:?} {name}");
            }
        }
        assert_eq!(
            questions.session_url(),
            "https://a.example/api/auth/get-session"
        );
    }
}
