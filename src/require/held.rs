//! The extensions of a request, for as long as guards look at it; and the parameters of the route that axum dispatched
//! to, which it keeps there.

#[cfg(feature = "axum")]
use std::{
    cell::OnceCell,
    pin::pin,
    task::{Context, Poll, Waker},
};
use std::{cell::RefCell, mem};

#[cfg(feature = "axum")]
use axum::extract::{FromRequestParts, MatchedPath, RawPathParams};
use http::{Extensions, Request};

use crate::{
    question::{Question, Reply},
    verdict::Checkpoint,
};

/// Takes the extensions out of a request, because axum's extractor wants to own them for a moment.
#[derive(Default)]
pub(super) struct Held {
    extensions: RefCell<Extensions>,
    #[cfg(feature = "axum")]
    params: OnceCell<Result<Params, ParamError>>,
}

impl Held {
    pub(super) fn take_from<B>(request: &mut Request<B>) -> Self {
        Self {
            extensions: RefCell::new(mem::take(request.extensions_mut())),
            #[cfg(feature = "axum")]
            params: OnceCell::new(),
        }
    }

    pub(super) fn give_back_to<B>(self, request: &mut Request<B>) {
        *request.extensions_mut() = self.extensions.into_inner();
    }

    pub(super) fn extension<T: Clone + Send + Sync + 'static>(&self) -> Option<T> {
        self.extensions.borrow().get().cloned()
    }

    pub(super) fn reply(&self, question: &Question) -> Option<Reply> {
        let extensions = self.extensions.borrow();
        extensions.get::<Checkpoint>()?.reply(question).cloned()
    }

    pub(super) fn is_live(&self) -> bool {
        let extensions = self.extensions.borrow();
        extensions.get().is_some_and(Checkpoint::is_live)
    }

    #[cfg(feature = "axum")]
    pub(super) fn param(&self, name: &str) -> Result<&str, ParamError> {
        let params = self
            .params
            .get_or_init(|| read(&mut self.extensions.borrow_mut()));
        params.as_ref().map_err(|error| *error)?.get(name)
    }
}

#[cfg(feature = "axum")]
struct Params {
    /// The path that the router matched, with its wildcards.
    route: Option<MatchedPath>,
    values: RawPathParams,
}

/// Why there is no value. Only the last is the client's doing.
#[cfg(feature = "axum")]
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

#[cfg(feature = "axum")]
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

#[cfg(feature = "axum")]
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
#[cfg(feature = "axum")]
fn now<F: Future>(future: F) -> Option<F::Output> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    }
}
