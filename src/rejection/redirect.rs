//! For pages: the way to the sign-in page and back.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode, Uri, header};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::{
    Rejection, RejectionKind, RequestHead, json,
    respond::{self, Respond},
};
use crate::observe;

const HX_REQUEST: &str = "hx-request";
const HX_REDIRECT: &str = "hx-redirect";
const HX_CURRENT_URL: &str = "hx-current-url";

/// What a path keeps in the value of a query parameter, so that people can read it.
const QUERY_VALUE: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'/')
    .remove(b'-')
    .remove(b'_')
    .remove(b'.');

/// Sends whoever is not signed in to the sign-in page, and tells it where they came from.
///
/// 1. Only a 401, and only for the navigation of a browser: `GET` with `text/html` in `Accept`. The answer is 303
///    ([RFC 9110, 15.4.4](https://www.rfc-editor.org/rfc/rfc9110#section-15.4.4)).
/// 2. A request of htmx keeps its 401 and gets `HX-Redirect`, which htmx follows with the whole page.
/// 3. Everything else, and every other status, is answered in the form given to [`otherwise`](Self::otherwise): JSON
///    unless told differently. An outage never looks like a sign-out.
/// 4. The return path is the request's own path and query, relative to the same origin; with htmx, that of the page.
///    One that a browser could read as another site (`//evil`, `/\evil`) is left out.
/// 5. The sign-in page itself is never redirected to itself: it has to be outside of
///    [`SessionAuth`](crate::SessionAuth), and the log says so. Where the page is given as a URL, this goes by the host
///    that the request names.
///
/// # Examples
///
/// ```
/// use tower_better_auth::{BetterAuth, SessionAuth, rejection::RedirectToSignIn};
///
/// let auth = BetterAuth::new("http://localhost:3000")?;
/// // GET /settings becomes 303 See Other to /sign-in?next=/settings.
/// let layer = SessionAuth::new(auth).redirect_to_sign_in(RedirectToSignIn::at("/sign-in").parameter("next"));
/// # Ok::<_, tower_better_auth::ConfigError>(())
/// ```
#[must_use]
pub struct RedirectToSignIn {
    page: String,
    parameter: String,
    otherwise: Box<Respond>,
}

impl RedirectToSignIn {
    /// The query parameter for the return path, unless another is given.
    pub const PARAMETER: &'static str = "redirect_to";

    /// Redirects to this page: a path, or a URL when the page is on another origin.
    ///
    /// One that is neither redirects nobody, and is logged as an error.
    pub fn at(page: impl Into<String>) -> Self {
        let page = page.into();
        if !is_address(&page) {
            observe::misconfigured(format_args!(
                "the sign-in page {page:?} is neither a path nor a URL: write it like `/sign-in`"
            ));
        }
        Self {
            page,
            parameter: Self::PARAMETER.to_owned(),
            otherwise: Box::new(json),
        }
    }

    /// The query parameter in which the sign-in page finds the return path. Defaults to `redirect_to`.
    ///
    /// The page has to check what it finds there: whoever writes a link can write the parameter.
    pub fn parameter(mut self, name: impl Into<String>) -> Self {
        self.parameter = name.into();
        self
    }

