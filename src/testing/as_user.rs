use http::{HeaderMap, HeaderValue, Request, header, request};

use super::SignedIn;

/// Sends a request as somebody who is signed in at an [`AuthServer`](super::AuthServer).
///
/// # Examples
///
/// ```
/// use http::{Request, header};
/// use tower_better_auth::testing::{AsUser, AuthServer, user};
///
/// let server = AuthServer::in_process();
/// let ada = server.sign_in(user("ada"));
///
/// let request = Request::get("/me").header(header::COOKIE, "theme=dark").as_user(&ada).body(())?;
/// let cookie = request.headers()[header::COOKIE].to_str()?;
/// assert!(cookie.starts_with("better-auth.session_token=") && cookie.ends_with("; theme=dark"));
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
pub trait AsUser {
    /// Adds their session cookie, before all other cookies: the auth server reads the first.
    #[must_use]
    // By value, as the methods of `http::request::Builder` are.
    #[allow(clippy::wrong_self_convention)]
    fn as_user(self, user: &SignedIn) -> Self;
}

impl<B> AsUser for Request<B> {
    fn as_user(mut self, user: &SignedIn) -> Self {
        show(&user.cookie, self.headers_mut());
        self
    }
}

impl AsUser for request::Builder {
    fn as_user(mut self, user: &SignedIn) -> Self {
        if let Some(headers) = self.headers_mut() {
            show(&user.cookie, headers);
        }
        self
    }
}

/// Puts a cookie before those that are there.
pub(super) fn show(cookie: &HeaderValue, headers: &mut HeaderMap) {
    let mut line = cookie.as_bytes().to_vec();
    for other in headers.get_all(header::COOKIE) {
        line.extend_from_slice(b"; ");
        line.extend_from_slice(other.as_bytes());
    }
    let line = HeaderValue::from_bytes(&line).expect("it is made of header values");
    headers.insert(header::COOKIE, line);
}
