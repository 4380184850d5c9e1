//! Where the auth server is.

use http::{
    HeaderValue, Uri,
    uri::{Authority, PathAndQuery},
};

/// The origin and base path of an auth server, parsed once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Endpoint {
    /// `https://example.com`, without a slash at the end.
    origin: String,
    host: String,
    is_https: bool,
    /// `/api/auth`, without a slash at the end; empty when the URL had no path.
    path: String,
}

/// What is wrong with a URL or path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InvalidEndpoint {
    #[error("it is empty")]
    Empty,
    #[error("it is not a URL")]
    NotAUrl,
    #[error("its scheme is neither `http` nor `https`")]
    Scheme,
    #[error("it holds a user name or password; leave out what stands before the `@`")]
    UserInfo,
    #[error("it has a query or fragment; leave that out")]
    Query,
    #[cfg(feature = "csrf")]
    #[error("it is a pattern, and origins are compared as a whole")]
    Pattern,
    /// Of an origin.
    #[error("it has a path; leave out what stands behind host and port")]
    HasPath,
    /// Of a URL.
    #[error("its path holds an empty segment, `.`, `..`, `%` or `\\`")]
    PathOfUrl,
    #[error("it is not a plain path that starts with a single `/`")]
    Path,
}

impl Endpoint {
    /// A URL without a path has none yet; one with a path has that as its base path, as in Better Auth's own client.
    pub(crate) fn parse(url: &str) -> Result<Self, InvalidEndpoint> {
        if url.trim().is_empty() {
            return Err(InvalidEndpoint::Empty);
        }
        if url.contains(['?', '#']) {
            return Err(InvalidEndpoint::Query);
        }
        let uri: Uri = url.parse().map_err(|_| InvalidEndpoint::NotAUrl)?;
        let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
            return Err(InvalidEndpoint::NotAUrl);
        };
        if scheme != "http" && scheme != "https" {
            return Err(InvalidEndpoint::Scheme);
        }
        if authority.as_str().contains('@') {
            return Err(InvalidEndpoint::UserInfo);
        }
        if authority.host().is_empty() || !is_port_of(authority) {
            return Err(InvalidEndpoint::NotAUrl);
        }
        let path = match uri.path() {
            "/" | "" => String::new(),
            path => plain_path(path).map_err(|_| InvalidEndpoint::PathOfUrl)?,
        };
        Ok(Self {
            origin: origin(scheme, authority),
            host: authority.host().to_ascii_lowercase(),
            is_https: scheme == "https",
            path,
        })
    }

    /// Scheme, host and port, and nothing else.
    pub(crate) fn parse_origin(origin: &str) -> Result<Self, InvalidEndpoint> {
        match Self::parse(origin) {
            Ok(endpoint) if !endpoint.has_path() => Ok(endpoint),
            Ok(_) | Err(InvalidEndpoint::PathOfUrl) => Err(InvalidEndpoint::HasPath),
            Err(reason) => Err(reason),
        }
    }

    pub(crate) fn has_path(&self) -> bool {
        !self.path.is_empty()
    }

    pub(crate) fn with_path(mut self, path: &str) -> Result<Self, InvalidEndpoint> {
        self.path = plain_path(path)?;
        Ok(self)
    }

    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    /// The URI of one of its endpoints; an empty query is none.
    pub(crate) fn at(&self, path: &str, query: &str) -> Result<Uri, InvalidEndpoint> {
        let path = plain_path(path)?;
        let mark = if query.is_empty() { "" } else { "?" };
        format!("{}{}{path}{mark}{query}", self.origin, self.path)
            .parse()
            .map_err(|_| InvalidEndpoint::Path)
    }

    /// The URI of what lies below the base path. Escapes stay as they are: whoever calls has looked at them.
    #[cfg(feature = "proxy")]
    pub(super) fn below(&self, path: &str, query: Option<&str>) -> Result<Uri, InvalidEndpoint> {
        let (mark, query) = query.map_or(("", ""), |query| ("?", query));
        format!("{}{}{path}{mark}{query}", self.origin, self.path)
            .parse()
            .map_err(|_| InvalidEndpoint::Path)
    }

    /// Scheme and authority, as browsers write them.
    #[cfg(feature = "proxy")]
    pub(crate) fn scheme_and_authority(&self) -> (&str, &str) {
        self.origin.split_once("://").unwrap_or_default()
    }

    /// Its own origin, which a Better Auth server trusts unless it runs behind another address.
    pub(crate) fn origin(&self) -> HeaderValue {
        HeaderValue::from_str(&self.origin).unwrap_or(HeaderValue::from_static("null"))
    }

    #[cfg(feature = "reqwest")]
    pub(crate) fn is_https(&self) -> bool {
        self.is_https
    }

    /// Whether cookies would cross a network in clear text.
    pub(crate) fn is_plain_text_over_network(&self) -> bool {
        let host = self.host.trim_start_matches('[').trim_end_matches(']');
        let is_loopback = host == "localhost"
            || host.ends_with(".localhost")
            || host
                .parse::<std::net::IpAddr>()
                .is_ok_and(|ip| ip.is_loopback());
        !self.is_https && !is_loopback
    }
}

