//! What is sent: `GET {origin}{base path}{session path}`, and the questions that guards have.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Uri, header};
use memchr::memmem;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use super::{Endpoint, InvalidEndpoint};
use crate::{
    credential::{API_KEY, Companions, Credential, REQUEST_ID, TRACEPARENT},
    question::{Permissions, Question, Refresh, Scope},
};

pub(crate) const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const USER_AGENT: HeaderValue =
    HeaderValue::from_static(concat!("tower-better-auth/", env!("CARGO_PKG_VERSION")));

const DISABLE_REFRESH: &str = "disableRefresh=true";

/// Whether the server may answer from the cookie cache, which can be minutes old.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CookieCache {
    Bypassed,
    Trusted,
}

impl CookieCache {
    /// Whether the server can answer a request from it. Where it is bypassed, its cookies do not travel.
    pub(super) fn sent_with(request: &Request<Bytes>) -> Self {
        let cookie = request.headers().get(header::COOKIE);
        match cookie.map(|cookie| memmem::find(cookie.as_bytes(), b"session_data")) {
            Some(Some(_)) => Self::Trusted,
            _ => Self::Bypassed,
        }
    }
}

/// Writes the requests to one auth server. Nothing in a client's request changes where they go.
#[derive(Clone, Debug)]
pub(crate) struct Questions {
    pub(super) endpoint: Endpoint,
    pub(super) session: Uri,
    /// The same, and the session is prolonged if it is due.
    session_refreshing: Uri,
    /// Past every cache, also where the cookie cache is trusted.
    session_now: Uri,
    /// What Better Auth has to trust before it answers a POST with cookies.
    pub(super) origin: HeaderValue,
}

impl Questions {
    /// The server reads any value of a flag as true, also `false`, so a flag is sent as `true` or not at all.
    ///
    /// Without `disableRefresh` only for whoever tells the browser: a refresh that nobody relays logs it out in the end.
    pub(crate) fn new(
        endpoint: &Endpoint,
        session_path: &str,
        cookie_cache: CookieCache,
        origin: HeaderValue,
    ) -> Result<Self, InvalidEndpoint> {
        let session_now =
            endpoint.at(session_path, "disableCookieCache=true&disableRefresh=true")?;
        let (session, session_refreshing) = match cookie_cache {
            CookieCache::Bypassed => (
                session_now.clone(),
                endpoint.at(session_path, "disableCookieCache=true")?,
            ),
            CookieCache::Trusted => (
                endpoint.at(session_path, DISABLE_REFRESH)?,
                endpoint.at(session_path, "")?,
            ),
        };
        Ok(Self {
            endpoint: endpoint.clone(),
            session,
            session_refreshing,
            session_now,
            origin,
        })
    }

    /// Who is it, at this moment?
    pub(super) fn session_now(
        &self,
        credential: &Credential,
        companions: &Companions,
    ) -> Request<Bytes> {
        let mut request = self.session(credential, companions, Refresh::Never);
        *request.uri_mut() = self.session_now.clone();
        request
    }

    /// Who is it?
    pub(super) fn session(
        &self,
        credential: &Credential,
        companions: &Companions,
        refresh: Refresh,
    ) -> Request<Bytes> {
        let uri = match refresh {
            Refresh::WhenDue => &self.session_refreshing,
            Refresh::Never => &self.session,
        };
        let mut request = Request::new(Bytes::new());
        *request.uri_mut() = uri.clone();
        introduce(credential, companions, request.headers_mut());
        request
    }

    /// And what else is known about them?
    pub(super) fn about(
        &self,
        question: &Question,
        credential: &Credential,
        companions: &Companions,
    ) -> Result<Request<Bytes>, InvalidEndpoint> {
        let mut request = match question {
            Question::MemberRole { organization } => self.member_role(organization)?,
            Question::Permission { scope, permissions } => self.permission(scope, permissions)?,
        };
        introduce(credential, companions, request.headers_mut());
        Ok(request)
    }

    fn member_role(&self, organization: &str) -> Result<Request<Bytes>, InvalidEndpoint> {
        let organization = utf8_percent_encode(organization, NON_ALPHANUMERIC);
        let query = format!("organizationId={organization}");
        let mut request = Request::new(Bytes::new());
        *request.uri_mut() = self
            .endpoint
            .at("/organization/get-active-member-role", &query)?;
        Ok(request)
    }

    fn permission(
        &self,
        scope: &Scope,
        permissions: &Permissions,
    ) -> Result<Request<Bytes>, InvalidEndpoint> {
        let (path, body) = match scope {
            Scope::Everywhere => ("/admin/has-permission", json!({"permissions": permissions})),
            Scope::Organization(id) => (
                "/organization/has-permission",
                json!({"permissions": permissions, "organizationId": id}),
            ),
        };
        self.post(path, &body)
    }

