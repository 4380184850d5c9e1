//! Whether a request may have been made by another site. Synchronous, and copies three headers at most.

use std::{
    convert::Infallible,
    future::{Future, Ready, ready},
    pin::pin,
    task::{Context, Poll, Waker},
};

use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, Uri, header};
use tower_http::csrf::{CsrfLayer, ProtectionError};
use tower_layer::Layer;
use tower_service::Service;

use crate::{credential::is_bearer, upgrade::is_to_websocket};

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// What the decision goes by, beside method and URI.
const TELLING: [HeaderName; 3] = [header::HOST, header::ORIGIN, SEC_FETCH_SITE];

/// Which requests pass.
#[derive(Clone, Debug)]
pub(super) struct Rules {
    csrf: CsrfLayer<fn(ProtectionError) -> Response<Verdict>>,
    bearer: Bearer,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Bearer {
    LookedAt,
    Exempt,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Pass,
    CrossSite,
}

impl Rules {
    pub(super) fn new() -> Self {
        Self {
            csrf: CsrfLayer::new().with_rejection_response(|_| Response::new(Verdict::CrossSite)),
            bearer: Bearer::LookedAt,
        }
    }

    /// `None` if it is no origin.
    pub(super) fn trust(&self, origin: &HeaderValue) -> Option<Self> {
        let csrf = self.csrf.clone();
        let csrf = csrf.add_trusted_origin(origin.to_str().ok()?).ok()?;
        Some(Self { csrf, ..*self })
    }

    pub(super) fn exempt_bearer(self) -> Self {
        Self {
            bearer: Bearer::Exempt,
            ..self
        }
    }

    pub(super) fn admit(&self, method: &Method, uri: &Uri, headers: &HeaderMap) -> bool {
        let is_safe = matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS);
        // Over HTTP/2 it is a `CONNECT`, which is looked at anyway.
        let is_handshake = is_safe && is_to_websocket(headers);
        if is_safe && !is_handshake {
            return true;
        }
        if !is_handshake && self.bearer == Bearer::Exempt && is_bearer_alone(headers) {
            return true;
        }
        let comes_twice = |name: &HeaderName| headers.get_all(name).iter().nth(1).is_some();
        if comes_twice(&header::ORIGIN) || comes_twice(&SEC_FETCH_SITE) {
            return false;
        }
        let mut probe = Request::new(());
        // Of the safe methods, only a handshake comes here.
        *probe.method_mut() = if is_safe {
            Method::POST
        } else {
            method.clone()
        };
        *probe.uri_mut() = uri.clone();
        for name in TELLING {
            if let Some(value) = headers.get(&name) {
                probe.headers_mut().insert(name, value.clone());
            }
        }
        self.ask(probe) == Verdict::Pass
    }

    /// The middleware decides at once, so nothing has to wait for it.
    fn ask(&self, probe: Request<()>) -> Verdict {
        let answer = pin!(self.csrf.layer(Pass).call(probe));
        match answer.poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(Ok(response)) => *response.body(),
            Poll::Pending => Verdict::CrossSite,
        }
    }
}

/// What stands behind the middleware: whatever it lets through passes.
struct Pass;

impl Service<Request<()>> for Pass {
    type Response = Response<Verdict>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<()>) -> Self::Future {
        ready(Ok(Response::new(Verdict::Pass)))
    }
}