    /// The form of all answers that are no redirect. Defaults to [`json`](super::json()).
    pub fn otherwise<F, B>(mut self, form: F) -> Self
    where
        F: Fn(&Rejection, &RequestHead<'_>) -> Response<B> + Send + Sync + 'static,
        B: Into<Bytes>,
    {
        self.otherwise = respond::respond(form);
        self
    }

    fn target(&self, return_path: Option<&str>) -> Option<HeaderValue> {
        if !is_address(&self.page) {
            return None;
        }
        let target = match return_path {
            None => self.page.clone(),
            Some(path) => {
                let (page, fragment) = self.page.split_once('#').unwrap_or((&self.page, ""));
                let separator = if page.contains('?') { '&' } else { '?' };
                let path = utf8_percent_encode(path, QUERY_VALUE);
                let hash = if fragment.is_empty() { "" } else { "#" };
                format!("{page}{separator}{}={path}{hash}{fragment}", self.parameter)
            }
        };
        HeaderValue::from_str(&target).ok()
    }

    fn is_page(&self, request: &RequestHead<'_>) -> bool {
        let page = self.page.split(['?', '#']).next().unwrap_or_default();
        let (host, path) = match page.split_once("://") {
            Some((_, rest)) => rest.split_at(rest.find('/').unwrap_or(rest.len())),
            None => ("", page),
        };
        path.trim_end_matches('/') == request.uri().path().trim_end_matches('/')
            && (host.is_empty() || is_sent_to(host, request))
    }
}

impl RedirectToSignIn {
    pub(crate) fn respond(
        &self,
        rejection: &Rejection,
        request: &RequestHead<'_>,
    ) -> Response<Bytes> {
        let otherwise = || (self.otherwise)(rejection, request);
        let is_signed_out = match rejection.kind() {
            RejectionKind::Unauthenticated | RejectionKind::InvalidSession => true,
            RejectionKind::Forbidden
            | RejectionKind::SessionNotFound
            | RejectionKind::CrossSite
            | RejectionKind::Unavailable
            | RejectionKind::Misconfigured => false,
        };
        let Some(way) = Way::of(request).filter(|_| is_signed_out) else {
            return otherwise();
        };
        if self.is_page(request) {
            observe::misconfigured(format_args!(
                "the sign-in page {:?} asks for a session itself: take it out of `SessionAuth`",
                self.page
            ));
            return otherwise();
        }
        match (way, self.target(way.return_path(request).as_deref())) {
            (_, None) => otherwise(),
            (Way::Navigation, Some(target)) => {
                let mut response = Response::new(Bytes::new());
                *response.status_mut() = StatusCode::SEE_OTHER;
                response.headers_mut().insert(header::LOCATION, target);
                response
            }
            (Way::Htmx, Some(target)) => {
                let mut response = otherwise();
                response.headers_mut().insert(HX_REDIRECT, target);
                response
            }
        }
    }
}

impl From<&str> for RedirectToSignIn {
    fn from(page: &str) -> Self {
        Self::at(page)
    }
}

impl From<String> for RedirectToSignIn {
    fn from(page: String) -> Self {
        Self::at(page)
    }
}

/// HTTP/2 names the host in the target, HTTP/1.1 in a header.
fn is_sent_to(host: &str, request: &RequestHead<'_>) -> bool {
    let header = || Some(request.headers().get(header::HOST)?.as_bytes());
    let target = request.uri().authority();
    target
        .map(|authority| authority.as_str().as_bytes())
        .or_else(header)
        .is_some_and(|sent_to| sent_to.eq_ignore_ascii_case(host.as_bytes()))
}

/// A path of this origin, or a URL; in ASCII, as both are sent.
fn is_address(page: &str) -> bool {
    let is_path = page.starts_with('/') && !page[1..].starts_with(['/', '\\']);
    let scheme = page.split("://").next().unwrap_or_default();
    let is_url = scheme.len() < page.len()
        && (scheme.eq_ignore_ascii_case("https") || scheme.eq_ignore_ascii_case("http"));
    (is_path || is_url) && page.bytes().all(|byte| byte.is_ascii_graphic())
}

/// The ways in which a page comes to be shown.
#[derive(Clone, Copy)]
enum Way {
    Navigation,
    Htmx,
}

impl Way {
    fn of(request: &RequestHead<'_>) -> Option<Self> {
        let headers = request.headers();
        if headers.get(HX_REQUEST).is_some_and(|value| value == "true") {
            return Some(Self::Htmx);
        }
        let is_navigation = *request.method() == Method::GET && accepts_html(headers);
        is_navigation.then_some(Self::Navigation)
    }

