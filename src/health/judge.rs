//! What answers to nobody say about an auth server. Pure functions over statuses, headers and bodies.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::{HeaderMap, Response, StatusCode, Uri, header};
use serde_json::Value;

use super::{
    CheckError,
    CheckErrorKind::{
        self, AdmitsAnybody, Gateway, Path, Redirect, ServerError, Tls, UnexpectedAnswer,
        Unreachable,
    },
};
use crate::client::{
    Answer, Asked, Cause, Decoder, PASS_THE_GATEWAY, Unavailable, Unreached, root_cause,
};

/// What the session check answered to somebody who shows nothing.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Seen {
    SignedOut,
    /// 401 with JSON: a route of the application's own may say so, and a gateway as well.
    Unauthorized,
    RateLimited,
    /// What Better Auth never says at its own path, so that the path is in doubt. Reads on after the URL.
    Stranger(String),
    /// 400, with what may be wrong if it is Better Auth that says so.
    BadRequest(&'static str),
    /// Nothing further to find out. What is wrong and the fix, to be read on after the URL.
    Wrong(CheckErrorKind, String),
}

/// Where `/ok` answers as Better Auth's does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Base {
    Configured,
    /// Not looked at, or refused by something in front.
    Refused,
    At(&'static str),
    Nowhere,
}

pub(super) fn see(answer: Result<&Response<Bytes>, &Cause>, url: &str, decoder: &Decoder) -> Seen {
    match answer {
        Ok(response) => match decoder.read_for_nobody(response) {
            Ok(Answer::Active(_)) => Seen::Wrong(
                AdmitsAnybody,
                "gives a session to a request that shows none, so that everybody would be signed in: let that route answer \
                 `null` without a session cookie, or correct `session_path` and `decode_with`"
                    .to_owned(),
            ),
            Ok(Answer::SignedOut) if response.status() == StatusCode::UNAUTHORIZED => Seen::Unauthorized,
            Ok(Answer::SignedOut) => Seen::SignedOut,
            Err(unavailable) => unreadable(&unavailable, response.headers(), url),
        },
        Err(cause) => unreached(cause, url),
    }
}

/// An answer, and no verdict.
fn unreadable(unavailable: &Unavailable, headers: &HeaderMap, url: &str) -> Seen {
    match &unavailable.cause {
        Cause::Status(status) | Cause::NotJson(status) => match *status {
            StatusCode::TOO_MANY_REQUESTS => Seen::RateLimited,
            status if is_refusal(status) => {
                Seen::Wrong(Gateway, refused(&format!("answers {status}")))
            }
            status if status.is_server_error() => Seen::Wrong(
                ServerError,
                format!(
                    "answers {status}: look at the auth server's log; it or its database may not be up yet"
                ),
            ),
            status if status.is_redirection() => {
                let location = headers
                    .get(header::LOCATION)
                    .and_then(|it| it.to_str().ok());
                Seen::Wrong(Redirect, redirected(location, url))
            }
            StatusCode::BAD_REQUEST => {
                Seen::BadRequest(unavailable.fix(Asked::Session).unwrap_or_default())
            }
            StatusCode::OK => Seen::Stranger("answers with a page that is not JSON".to_owned()),
            status => Seen::Stranger(format!("answers {status}")),
        },
        cause => {
            let fix = unavailable
                .fix(Asked::Session)
                .unwrap_or("compare it with the auth server's");
            let message = format!(
                "answers 200 to a request without a session, and not with `null`: {cause}: {fix}"
            );
            Seen::Wrong(UnexpectedAnswer, message)
        }
    }
}

/// No answer, or none that could be read to its end.
fn unreached(cause: &Cause, url: &str) -> Seen {
    let scheme = url.split(':').next().unwrap_or_default();
    let (kind, message) = match cause {
        Cause::TooLarge { limit } => {
            return Seen::Stranger(format!("answers with more than {limit} bytes"));
        }
        Cause::HeadTooLarge => {
            return Seen::Stranger("answers with headers that are too large".to_owned());
        }
        #[cfg(feature = "reqwest")]
        Cause::Redirected => (
            Redirect,
            "redirects, and a redirect is never followed: give the auth server's own address, and `http_client` a client \
             that follows none"
                .to_owned(),
        ),
        Cause::Deadline(deadline) => (
            Unreachable,
            format!(
                "does not answer within {deadline:?}: look at the auth server, its database, and the firewalls on the way"
            ),
        ),
        Cause::Transport(_, error) => {
            let (why, unreached) = (root_cause(&**error), Unreached::of(&**error));
            let (kind, what) = match unreached {
                Unreached::Refused => (
                    Unreachable,
                    format!("cannot be reached, because nothing listens there ({why})"),
                ),
                Unreached::Name => (
                    Unreachable,
                    format!("cannot be reached, because its host name has no address ({why})"),
                ),
                Unreached::Tls => (Tls, format!("cannot be reached over TLS ({why})")),
                Unreached::Broken => (Unreachable, format!("cannot be reached ({why})")),
            };
            let look = format!("look at the way there; does that port speak `{scheme}`?");
            (kind, format!("{what}: {}", unreached.fix().unwrap_or(&look)))
        }
        cause => (Unreachable, format!("could not be asked: {cause}")),
    };
    Seen::Wrong(kind, message)
}

