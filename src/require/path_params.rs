//! The parameters of the route that axum dispatched to, read when a guard asks for one.

use std::{
    cell::{OnceCell, RefCell},
    mem,
    pin::pin,
    task::{Context, Poll, Waker},
};

use axum::extract::{FromRequestParts, MatchedPath, RawPathParams};
use http::{Extensions, Request};

/// Takes the extensions of a request, where axum keeps the parameters, for as long as guards run.
pub(super) struct PathParams {
    extensions: RefCell<Extensions>,
    read: OnceCell<Result<Params, ParamError>>,
}

struct Params {
    /// The path that the router matched, with its wildcards.
    route: Option<MatchedPath>,
    values: RawPathParams,
}

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

impl PathParams {
    pub(super) fn take_from<B>(request: &mut Request<B>) -> Self {
        Self {
            extensions: RefCell::new(mem::take(request.extensions_mut())),
            read: OnceCell::new(),
        }
    }

    pub(super) fn give_back_to<B>(self, request: &mut Request<B>) {
        *request.extensions_mut() = self.extensions.into_inner();
    }

    pub(super) fn get(&self, name: &str) -> Result<&str, ParamError> {
        let params = self
            .read
            .get_or_init(|| read(&mut self.extensions.borrow_mut()));
        params.as_ref().map_err(|error| *error)?.get(name)
    }
}

impl Params {
    fn get(&self, name: &str) -> Result<&str, ParamError> {
        let mut values = self.values.iter().filter(|(key, _)| *key == name);
        match (values.next(), values.next()) {
            (None, _) => Err(ParamError::Missing),
            (Some(_), Some(_)) => Err(ParamError::Doubled),
            (Some(_), None) if self.is_wildcard(name) => Err(ParamError::Wildcard),
            (Some((_, value)), None) => Ok(value),
        }
    }

    fn is_wildcard(&self, name: &str) -> bool {
        let Some(route) = &self.route else {
            return false;
        };
        route.as_str().split('/').any(|segment| {
            segment
                .strip_prefix("{*")
                .and_then(|rest| rest.strip_suffix('}'))
                .is_some_and(|wildcard| wildcard == name)
        })
    }
}

fn read(extensions: &mut Extensions) -> Result<Params, ParamError> {
    let (mut parts, ()) = Request::new(()).into_parts();
    mem::swap(&mut parts.extensions, extensions);
    let route = parts.extensions.get().cloned();
    let values = now(RawPathParams::from_request_parts(&mut parts, &()));
    mem::swap(&mut parts.extensions, extensions);
    match values {
        Some(Ok(values)) => Ok(Params { route, values }),
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
