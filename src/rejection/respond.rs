//! How a rejection is put into words, chosen once on the layer.

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, Uri};

use super::Rejection;

/// A form: what [`SessionAuth::respond_with`](crate::SessionAuth::respond_with) was given.
pub(crate) type Respond = dyn Fn(&Rejection, &RequestHead<'_>) -> Response<Bytes> + Send + Sync;

/// Erases a closure, and the type of its body.
pub(crate) fn respond<F, B>(form: F) -> Box<Respond>
where
    F: Fn(&Rejection, &RequestHead<'_>) -> Response<B> + Send + Sync + 'static,
    B: Into<Bytes>,
{
    Box::new(move |rejection, request| form(rejection, request).map(Into::into))
}

/// The request that was refused, as it reached [`SessionAuth`](crate::SessionAuth), without its body.
#[derive(Clone, Copy, Debug)]
pub struct RequestHead<'a> {
    method: &'a Method,
    uri: &'a Uri,
    headers: &'a Redacted<HeaderMap>,
}

impl RequestHead<'_> {
    /// Its method.
    #[must_use]
    pub fn method(&self) -> &Method {
        self.method
    }

    /// Its URI; with axum the whole one, also inside `Router::nest`.
    #[must_use]
    pub fn uri(&self) -> &Uri {
        self.uri
    }

    /// Its headers, with credentials.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        &self.headers.0
    }
}

/// A copy of the head, for a rejection that comes after the request has gone on.
#[derive(Clone, Debug)]
pub(crate) struct KeptHead {
    method: Method,
    uri: Uri,
    headers: Redacted<HeaderMap>,
}

impl KeptHead {
    pub(crate) fn of<B>(request: &Request<B>) -> Self {
        Self {
            method: request.method().clone(),
            uri: whole_uri(request).clone(),
            headers: Redacted(request.headers().clone()),
        }
    }

    pub(crate) fn borrow(&self) -> RequestHead<'_> {
        RequestHead {
            method: &self.method,
            uri: &self.uri,
            headers: &self.headers,
        }
    }
}

/// `Router::nest` takes the prefix away, and keeps the whole aside.
#[cfg(feature = "axum")]
fn whole_uri<B>(request: &Request<B>) -> &Uri {
    let original = request.extensions().get::<axum::extract::OriginalUri>();
    original.map_or_else(|| request.uri(), |original| &original.0)
}

#[cfg(not(feature = "axum"))]
fn whole_uri<B>(request: &Request<B>) -> &Uri {
    request.uri()
}

/// Not shown by `Debug`.
#[derive(Clone)]
struct Redacted<T>(T);

impl<T> std::fmt::Debug for Redacted<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("…")
    }
}

#[cfg(test)]
pub(super) fn head(method: Method, uri: &str, lines: &[(&'static str, &str)]) -> KeptHead {
    let mut request = Request::new(());
    *request.method_mut() = method;
    *request.uri_mut() = uri.parse().unwrap();
    for (name, value) in lines {
        request.headers_mut().append(*name, value.parse().unwrap());
    }
    KeptHead::of(&request)
}
