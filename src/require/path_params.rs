//! The parameters of the route that axum dispatched to, which it keeps in the request's extensions.

use std::{
    mem,
    pin::pin,
    task::{Context, Poll, Waker},
};

use axum::extract::{FromRequestParts, MatchedPath, RawPathParams};
use http::{Extensions, Request};

/// Why there is no value. Only the last is the client's doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum ParamError {
    #[error("has no such parameter")]
    Missing,
    #[error("has it twice: name the parameters of nested routers differently")]
    Doubled,
    #[error("has it as a wildcard, which takes in slashes: use `{{name}}`")]
    Wildcard,
    #[error("was called with a path that does not decode")]
    Undecodable,
}

/// The parameters of the route that axum dispatched to.
pub(super) struct Params(Source);

enum Source {
    Axum {
        values: RawPathParams,
        /// The path that the router matched, with its wildcards.
        route: Option<MatchedPath>,
    },
    #[cfg(feature = "testing")]
    MadeUp(Vec<(String, String)>),
}

impl Params {
    #[cfg(feature = "testing")]
    pub(super) fn made_up(params: Vec<(String, String)>) -> Self {
        Self(Source::MadeUp(params))
    }

    pub(super) fn get(&self, name: &str) -> Result<&str, ParamError> {
        match &self.0 {
            Source::Axum { values, route } => {
                let value = only(values.iter(), name)?;
                match route {
                    Some(route) if has_wildcard(route.as_str(), name) => Err(ParamError::Wildcard),
                    _ => Ok(value),
                }
            }
            #[cfg(feature = "testing")]
            Source::MadeUp(params) => {
                only(params.iter().map(|(key, value)| (&**key, &**value)), name)
            }
        }
    }
}

fn only<'a>(
    params: impl Iterator<Item = (&'a str, &'a str)>,
    name: &str,
) -> Result<&'a str, ParamError> {
    let mut values = params.filter(|(key, _)| *key == name);
    match (values.next(), values.next()) {
        (None, _) => Err(ParamError::Missing),
        (Some(_), Some(_)) => Err(ParamError::Doubled),
        (Some((_, value)), None) => Ok(value),
    }
}

fn has_wildcard(route: &str, name: &str) -> bool {
    let wildcard = |segment: &str| {
        let inner = segment.strip_prefix("{*")?.strip_suffix('}')?;
        Some(inner == name)
    };
    route
        .split('/')
        .any(|segment| wildcard(segment) == Some(true))
}

pub(super) fn read(extensions: &mut Extensions) -> Result<Params, ParamError> {
    let (mut parts, ()) = Request::new(()).into_parts();
    mem::swap(&mut parts.extensions, extensions);
    let route = parts.extensions.get().cloned();
    let values = now(RawPathParams::from_request_parts(&mut parts, &()));
    mem::swap(&mut parts.extensions, extensions);
    match values {
        Some(Ok(values)) => Ok(Params(Source::Axum { values, route })),
        Some(Err(_)) => Err(ParamError::Undecodable),
        None => Err(ParamError::Missing),
    }
}

/// axum's extractor is `async` in form only.
fn now<F: Future>(future: F) -> Option<F::Output> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    }
}

#[cfg(test)]
mod tests {
    use axum::{
        Router,
        body::{Body, to_bytes},
        routing::get,
    };
    use tower::ServiceExt;

    use super::*;

    /// What `name` is on the route when the path is asked for, as `Debug` writes it.
    async fn found(route: &str, path: &str, name: &'static str) -> String {
        let handler = move |mut request: Request<Body>| async move {
            let params = read(request.extensions_mut());
            let value = params
                .as_ref()
                .map_err(|error| *error)
                .and_then(|params| params.get(name));
            format!("{value:?}")
        };
        let app = Router::new().route(route, get(handler));
        let request = Request::get(path).body(Body::empty()).unwrap();
        let response = app.oneshot(request).await.unwrap();
        let text = to_bytes(response.into_body(), 1000).await.unwrap();
        String::from_utf8(text.to_vec()).unwrap()
    }

    #[tokio::test]
    async fn a_parameter_is_decoded_once_and_a_wildcard_is_none() {
        for (route, path, name, expected) in [
            ("/{id}", "/7", "id", "Ok(\"7\")"),
            ("/{id}", "/%2537", "id", "Ok(\"%37\")"),
            ("/{id}", "/7", "other", "Err(Missing)"),
            ("/{id}", "/%FF", "id", "Err(Undecodable)"),
            ("/{*id}", "/7", "id", "Err(Wildcard)"),
            ("/{id}/{*rest}", "/7/8", "id", "Ok(\"7\")"),
            ("/{id}/{*rest}", "/7/8", "rest", "Err(Wildcard)"),
            ("/a", "/a", "id", "Err(Missing)"),
        ] {
            assert_eq!(
                found(route, path, name).await,
                expected,
                "{name} of {route}"
            );
        }
    }

    #[test]
    fn a_parameter_that_comes_twice_is_none() {
        let params = [("id", "7"), ("a", "1"), ("id", "7")];
        let get = |name| only(params.into_iter(), name);
        assert_eq!(get("id"), Err(ParamError::Doubled));
        assert_eq!(get("a"), Ok("1"));
        assert_eq!(get("b"), Err(ParamError::Missing));
    }
}