    /// A POST that the server takes from an origin that it trusts, and that prolongs nothing.
    pub(super) fn post(&self, path: &str, body: &Value) -> Result<Request<Bytes>, InvalidEndpoint> {
        let mut request = Request::new(Bytes::from(body.to_string()));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.endpoint.at(path, DISABLE_REFRESH)?;
        let headers = request.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/json"),
        );
        headers.insert(header::ORIGIN, self.origin.clone());
        Ok(request)
    }
}

/// Who asks, and on whose behalf.
pub(super) fn introduce(credential: &Credential, companions: &Companions, headers: &mut HeaderMap) {
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
}

#[cfg(test)]
mod tests {
    use super::*;

    fn questions(cookie_cache: CookieCache) -> Questions {
        let endpoint = Endpoint::parse("http://a.example/api/auth").unwrap();
        Questions::new(&endpoint, "/get-session", cookie_cache, endpoint.origin()).unwrap()
    }

    #[test]
    fn the_flags_are_true_or_absent() {
        let (bypassed, trusted) = (CookieCache::Bypassed, CookieCache::Trusted);
        let both = "disableCookieCache=true&disableRefresh=true";
        for (cookie_cache, refresh, expected) in [
            (bypassed, Refresh::Never, Some(both)),
            (bypassed, Refresh::WhenDue, Some("disableCookieCache=true")),
            (trusted, Refresh::Never, Some("disableRefresh=true")),
            (trusted, Refresh::WhenDue, None),
        ] {
            let (credential, companions) = (Credential::default(), Companions::default());
            let request = questions(cookie_cache).session(&credential, &companions, refresh);
            assert_eq!(request.uri().query(), expected);
        }
    }

    #[test]
    fn at_this_moment_means_past_the_cookie_cache_also_where_it_is_trusted() {
        for cookie_cache in [CookieCache::Bypassed, CookieCache::Trusted] {
            let request =
                questions(cookie_cache).session_now(&Credential::default(), &Companions::default());
            let expected = "disableCookieCache=true&disableRefresh=true";
            assert_eq!(request.uri().query(), Some(expected));
        }
    }

    #[test]
    fn it_is_a_get_with_what_was_given_and_nothing_else() {
        let credential = Credential {
            cookie: Some(HeaderValue::from_static("c")),
            authorization: Some(HeaderValue::from_static("a")),
            api_key: Some(HeaderValue::from_static("k")),
            is_ambiguous: false,
        };
        let companions = Companions {
            traceparent: Some(HeaderValue::from_static("t")),
            request_id: Some(HeaderValue::from_static("r")),
            client_ip: Some("::ffff:192.0.2.7".parse().unwrap()),
        };
        let request =
            questions(CookieCache::Bypassed).session(&credential, &companions, Refresh::Never);
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

    #[test]
    fn a_member_role_is_a_get_with_the_id_encoded() {
        let organization = "a b&c=d/é".to_owned();
        let question = Question::MemberRole { organization };
        let request = questions(CookieCache::Bypassed)
            .about(&question, &Credential::default(), &Companions::default())
            .unwrap();
        let expected = "http://a.example/api/auth/organization/get-active-member-role\
                        ?organizationId=a%20b%26c%3Dd%2F%C3%A9";
        assert_eq!(
            (request.method(), request.uri().to_string().as_str()),
            (&Method::GET, expected)
        );
    }

    #[test]
    fn a_permission_is_a_post_from_the_origin_with_the_permissions_as_json() {
        let permissions = Permissions::from([("note".to_owned(), vec!["read".to_owned()])]);
        for (scope, path, body) in [
            (
                Scope::Everywhere,
                "/api/auth/admin/has-permission",
                r#"{"permissions":{"note":["read"]}}"#,
            ),
            (
                Scope::Organization("o".to_owned()),
                "/api/auth/organization/has-permission",
                r#"{"organizationId":"o","permissions":{"note":["read"]}}"#,
            ),
        ] {
            let permissions = permissions.clone();
            let question = Question::Permission { scope, permissions };
            let request = questions(CookieCache::Bypassed)
                .about(&question, &Credential::default(), &Companions::default())
                .unwrap();
            assert_eq!(
                (request.method(), request.uri().path()),
                (&Method::POST, path)
            );
            assert_eq!(request.uri().query(), Some("disableRefresh=true"));
            assert_eq!(request.headers()[header::ORIGIN], "http://a.example");
            assert_eq!(request.headers()[header::CONTENT_TYPE], "application/json");
            assert_eq!(request.body(), body);
        }
    }
}
