//! A Better Auth server in this process, which answers as the cookie says.

use std::{
    convert::Infallible,
    future::{Ready, ready},
    sync::{
        Arc, LazyLock,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, Response, header};
use http_body_util::Full;
use tower::{Service, service_fn};
use tower_better_auth::{BetterAuth, BetterAuthBuilder, CircuitBreaker};

/// The cookie of one session. Numbers start at 0 for each kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cookie {
    /// Signed in, without the role `admin`.
    SignedIn(u64),
    /// Signed out, or never signed in.
    SignedOut(u64),
    /// The server fails to answer.
    Broken(u64),
}

impl Cookie {
    pub(crate) fn header(self) -> HeaderValue {
        let (kind, number) = match self {
            Self::SignedIn(number) => ('i', number),
            Self::SignedOut(number) => ('o', number),
            Self::Broken(number) => ('b', number),
        };
        // As long as a real one: 32 characters and a signature.
        let value = format!(
            "better-auth.session_token={kind}{number:031}.aZ09+aZ09+aZ09+aZ09+aZ09+aZ09+aZ09+aZ09%3D"
        );
        value.try_into().expect("it is ASCII")
    }

    pub(crate) fn headers(self) -> HeaderMap {
        HeaderMap::from_iter([(header::COOKIE, self.header())])
    }

    fn read(headers: &HeaderMap) -> Self {
        let value = headers[header::COOKIE].as_bytes();
        let value = value.strip_prefix(b"better-auth.session_token=");
        let value = value.expect("the session cookie and no other");
        let digits = std::str::from_utf8(&value[1..32]).expect("digits");
        let number = digits.parse().expect("digits");
        match value[0] {
            b'i' => Self::SignedIn(number),
            b'o' => Self::SignedOut(number),
            _ => Self::Broken(number),
        }
    }
}

/// How many calls have reached the server.
#[derive(Debug, Default)]
pub(crate) struct Calls {
    signed_in: AtomicU64,
    others: AtomicU64,
}

impl Calls {
    pub(crate) fn for_sessions(&self) -> u64 {
        self.signed_in.load(Ordering::Relaxed)
    }

    pub(crate) fn all(&self) -> u64 {
        self.for_sessions() + self.others.load(Ordering::Relaxed)
    }
}

/// A handle that asks this server.
///
/// The breaker is off and nothing is retried: with the cache on, hardly any call is left but those that fail, and they
/// would open it.
pub(crate) fn builder() -> (BetterAuthBuilder, Arc<Calls>) {
    let calls = Arc::new(Calls::default());
    let builder = BetterAuth::builder("http://auth.internal")
        .transport(server(Arc::clone(&calls)))
        .circuit_breaker(CircuitBreaker::off())
        .retries(0);
    (builder, calls)
}

type Answer = Result<Response<Full<Bytes>>, Infallible>;

fn server(
    calls: Arc<Calls>,
) -> impl Service<
    Request<Bytes>,
    Response = Response<Full<Bytes>>,
    Error = Infallible,
    Future = Ready<Answer>,
> + Clone
+ Send
+ 'static {
    service_fn(move |request: Request<Bytes>| {
        let cookie = Cookie::read(request.headers());
        let count = match cookie {
            Cookie::SignedIn(_) => &calls.signed_in,
            Cookie::SignedOut(_) | Cookie::Broken(_) => &calls.others,
        };
        count.fetch_add(1, Ordering::Relaxed);
        ready(Ok(answer(cookie)))
    })
}

fn answer(cookie: Cookie) -> Response<Full<Bytes>> {
    let (status, body) = match cookie {
        Cookie::SignedIn(number) => (200, session(number)),
        Cookie::SignedOut(_) => (200, "null".to_owned()),
        Cookie::Broken(_) => (500, String::new()),
    };
    let response = Response::builder()
        .status(status)
        .header(header::CONTENT_TYPE, "application/json");
    let body = Full::new(Bytes::from(body));
    response.body(body).expect("a response")
}

/// What Better Auth answers, with its admin plugin and one additional field.
pub(crate) fn session(number: u64) -> String {
    static EXPIRES_AT: LazyLock<String> = LazyLock::new(|| {
        let end = SystemTime::now() + Duration::from_secs(7 * 24 * 60 * 60);
        humantime::format_rfc3339_millis(end).to_string()
    });
    let expires_at = &*EXPIRES_AT;
    let user = user(number);
    format!(
        r#"{{"session":{{"expiresAt":"{expires_at}","token":"i{number:031}","createdAt":"2026-11-20T09:32:22.106Z","updatedAt":"2026-11-20T09:32:22.106Z","ipAddress":"203.0.113.7","userAgent":"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0","userId":"u{number:031}","impersonatedBy":null,"id":"s{number:031}"}},"user":{user}}}"#
    )
}

/// The `user` of [`session`].
pub(crate) fn user(number: u64) -> String {
    format!(
        r#"{{"name":"User {number}","email":"user{number}@example.com","emailVerified":true,"image":null,"createdAt":"2026-11-20T09:32:21.997Z","updatedAt":"2026-11-20T09:32:21.997Z","role":"user","banned":false,"banReason":null,"banExpires":null,"plan":"free","id":"u{number:031}"}}"#
    )
}