    fn return_path(self, request: &RequestHead<'_>) -> Option<String> {
        match self {
            Self::Navigation => own_path(request.uri()),
            Self::Htmx => {
                let page = request.headers().get(HX_CURRENT_URL)?.to_str().ok()?;
                own_path(&page.parse().ok()?)
            }
        }
    }
}

/// Path and query, if no browser can take them for another site.
fn own_path(uri: &Uri) -> Option<String> {
    let path = uri.path_and_query()?.as_str();
    let is_own = path.starts_with('/')
        // Also not further on: `/.//evil` is `//evil` to whoever resolves the dot.
        && !uri.path().contains("//")
        && !path.contains(|character: char| character.is_ascii_control() || character == '\\');
    is_own.then(|| path.to_owned())
}

/// Whether `text/html` itself is asked for; `*/*` is what programs send.
fn accepts_html(headers: &HeaderMap) -> bool {
    headers
        .get_all(header::ACCEPT)
        .iter()
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(','))
        .any(is_wanted_html)
}

fn is_wanted_html(range: &str) -> bool {
    let mut parts = range.split(';').map(str::trim);
    let is_html = parts
        .next()
        .is_some_and(|media| media.eq_ignore_ascii_case("text/html"));
    let is_refused = parts.any(|parameter| {
        let quality = parameter
            .strip_prefix("q=")
            .or_else(|| parameter.strip_prefix("Q="));
        quality.is_some_and(|quality| !quality.parse().is_ok_and(|quality: f32| quality > 0.0))
    });
    is_html && !is_refused
}

