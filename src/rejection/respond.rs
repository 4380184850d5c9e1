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
fn whole_uri<B>(request: &Request<B>) -> &Uri {
    #[cfg(feature = "axum")]
    if let Some(original) = request.extensions().get::<axum::extract::OriginalUri>() {
        return &original.0;
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_sees_the_request_as_it_came_in() {
        let mut request = Request::put("/b").body(()).unwrap();
        request
            .headers_mut()
            .insert("x-a", http::HeaderValue::from_static("1"));
        let kept = KeptHead::of(&request);
        let head = kept.borrow();
        assert_eq!((head.method(), head.uri().path()), (&Method::PUT, "/b"));
        assert_eq!(head.headers()["x-a"], "1");

        let original = axum::extract::OriginalUri(Uri::from_static("/a/b"));
        request.extensions_mut().insert(original);
        assert_eq!(KeptHead::of(&request).borrow().uri().path(), "/a/b");
    }

    #[test]
    fn no_credential_is_shown_by_debug() {
        let kept = head(Method::GET, "/a", &[("cookie", "s3cr3t")]);
        let shown = format!("{:?} {kept:?}", kept.borrow());
        assert_eq!(shown.matches("headers: …").count(), 2, "{shown}");
        assert!(!shown.contains("s3cr3t"), "{shown}");
    }
}
