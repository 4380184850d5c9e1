//! What a fault makes of the right answer.

use std::{future::pending, io};

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use serde_json::json;

use super::{
    Fault,
    answer::{self, NoAnswer, Script},
    gzip::gzip,
};

/// By how much an answer that is too large is too large for every `max_body` in use: a megabyte of blanks.
const TOO_MUCH: usize = 1 << 20;

impl Fault {
    /// What comes in place of the right answer.
    pub(super) async fn spoil(
        self,
        answer: Response<Script>,
    ) -> Result<Response<Script>, NoAnswer> {
        match self {
            Self::Refused => Err(io::ErrorKind::ConnectionRefused.into()),
            Self::Disconnect => Err(io::ErrorKind::UnexpectedEof.into()),
            Self::Reset => Err(io::ErrorKind::ConnectionReset.into()),
            Self::Hang => pending().await,
            Self::Raw(bytes) => Err(NoAnswer::Raw(bytes)),
            Self::Drip => Ok(answer.map(Script::drip)),
            Self::CutOff => Ok(answer.map(Script::cut_off)),
            Self::Oversize => Ok(answer.map(|body| {
                body.replaced(|bytes| [bytes, &b" ".repeat(TOO_MUCH)].concat().into())
            })),
            Self::Compressed => {
                let mut answer = answer.map(|body| body.replaced(gzip));
                let gzip = HeaderValue::from_static("gzip");
                answer.headers_mut().insert(header::CONTENT_ENCODING, gzip);
                Ok(answer)
            }
            Self::ContentType(other) => Ok(declared(answer, other)),
            Self::DatabaseDown => Ok(answer::error(
                StatusCode::INTERNAL_SERVER_ERROR,
                "FAILED_TO_GET_SESSION",
                "Failed to get session",
            )),
            Self::RateLimited { retry_after } => {
                let body = json!({"message": "Too many requests. Please try again later."});
                let mut response = answer::json(StatusCode::TOO_MANY_REQUESTS, &body);
                let seconds = HeaderValue::from(retry_after.as_secs());
                response.headers_mut().insert("x-retry-after", seconds);
                Ok(response)
            }
            Self::Answer {
                status,
                content_type,
                body,
                headers,
            } => {
                let mut response = answer::with_body(status, Bytes::from(body));
                response.headers_mut().extend(headers);
                Ok(declared(response, content_type))
            }
        }
    }
}

fn declared(mut response: Response<Script>, content_type: &'static str) -> Response<Script> {
    let headers = response.headers_mut();
    headers.remove(header::CONTENT_TYPE);
    if !content_type.is_empty() {
        let content_type = HeaderValue::from_static(content_type);
        headers.insert(header::CONTENT_TYPE, content_type);
    }
    response
}
