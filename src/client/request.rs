//! The question: `GET {origin}{base path}{session path}`.

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, Request, Uri, header};

use super::{Endpoint, InvalidEndpoint};
use crate::credential::{API_KEY, Companions, Credential, REQUEST_ID, TRACEPARENT};

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const USER_AGENT: HeaderValue =
    HeaderValue::from_static(concat!("tower-better-auth/", env!("CARGO_PKG_VERSION")));

/// Whether the server may answer from the cookie cache, which can be minutes old.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CookieCache {
    Bypassed,
    Trusted,
}

/// Writes the requests to one auth server. Nothing in a client's request changes where they go.
#[derive(Clone, Debug)]
pub(crate) struct Questions {
    uri: Uri,
}

impl Questions {
    /// The server reads any value of a flag as true, also `false`, so a flag is sent as `true` or not at all.
    ///
    /// Never without `disableRefresh`: a refresh that nobody relays to the browser logs it out in the end.
    pub(crate) fn new(
        endpoint: &Endpoint,
        session_path: &str,
        cookie_cache: CookieCache,
    ) -> Result<Self, InvalidEndpoint> {
        let query = match cookie_cache {
            CookieCache::Bypassed => "disableCookieCache=true&disableRefresh=true",
            CookieCache::Trusted => "disableRefresh=true",
        };
        let uri = endpoint.at(session_path, query)?;
        Ok(Self { uri })
    }

    pub(super) fn write(&self, credential: &Credential, companions: &Companions) -> Request<Bytes> {
        let mut request = Request::new(Bytes::new());
        *request.method_mut() = Method::GET;
        *request.uri_mut() = self.uri.clone();
        let headers = request.headers_mut();
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert(
            header::ACCEPT_ENCODING,
            HeaderValue::from_static("identity"),
        );
        headers.insert(header::USER_AGENT, USER_AGENT);
        let client_ip = companions
            .client_ip
            .and_then(|ip| HeaderValue::from_str(&ip.to_canonical().to_string()).ok());
        let optional = [
            (header::COOKIE, credential.cookie.clone()),
            (header::AUTHORIZATION, credential.authorization.clone()),
            (API_KEY, credential.api_key.clone()),
            (TRACEPARENT, companions.traceparent.clone()),
            (REQUEST_ID, companions.request_id.clone()),
            (FORWARDED_FOR, client_ip),
        ];
        for (name, value) in optional {
            if let Some(value) = value {
                headers.insert(name, value);
            }
        }
        request
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn questions(cookie_cache: CookieCache) -> Questions {
        let endpoint = Endpoint::parse("http://a.example/api/auth").unwrap();
        Questions::new(&endpoint, "/get-session", cookie_cache).unwrap()
    }

    #[test]
    fn the_flags_are_true_or_absent() {
        for (cookie_cache, expected) in [
            (
                CookieCache::Bypassed,
                "disableCookieCache=true&disableRefresh=true",
            ),
            (CookieCache::Trusted, "disableRefresh=true"),
        ] {
            let request =
                questions(cookie_cache).write(&Credential::default(), &Companions::default());
            assert_eq!(request.uri().query(), Some(expected));
        }
    }

    #[test]
    fn it_is_a_get_with_what_was_given_and_nothing_else() {
        let credential = Credential {
            cookie: Some(HeaderValue::from_static("c")),
            authorization: Some(HeaderValue::from_static("a")),
            api_key: Some(HeaderValue::from_static("k")),
        };
        let companions = Companions {
            traceparent: Some(HeaderValue::from_static("t")),
            request_id: Some(HeaderValue::from_static("r")),
            client_ip: Some("::ffff:192.0.2.7".parse().unwrap()),
        };
        let request = questions(CookieCache::Bypassed).write(&credential, &companions);
        let mut sent: Vec<_> = request
            .headers()
            .iter()
            .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
            .collect();
        sent.sort();
        let user_agent = format!(
            "user-agent: tower-better-auth/{}",
            env!("CARGO_PKG_VERSION")
        );
        assert_eq!(
            sent,
            [
                "accept-encoding: identity",
                "accept: application/json",
                "authorization: a",
                "cookie: c",
                "traceparent: t",
                user_agent.as_str(),
                "x-api-key: k",
                "x-forwarded-for: 192.0.2.7",
                "x-request-id: r",
            ]
        );
        assert_eq!((request.method(), request.body().len()), (&Method::GET, 0));
        assert_eq!(request.uri().path(), "/api/auth/get-session");
    }
}
