use std::convert::Infallible;

use axum_core::response::{IntoResponseParts, ResponseParts};
use http::{HeaderMap, HeaderValue, header};

use crate::cookie::FOR_NOBODY_ELSE;

/// A session that is over at the auth server. From [`BetterAuth::sign_out`](crate::BetterAuth::sign_out).
///
/// The browser is to be told as well, or it goes on sending a cookie that means nothing: return it in front of a response,
/// or [add it](Self::add_to) to one.
///
/// # Examples
///
/// ```
/// use axum::response::Redirect;
/// use http::HeaderMap;
/// use tower_better_auth::{BetterAuth, Rejection, SignedOut};
///
/// async fn sign_out(auth: BetterAuth, headers: HeaderMap) -> Result<(SignedOut, Redirect), Rejection> {
///     Ok((auth.sign_out(&headers).await?, Redirect::to("/")))
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "the browser still has its cookies"]
pub struct SignedOut {
    pub(super) set_cookies: Vec<HeaderValue>,
}

impl SignedOut {
    /// The auth server's own `Set-Cookie` lines, in order and unmodified, as far as they delete cookies of the session.
    pub fn set_cookies(&self) -> impl Iterator<Item = &HeaderValue> {
        self.set_cookies.iter()
    }

    /// Adds the lines to the headers of a response, which is then for nobody else and in no cache.
    pub fn add_to(&self, headers: &mut HeaderMap) {
        for line in &self.set_cookies {
            headers.append(header::SET_COOKIE, line.clone());
        }
        headers.insert(header::CACHE_CONTROL, FOR_NOBODY_ELSE);
    }
}

impl IntoResponseParts for SignedOut {
    type Error = Infallible;

    fn into_response_parts(self, mut parts: ResponseParts) -> Result<ResponseParts, Infallible> {
        self.add_to(parts.headers_mut());
        Ok(parts)
    }
}
