//! The extensions of a request, for as long as guards look at it.

#[cfg(feature = "axum")]
use std::cell::OnceCell;
use std::{cell::RefCell, mem, time::SystemTime};

use http::{Extensions, Request};

#[cfg(feature = "axum")]
use super::path_params::{self, ParamError, Params};
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

    /// As if axum had dispatched to a route with these parameters.
    #[cfg(all(feature = "testing", feature = "axum"))]
    pub(super) fn made_up(extensions: Extensions, params: Vec<(String, String)>) -> Self {
        Self {
            extensions: RefCell::new(extensions),
            params: OnceCell::from(Ok(Params::made_up(params))),
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

    /// The time by the clock of the handle that gave the verdict.
    pub(super) fn now(&self) -> SystemTime {
        let extensions = self.extensions.borrow();
        extensions
            .get()
            .map_or_else(SystemTime::now, Checkpoint::now)
    }

    pub(super) fn is_live(&self) -> bool {
        let extensions = self.extensions.borrow();
        extensions.get().is_some_and(Checkpoint::is_live)
    }

    #[cfg(feature = "axum")]
    pub(super) fn param(&self, name: &str) -> Result<&str, ParamError> {
        let params = self
            .params
            .get_or_init(|| path_params::read(&mut self.extensions.borrow_mut()));
        params.as_ref().map_err(|error| *error)?.get(name)
    }
}