/// Browsers add cookies, and passwords of `Basic`, by themselves.
fn is_bearer_alone(headers: &HeaderMap) -> bool {
    let mut lines = headers.get_all(header::AUTHORIZATION).iter();
    let is_bearer = lines.next().is_some_and(|line| is_bearer(line.as_bytes()));
    is_bearer && lines.next().is_none() && !headers.contains_key(header::COOKIE)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOST: (&str, &str) = ("host", "app.example");
    const WEBSOCKET: (&str, &str) = ("upgrade", "websocket");

    fn rules() -> Rules {
        let trusted = HeaderValue::from_static("https://friend.example:8443");
        Rules::new().trust(&trusted).unwrap()
    }

    fn admits(rules: &Rules, method: &str, uri: &str, lines: &[(&str, &str)]) -> bool {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
            headers.append(name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        rules.admit(&method.parse().unwrap(), &uri.parse().unwrap(), &headers)
    }

    /// The same table for all that is looked at: unsafe methods, and the handshake of a WebSocket.
    #[allow(clippy::too_many_lines)]
    #[test]
    fn where_a_request_comes_from_decides() {
        let table: &[(&[(&str, &str)], bool)] = &[
            (&[], true),
            (&[("sec-fetch-site", "same-origin")], true),
            (&[("sec-fetch-site", "none")], true),
            (&[("sec-fetch-site", "same-site")], false),
            (&[("sec-fetch-site", "cross-site")], false),
            (&[("sec-fetch-site", "unknown")], false),
            (&[("sec-fetch-site", "Same-Origin")], false),
            (&[("sec-fetch-site", "same-origin, none")], false),
            (
                &[
                    ("sec-fetch-site", "same-origin"),
                    ("sec-fetch-site", "same-origin"),
                ],
                false,
            ),
            (
                &[
                    ("sec-fetch-site", "same-origin"),
                    ("sec-fetch-site", "cross-site"),
                ],
                false,
            ),
            // Sent, and says nothing.
            (&[("sec-fetch-site", "")], true),
            (
                &[("sec-fetch-site", ""), ("origin", "https://evil.example")],
                false,
            ),
            // What the browser says about the site counts more than an origin that fits.
            (
                &[
                    ("sec-fetch-site", "cross-site"),
                    ("origin", "https://app.example"),
                ],
                false,
            ),
            (
                &[
                    ("sec-fetch-site", "cross-site"),
                    ("origin", "https://friend.example:8443"),
                ],
                true,
            ),
            (
                &[
                    ("sec-fetch-site", "same-site"),
                    ("origin", "https://friend.example:8443"),
                ],
                true,
            ),
            (
                &[
                    ("sec-fetch-site", "same-origin"),
                    ("origin", "https://app.example"),
                ],
                true,
            ),
            (&[("origin", "https://app.example")], true),
            (&[("origin", "http://app.example")], true),
            (&[("origin", "https://friend.example:8443")], true),
            (&[("origin", "")], true),
            (&[("origin", "null")], false),
            (&[("origin", "https://evil.example")], false),
            (&[("origin", "https://app.example:8443")], false),
            (&[("origin", "https://app.example.")], false),
            (&[("origin", "https://app.example.evil.example")], false),
            (&[("origin", "https://evil.example/app.example")], false),
            (&[("origin", "https://app.example@evil.example")], false),
            (&[("origin", "https://sub.app.example")], false),
            (&[("origin", "https://friend.example")], false),
            (&[("origin", "https://friend.example:8443/")], false),
            (&[("origin", "http://friend.example:8443")], false),
            (&[("origin", "file://app.example")], false),
            (&[("origin", "app.example")], false),
            (&[("origin", "\u{e9}")], false),
            (
                &[
                    ("origin", "https://app.example"),
                    ("origin", "https://evil.example"),
                ],
                false,
            ),
            (
                &[
                    ("origin", "https://app.example"),
                    ("origin", "https://app.example"),
                ],
                false,
            ),
            (
                &[("origin", "https://app.example https://evil.example")],
                false,
            ),
        ];
        for (lines, expected) in table {
            for method in ["POST", "PUT", "PATCH", "DELETE", "TRACE", "CONNECT", "BREW"] {
                let lines = [&[HOST], *lines].concat();
                assert_eq!(
                    admits(&rules(), method, "/", &lines),
                    *expected,
                    "{method} {lines:?}"
                );
            }
            let handshake = [&[HOST, WEBSOCKET], *lines].concat();
            assert_eq!(
                admits(&rules(), "GET", "/", &handshake),
                *expected,
                "{handshake:?}"
            );
            for method in ["GET", "HEAD", "OPTIONS"] {
                let lines = [&[HOST], *lines].concat();
                assert!(admits(&rules(), method, "/", &lines), "{method} {lines:?}");
            }
        }
    }

    #[test]
    fn the_host_is_that_of_the_target_where_it_has_one() {
        let origin = ("origin", "https://app.example");
        let evil = ("host", "evil.example");
        assert!(admits(&rules(), "POST", "https://app.example/", &[origin]));
        assert!(admits(
            &rules(),
            "POST",
            "https://app.example/",
            &[origin, evil]
        ));
        assert!(!admits(
            &rules(),
            "POST",
            "https://evil.example/",
            &[origin, HOST]
        ));
        assert!(!admits(&rules(), "POST", "/", &[origin]));
        assert!(admits(
            &rules(),
            "POST",
            "/",
            &[
                ("origin", "http://localhost:8080"),
                ("host", "localhost:8080")
            ]
        ));
        assert!(!admits(
            &rules(),
            "POST",
            "/",
            &[
                ("origin", "http://localhost:8080"),
                ("host", "localhost:80")
            ]
        ));
        assert!(admits(
            &rules(),
            "POST",
            "/",
            &[("origin", "http://[::1]:8080"), ("host", "[::1]:8080")]
        ));
    }

    #[test]
    fn a_handshake_is_found_however_it_is_written() {
        let evil = ("origin", "https://evil.example");
        for upgrade in ["websocket", "WebSocket", "h2c, websocket", " websocket "] {
            assert!(
                !admits(&rules(), "GET", "/", &[HOST, evil, ("upgrade", upgrade)]),
                "{upgrade}"
            );
        }
        assert!(!admits(
            &rules(),
            "GET",
            "/",
            &[HOST, evil, ("upgrade", "h2c"), ("upgrade", "websocket")]
        ));
        for upgrade in ["h2c", "websockets", ""] {
            assert!(
                admits(&rules(), "GET", "/", &[HOST, evil, ("upgrade", upgrade)]),
                "{upgrade}"
            );
        }
    }

    #[test]
    fn a_bearer_token_alone_is_exempt_only_by_choice() {
        let evil = ("origin", "https://evil.example");
        let bearer = ("authorization", "Bearer t");
        for (lines, expected) in [
            (&[bearer][..], true),
            (&[("authorization", "bearer t")], true),
            (&[bearer, ("cookie", "theme=dark")], false),
            (&[bearer, ("cookie", "")], false),
            (&[bearer, bearer], false),
            (&[("authorization", "Basic eDp5")], false),
            (&[("authorization", "Bearer ")], false),
            (&[("x-api-key", "k")], false),
            (&[], false),
        ] {
            let lines = [&[HOST, evil], lines].concat();
            assert!(!admits(&rules(), "POST", "/", &lines), "{lines:?}");
            let exempt = rules().exempt_bearer();
            assert_eq!(admits(&exempt, "POST", "/", &lines), expected, "{lines:?}");
            let handshake = [&[WEBSOCKET], &*lines].concat();
            assert!(!admits(&exempt, "GET", "/", &handshake), "{lines:?}");
        }
        // What was trusted before stays so.
        let friend = ("origin", "https://friend.example:8443");
        assert!(admits(
            &rules().exempt_bearer(),
            "POST",
            "/",
            &[HOST, friend]
        ));
    }
}
