//! Which endpoint of the auth server a request is for. Nothing in a request leads anywhere else.

use std::borrow::Cow;

use http::{HeaderMap, Method, Uri};
use percent_encoding::percent_decode_str;

use super::refusal::Refusal;
use crate::upgrade::is_to_websocket;

/// What lies below the base path, as it was sent.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Target<'a> {
    /// Begins with `/`.
    pub(super) path: &'a str,
    pub(super) query: Option<&'a str>,
}

impl<'a> Target<'a> {
    /// Finds the target in the URI of a request.
    ///
    /// `original` is the whole URI, where a router has taken a prefix away. It counts first: what stands in front of this
    /// service, such as a rate limiter for the sign-in, goes by it as well.
    pub(super) fn find(
        uri: &'a Uri,
        original: Option<&'a Uri>,
        base_path: &str,
    ) -> Result<Self, Refusal> {
        let below = |uri: &'a Uri| {
            let path = uri.path().strip_prefix(base_path)?;
            path.starts_with('/').then_some((path, uri.query()))
        };
        match original.and_then(below).or_else(|| below(uri)) {
            Some((path, query)) if is_plain(path) => Ok(Self { path, query }),
            _ => Err(Refusal::NotFound),
        }
    }

    /// The path as the auth server may read it.
    pub(super) fn decoded(&self) -> Cow<'a, str> {
        percent_decode_str(self.path).decode_utf8_lossy()
    }
}

/// Refuses what no endpoint of Better Auth is for.
///
/// `Upgrade` to anything but a WebSocket is a suggestion that a server may overlook
/// ([RFC 9110, 7.8](https://www.rfc-editor.org/rfc/rfc9110#section-7.8)), and some clients always make it.
pub(super) fn check_method(method: &Method, headers: &HeaderMap) -> Result<(), Refusal> {
    if matches!(*method, Method::CONNECT | Method::TRACE) {
        return Err(Refusal::MethodNotAllowed);
    }
    if is_to_websocket(headers) {
        return Err(Refusal::Upgrade);
    }
    Ok(())
}

/// Whether the path means the same to every server: no empty or dot segments, no escape that hides one, a slash, another
/// escape or a control character, and none of what is the same without it
/// ([RFC 3986, 2.3](https://www.rfc-editor.org/rfc/rfc3986#section-2.3)).
fn is_plain(path: &str) -> bool {
    let is_segment = |segment: &str| {
        !matches!(segment, "" | "." | "..") && !segment.contains('\\') && escapes_are_plain(segment)
    };
    path.strip_prefix('/')
        .is_some_and(|segments| segments.split('/').all(is_segment))
}

fn escapes_are_plain(segment: &str) -> bool {
    segment.split('%').skip(1).all(|escape| {
        let digits = escape.get(..2);
        let is_hex = |digits: &&str| digits.bytes().all(|digit| digit.is_ascii_hexdigit());
        let byte = digits
            .filter(is_hex)
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        byte.is_some_and(|byte| {
            let is_unreserved =
                byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
            !is_unreserved && !matches!(byte, b'/' | b'\\' | b'%') && !byte.is_ascii_control()
        })
    })
}

#[cfg(test)]
mod tests {
    use http::header;

    use super::*;

    fn find(uri: &str) -> Option<String> {
        let uri: Uri = uri.parse().unwrap();
        let target = Target::find(&uri, None, "/api/auth").ok()?;
        let query = target.query.map(|query| format!("?{query}"));
        Some(format!("{}{}", target.path, query.unwrap_or_default()))
    }