/// Whether there is no port, or one that exists: `http` parses `localhost:99999`, and nobody can connect to it.
fn is_port_of(authority: &Authority) -> bool {
    match authority.as_str().strip_prefix(authority.host()) {
        Some(port) => port.is_empty() || authority.port_u16().is_some_and(|port| port > 0),
        None => false,
    }
}

/// As browsers write it: in lower case, without the port that goes without saying
/// ([RFC 6454, 6.2](https://www.rfc-editor.org/rfc/rfc6454#section-6.2)).
fn origin(scheme: &str, authority: &Authority) -> String {
    let host = authority.host().to_ascii_lowercase();
    match (scheme, authority.port_u16()) {
        (_, None) | ("http", Some(80)) | ("https", Some(443)) => format!("{scheme}://{host}"),
        (_, Some(port)) => format!("{scheme}://{host}:{port}"),
    }
}

/// A path that means the same to every server: `/a/b`, no empty or dot segments, no query; the slash at its end goes.
fn plain_path(path: &str) -> Result<String, InvalidEndpoint> {
    let trimmed = path.strip_suffix('/').unwrap_or(path);
    let segments = trimmed.strip_prefix('/').ok_or(InvalidEndpoint::Path)?;
    let is_plain = |segment: &str| !matches!(segment, "" | "." | "..") && !segment.contains('%');
    let is_path = !trimmed.contains(['?', '#', '\\'])
        && segments.split('/').all(is_plain)
        && trimmed.parse::<PathAndQuery>().is_ok();
    if is_path {
        Ok(trimmed.to_owned())
    } else {
        Err(InvalidEndpoint::Path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_gives_origin_and_path() {
        for (url, expected) in [
            (
                "http://localhost:3000",
                "http://localhost:3000/get-session?q",
            ),
            (
                "http://localhost:3000/",
                "http://localhost:3000/get-session?q",
            ),
            (
                "https://a.example/auth",
                "https://a.example/auth/get-session?q",
            ),
            (
                "https://a.example/x/auth/",
                "https://a.example/x/auth/get-session?q",
            ),
            ("http://[::1]:3000", "http://[::1]:3000/get-session?q"),
            (
                "https://Auth.Example.com:443",
                "https://auth.example.com/get-session?q",
            ),
            ("HTTP://127.0.0.1", "http://127.0.0.1/get-session?q"),
        ] {
            let uri = Endpoint::parse(url)
                .unwrap()
                .at("/get-session", "q")
                .unwrap();
            assert_eq!(uri, *expected, "{url}");
        }
    }

    #[test]
    fn a_url_that_could_mean_something_else_is_refused() {
        use InvalidEndpoint as E;
        for (url, expected) in [
            ("", E::Empty),
            (" ", E::Empty),
            ("localhost:3000", E::NotAUrl),
            ("/api/auth", E::NotAUrl),
            ("http://", E::NotAUrl),
            ("http:// a", E::NotAUrl),
            ("http://localhost:99999", E::NotAUrl),
            ("http://[::1]:99999", E::NotAUrl),
            ("http://localhost:0", E::NotAUrl),
            ("http://localhost:", E::NotAUrl),
            ("http://localhost:x", E::NotAUrl),
            ("ftp://a.example", E::Scheme),
            ("http://user:pass@a.example", E::UserInfo),
            ("http://a.example/?x=1", E::Query),
            ("http://a.example/#x", E::Query),
            ("http://a.example//evil", E::PathOfUrl),
            ("http://a.example/a/../b", E::PathOfUrl),
            ("http://a.example/%2e%2e/b", E::PathOfUrl),
        ] {
            assert_eq!(Endpoint::parse(url), Err(expected), "{url:?}");
        }
    }

    #[test]
    fn a_path_is_plain_or_refused() {
        let endpoint = Endpoint::parse("http://a.example").unwrap();
        for (path, expected) in [
            ("/session", Some("http://a.example/session?q")),
            ("/session/", Some("http://a.example/session?q")),
            ("session", None),
            ("", None),
            ("/", None),
            ("//session", None),
            ("/a//b", None),
            ("/a?b", None),
            ("/a#b", None),
            ("/a b", None),
            ("/\\evil", None),
        ] {
            let uri = endpoint.at(path, "q").ok().map(|uri| uri.to_string());
            assert_eq!(uri.as_deref(), expected, "{path:?}");
        }
    }

    #[test]
    fn plain_text_is_fine_on_loopback_and_worth_a_warning_elsewhere() {
        for (url, expected) in [
            ("http://localhost:3000", false),
            ("http://auth.localhost", false),
            ("http://127.0.0.2", false),
            ("http://[::1]:3000", false),
            ("https://a.example", false),
            ("http://a.example", true),
            ("http://10.0.0.5:3000", true),
            ("http://localhost.example", true),
        ] {
            assert_eq!(
                Endpoint::parse(url).unwrap().is_plain_text_over_network(),
                expected,
                "{url}"
            );
        }
    }
}
