//! An auth server in the same process: always one answer, and a record of every call.

use std::{
    convert::Infallible,
    future::{Ready, ready},
    sync::{Arc, Mutex},
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{Request, Response, StatusCode, header};
use http_body_util::Full;
use serde_json::Value;
use tower::Service;
use tower_better_auth::{BetterAuth, BetterAuthBuilder};

use super::answer;

/// A transport that answers at once and remembers what it was asked.
#[derive(Clone)]
pub(crate) struct Recorder {
    status: StatusCode,
    body: Bytes,
    calls: Arc<Mutex<Vec<Request<Bytes>>>>,
}

impl Recorder {
    pub(crate) fn answering(status: StatusCode, body: &Value) -> Self {
        Self {
            status,
            body: body.to_string().into(),
            calls: Arc::default(),
        }
    }

    pub(crate) fn signed_in() -> Self {
        Self::answering(StatusCode::OK, &answer::session())
    }

    /// Everybody is this user.
    pub(crate) fn signed_in_as(user: Value) -> Self {
        Self::answering(StatusCode::OK, &answer::session_of(user))
    }

    pub(crate) fn signed_out() -> Self {
        Self::answering(StatusCode::OK, &Value::Null)
    }

    pub(crate) fn unavailable() -> Self {
        Self::answering(StatusCode::INTERNAL_SERVER_ERROR, &Value::Null)
    }

    pub(crate) fn builder(&self) -> BetterAuthBuilder {
        BetterAuth::builder("http://localhost").transport(self.clone())
    }

    pub(crate) fn handle(&self) -> BetterAuth {
        self.builder().build().unwrap()
    }

    /// How often it was asked.
    pub(crate) fn count(&self) -> usize {
        self.calls.lock().unwrap().len()
    }

    /// Every call since the last time that somebody looked.
    pub(crate) fn take(&self) -> Vec<Request<Bytes>> {
        std::mem::take(&mut self.calls.lock().unwrap())
    }
}

impl Service<Request<Bytes>> for Recorder {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Bytes>) -> Self::Future {
        self.calls.lock().unwrap().push(request);
        let response = Response::builder()
            .status(self.status)
            .header(header::CONTENT_TYPE, "application/json")
            .body(Full::new(self.body.clone()));
        ready(Ok(response.unwrap()))
    }
}