    #[test]
    fn only_plain_paths_below_the_base_path_are_targets() {
        for (uri, expected) in [
            ("/api/auth/sign-in/email", Some("/sign-in/email")),
            (
                "/api/auth/callback/github?code=a%2Fb&state=..",
                Some("/callback/github?code=a%2Fb&state=.."),
            ),
            (
                "/api/auth/reset-password/t%C3%B6ken~-_",
                Some("/reset-password/t%C3%B6ken~-_"),
            ),
            ("/api/auth/ok?", Some("/ok?")),
            ("/api/auth/a..b/c.d", Some("/a..b/c.d")),
            // An authority is no place to go to.
            ("http://evil.example/api/auth/ok", Some("/ok")),
            ("http://user@evil.example:1/api/auth/ok", Some("/ok")),
            ("/api/auth", None),
            ("/api/auth/", None),
            ("/api/authx/ok", None),
            ("/api/auth@evil.example/ok", None),
            ("/api/AUTH/ok", None),
            ("/API/auth/ok", None),
            ("/", None),
            ("*", None),
            ("evil.example:443", None),
            ("//evil.example/api/auth/ok", None),
            ("/api/auth//evil.example/ok", None),
            ("/api/auth/ok/", None),
            ("/api/auth/../admin", None),
            ("/api/auth/./ok", None),
            ("/api/auth/a/../../../admin", None),
            ("/api/auth/..", None),
            ("/api/auth/%2e%2e/admin", None),
            ("/api/auth/.%2E/admin", None),
            ("/api/auth/%2E", None),
            ("/api/auth/a%2fb", None),
            ("/api/auth/a%2Fb", None),
            ("/api/auth/a%5cb", None),
            ("/api/auth/..\\admin", None),
            ("/api/auth/%252e%252e/admin", None),
            ("/api/auth/a%00b", None),
            ("/api/auth/a%0d%0aHost:%20evil", None),
            ("/api/auth/a%7f", None),
            ("/api/auth/a%1f", None),
            ("/api/auth/a%20b", Some("/a%20b")),
            ("/api/auth/a%", None),
            ("/api/auth/a%2", None),
            ("/api/auth/a%zz", None),
            ("/api/auth/a%+f", None),
            ("/%61pi/auth/ok", None),
            // A limiter of `/sign-in/` has not seen these.
            ("/api/auth/sign%2Din/email", None),
            ("/api/auth/%73ign-in/email", None),
            ("/api/auth/sign-in/emai%6C", None),
            ("/api/auth/a%5Fb", None),
            ("/api/auth/a%7Eb", None),
            ("/api/auth/a%2Bb%3D", Some("/a%2Bb%3D")),
        ] {
            assert_eq!(find(uri).as_deref(), expected, "{uri}");
        }
    }

    /// `nest_service` takes the prefix away, and keeps the whole aside.
    #[test]
    fn the_whole_uri_counts_before_what_a_router_has_left_of_it() {
        for (uri, original, expected) in [
            ("/ok", "/api/auth/ok", Some("/ok")),
            ("/api/auth/ok", "/v1/api/auth/ok", Some("/ok")),
            // Whoever limits `/api/auth/ok` has not seen this one.
            (
                "/api/auth/ok",
                "/api/auth/api/auth/ok",
                Some("/api/auth/ok"),
            ),
            ("/ok", "/v1/ok", None),
            ("/ok", "/api/auth/../ok", None),
        ] {
            let (uri, original): (Uri, Uri) = (uri.parse().unwrap(), original.parse().unwrap());
            let target = Target::find(&uri, Some(&original), "/api/auth");
            assert_eq!(
                target.ok().map(|target| target.path),
                expected,
                "{original}"
            );
        }
    }

    #[test]
    fn a_websocket_and_methods_for_proxies_are_refused() {
        let upgrade =
            |value: &str| HeaderMap::from_iter([(header::UPGRADE, value.parse().unwrap())]);
        for (method, headers, expected) in [
            (Method::GET, HeaderMap::new(), Ok(())),
            (Method::OPTIONS, HeaderMap::new(), Ok(())),
            (Method::HEAD, HeaderMap::new(), Ok(())),
            (Method::DELETE, HeaderMap::new(), Ok(())),
            (Method::GET, upgrade("h2c"), Ok(())),
            (Method::GET, upgrade("websocket"), Err(Refusal::Upgrade)),
            (
                Method::GET,
                upgrade("h2c, WebSocket"),
                Err(Refusal::Upgrade),
            ),
            (
                Method::CONNECT,
                HeaderMap::new(),
                Err(Refusal::MethodNotAllowed),
            ),
            (
                Method::TRACE,
                HeaderMap::new(),
                Err(Refusal::MethodNotAllowed),
            ),
        ] {
            assert_eq!(
                check_method(&method, &headers),
                expected,
                "{method} {headers:?}"
            );
        }
    }
}