impl std::fmt::Debug for RedirectToSignIn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RedirectToSignIn")
            .field("page", &self.page)
            .field("parameter", &self.parameter)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{rejection::respond::head, verdict::Verdict};

    const HTML: (&str, &str) = ("accept", "text/html,application/xhtml+xml,*/*;q=0.8");

    fn signed_out() -> Rejection {
        Rejection::unless_active(Verdict::SignedOut).unwrap_err()
    }

    /// Where the request is sent, if anywhere.
    fn location(
        form: &RedirectToSignIn,
        uri: &str,
        lines: &[(&'static str, &str)],
    ) -> Option<String> {
        let head = head(Method::GET, uri, lines);
        let response = form.respond(&signed_out(), &head.borrow());
        let location = response.headers().get(header::LOCATION)?;
        assert_eq!(response.status(), StatusCode::SEE_OTHER);
        Some(location.to_str().unwrap().to_owned())
    }

    #[test]
    fn only_a_page_navigation_is_redirected() {
        let form = RedirectToSignIn::at("/sign-in");
        let cases: [(&str, bool); 12] = [
            ("text/html", true),
            ("TEXT/HTML", true),
            ("application/json, text/html;q=0.1", true),
            ("text/html; charset=utf-8", true),
            ("*/*", false),
            ("application/json", false),
            ("text/html;q=0", false),
            ("text/html;q=0.0", false),
            ("text/html;q=x", false),
            ("text/htmlx", false),
            ("", false),
            ("text/*", false),
        ];
        for (accept, expected) in cases {
            assert_eq!(
                location(&form, "/a", &[("accept", accept)]).is_some(),
                expected,
                "{accept:?}"
            );
        }
        assert_eq!(location(&form, "/a", &[]), None);
        for method in [Method::POST, Method::HEAD, Method::PUT, Method::OPTIONS] {
            let head = head(method.clone(), "/a", &[HTML]);
            assert_eq!(
                form.respond(&signed_out(), &head.borrow()).status(),
                401,
                "{method}"
            );
        }
    }

    #[test]
    fn only_a_401_is_redirected() {
        let form = RedirectToSignIn::at("/sign-in");
        let retry_after = std::time::Duration::from_secs(1);
        let refused = |verdict| Rejection::unless_active(verdict).unwrap_err();
        for (rejection, status) in [
            (refused(Verdict::Anonymous), 303),
            (refused(Verdict::SignedOut), 303),
            (refused(Verdict::banned()), 403),
            (refused(Verdict::Unavailable { retry_after }), 503),
            (Rejection::misconfigured(), 500),
        ] {
            let head = head(Method::GET, "/a", &[HTML]);
            assert_eq!(
                form.respond(&rejection, &head.borrow()).status(),
                status,
                "{rejection}"
            );
        }
    }

    #[test]
    fn the_return_path_is_relative_to_the_same_origin_or_left_out() {
        let form = RedirectToSignIn::at("/sign-in");
        for (uri, expected) in [
            ("/settings", "/sign-in?redirect_to=/settings"),
            (
                "/a?b=c&d=%2F",
                "/sign-in?redirect_to=/a%3Fb%3Dc%26d%3D%252F",
            ),
            ("http://evil.example/a", "/sign-in?redirect_to=/a"),
            ("//evil.example/a", "/sign-in"),
            ("/.//evil.example/a", "/sign-in"),
            ("/a/..//evil.example", "/sign-in"),
            ("/a?b=//c", "/sign-in?redirect_to=/a%3Fb%3D//c"),
            (
                "/%09/evil.example",
                "/sign-in?redirect_to=/%2509/evil.example",
            ),
        ] {
            assert_eq!(
                location(&form, uri, &[HTML]).as_deref(),
                Some(expected),
                "{uri}"
            );
        }
    }

    #[test]
    fn the_page_may_have_a_query_a_fragment_and_another_origin() {
        for (page, expected) in [
            ("/in?x=1", "/in?x=1&redirect_to=/a"),
            ("/in#form", "/in?redirect_to=/a#form"),
            (
                "https://www.example.com/in",
                "https://www.example.com/in?redirect_to=/a",
            ),
        ] {
            let form = RedirectToSignIn::at(page);
            assert_eq!(
                location(&form, "/a", &[HTML]).as_deref(),
                Some(expected),
                "{page}"
            );
        }
        let form = RedirectToSignIn::at("/in").parameter("next");
        assert_eq!(
            location(&form, "/a", &[HTML]).as_deref(),
            Some("/in?next=/a")
        );
    }

    #[test]
    fn a_page_that_is_no_address_redirects_nobody() {
        for page in [
            "",
            "sign-in",
            "//evil.example",
            "/\\evil.example",
            "/connexión",
            "/a b",
            "javascript:x",
        ] {
            let form = RedirectToSignIn::at(page);
            assert_eq!(location(&form, "/a", &[HTML]), None, "{page:?}");
        }
    }

    #[test]
    fn the_sign_in_page_is_not_redirected_to_itself() {
        let form = RedirectToSignIn::at("/sign-in?theme=dark");
        for uri in ["/sign-in", "/sign-in/", "/sign-in?redirect_to=/a"] {
            assert_eq!(location(&form, uri, &[HTML]), None, "{uri}");
        }
    }

    #[test]
    fn htmx_keeps_the_status_and_is_told_where_to_go() {
        let form = RedirectToSignIn::at("/sign-in");
        for (current, expected) in [
            (
                Some("https://app.example.com/list?page=2"),
                "/sign-in?redirect_to=/list%3Fpage%3D2",
            ),
            (Some("https://app.example.com//evil.example"), "/sign-in"),
            (Some("no url at all"), "/sign-in"),
            (None, "/sign-in"),
        ] {
            let mut lines = vec![(HX_REQUEST, "true"), HTML];
            lines.extend(current.map(|url| (HX_CURRENT_URL, url)));
            let head = head(Method::POST, "/fragment", &lines);
            let response = form.respond(&signed_out(), &head.borrow());
            assert_eq!(response.status(), 401);
            assert_eq!(response.headers()[HX_REDIRECT], expected, "{current:?}");
        }
    }

    #[test]
    fn what_is_no_redirect_has_the_form_of_choice() {
        let form = RedirectToSignIn::at("/sign-in").otherwise(super::super::problem);
        let head = head(Method::POST, "/a", &[]);
        let response = form.respond(&signed_out(), &head.borrow());
        assert_eq!(
            response.headers()[header::CONTENT_TYPE],
            "application/problem+json"
        );
    }
}