/// Whether it is what Better Auth's `/ok` answers.
pub(super) fn is_ok(response: &Response<Bytes>) -> bool {
    let body = serde_json::from_slice::<Value>(response.body());
    response.status() == StatusCode::OK
        && body.is_ok_and(|body| body.get("ok") == Some(&Value::Bool(true)))
}

pub(super) fn is_refusal(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::UNAUTHORIZED
            | StatusCode::FORBIDDEN
            | StatusCode::PROXY_AUTHENTICATION_REQUIRED
    )
}

/// Both together.
pub(super) fn conclude(
    seen: Seen,
    base: Base,
    url: &str,
    base_path: &str,
) -> Result<(), CheckError> {
    let (kind, message) = match (seen, base) {
        (Seen::Unauthorized, Base::Refused) => (
            Gateway,
            refused("answers 401 Unauthorized, and so does `/ok`"),
        ),
        (Seen::SignedOut | Seen::RateLimited | Seen::Unauthorized, _) => return Ok(()),
        (Seen::Wrong(kind, message), _) => (kind, message),
        (Seen::BadRequest(fix), Base::Configured) => (
            UnexpectedAnswer,
            format!(
                "answers 400 Bad Request, and `{base_path}/ok` answers as Better Auth does: {fix}"
            ),
        ),
        (Seen::BadRequest(_), base) => {
            let stranger = Seen::Stranger("answers 400 Bad Request".to_owned());
            return conclude(stranger, base, url, base_path);
        }
        (Seen::Stranger(what), Base::Refused) => (Gateway, refused(&what)),
        (Seen::Stranger(what), Base::Configured) => (
            Path,
            format!(
                "{what}, and `{base_path}/ok` answers as Better Auth does: correct `session_path`; Better Auth's own is \
                 `/get-session`"
            ),
        ),
        (Seen::Stranger(what), Base::At(path)) => (
            Path,
            format!(
                "{what}, and a Better Auth server answers at `{path}`: let the URL end with that path, or set `base_path` to it"
            ),
        ),
        (Seen::Stranger(what), Base::Nowhere) => (
            UnexpectedAnswer,
            format!(
                "{what}, and no Better Auth server answers at `{base_path}` or another usual base path: compare the URL, \
                 `base_path` and `session_path` with the auth server's"
            ),
        ),
    };
    Err(CheckError::new(kind, format!("{url} {message}")))
}

fn refused(what: &str) -> String {
    format!("{what}, which no Better Auth server does: {PASS_THE_GATEWAY}")
}

/// Says where to, without a query, which may hold a secret.
fn redirected(location: Option<&str>, url: &str) -> String {
    let (Some(to), Ok(asked)) = (location.and_then(target), url.parse::<Uri>()) else {
        return "redirects: give the auth server's own address, a redirect is never followed"
            .to_owned();
    };
    let (origin, path) = to;
    let shown = format!("{}{path}", origin.as_deref().unwrap_or_default());
    let fix = match origin {
        Some(origin)
            if path.trim_end_matches('/') == asked.path()
                && !url.starts_with(&format!("{origin}/")) =>
        {
            format!("give `{origin}` as the auth server's URL")
        }
        _ => "give the auth server's own address, and let this service reach it without signing in"
            .to_owned(),
    };
    format!("redirects to `{shown}`, and a redirect is never followed: {fix}")
}

/// The origin, where there is one, and the path.
fn target(location: &str) -> Option<(Option<String>, String)> {
    let uri: Uri = location.split('#').next()?.parse().ok()?;
    // A path without a slash in front is taken for a host.
    if uri.path().is_empty() {
        return None;
    }
    let port = uri
        .port_u16()
        .map(|port| format!(":{port}"))
        .unwrap_or_default();
    let origin = match (uri.scheme_str(), uri.host()) {
        (Some(scheme), Some(host)) => Some(format!("{scheme}://{host}{port}")),
        _ => None,
    };
    Some((origin, uri.path().to_owned()))
}

/// How far the `Date` of an answer is from `now`.
pub(super) fn clock_skew(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let date = headers.get(header::DATE)?.to_str().ok()?;
    let date = httpdate::parse_http_date(date).ok()?;
    let skew = now
        .duration_since(date)
        .unwrap_or_else(|error| error.duration());
    Some(Duration::from_secs(skew.as_secs()))
}
