//! Responses as Better Auth writes them, and what comes in their place.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use http_body::{Body, Frame};
use serde_json::{Value, json};
use tokio::time::{Interval, interval};

pub(super) fn json(status: StatusCode, body: &Value) -> Response<Script> {
    let mut response = with_body(status, Bytes::from(body.to_string()));
    let content_type = HeaderValue::from_static("application/json");
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, content_type);
    response
}

pub(super) fn error(status: StatusCode, code: &str, message: &str) -> Response<Script> {
    json(status, &json!({"message": message, "code": code}))
}

/// For whoever is not signed in, as far as the server can tell.
pub(super) fn unauthorized() -> Response<Script> {
    error(StatusCode::UNAUTHORIZED, "UNAUTHORIZED", "Unauthorized")
}

pub(super) fn invalid_body() -> Response<Script> {
    error(StatusCode::BAD_REQUEST, "VALIDATION_ERROR", "Invalid body")
}

/// What Better Auth answers for a path or method that it does not know.
pub(super) fn empty(status: StatusCode) -> Response<Script> {
    with_body(status, Bytes::new())
}

pub(super) fn with_body(status: StatusCode, body: Bytes) -> Response<Script> {
    let mut response = Response::new(Script::whole(body));
    *response.status_mut() = status;
    response
}

pub(super) fn with_cookies(
    mut response: Response<Script>,
    lines: impl IntoIterator<Item = HeaderValue>,
) -> Response<Script> {
    for line in lines {
        response.headers_mut().append(header::SET_COOKIE, line);
    }
    response
}

/// What comes in place of an answer, and ends the connection.
pub(super) enum NoAnswer {
    /// Nothing but that end, which can be a reset.
    End(io::ErrorKind),
    /// These bytes.
    Raw(Bytes),
}

impl From<io::ErrorKind> for NoAnswer {
    fn from(end: io::ErrorKind) -> Self {
        Self::End(end)
    }
}

/// A body that is sent in one of the ways in which bodies are sent.
pub(super) struct Script {
    rest: Bytes,
    pace: Pace,
}

enum Pace {
    Whole,
    ThenClose,
    Drip(Interval),
}

impl Script {
    pub(super) fn whole(rest: Bytes) -> Self {
        let pace = Pace::Whole;
        Self { rest, pace }
    }

    /// This much, and then the end of the connection.
    pub(super) fn broken(rest: Bytes) -> Self {
        let pace = Pace::ThenClose;
        Self { rest, pace }
    }

    pub(super) fn replaced(mut self, replace: impl FnOnce(&[u8]) -> Bytes) -> Self {
        self.rest = replace(&self.rest);
        self
    }

    pub(super) fn cut_off(mut self) -> Self {
        self.rest.truncate(self.rest.len() / 2);
        Self::broken(self.rest)
    }

    pub(super) fn drip(mut self) -> Self {
        self.pace = Pace::Drip(interval(Duration::from_secs(1)));
        self
    }
}

impl Body for Script {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let is_over = self.rest.is_empty();
        let length = match &mut self.pace {
            Pace::ThenClose if is_over => {
                return Poll::Ready(Some(Err(io::ErrorKind::UnexpectedEof.into())));
            }
            _ if is_over => return Poll::Ready(None),
            Pace::Whole | Pace::ThenClose => self.rest.len(),
            Pace::Drip(clock) => {
                ready!(clock.poll_tick(cx));
                1
            }
        };
        Poll::Ready(Some(Ok(Frame::data(self.rest.split_to(length)))))
    }
}
