//! Problem details for HTTP APIs: [RFC 9457](https://www.rfc-editor.org/rfc/rfc9457).

use bytes::Bytes;
use http::Response;
use serde::Serialize;

use super::{Rejection, RequestHead, json::json_response};

#[derive(Serialize)]
struct Details<'a> {
    r#type: &'static str,
    title: &'a str,
    status: u16,
    detail: &'a str,
    code: &'a str,
}

/// Responds with `application/problem+json`; a form for [`SessionAuth::respond_with`](crate::SessionAuth::respond_with).
///
/// The code is an extension member: `{"type":"about:blank","title":"Unauthorized","status":401,
/// "detail":"Authentication required","code":"UNAUTHENTICATED"}`.
///
/// # Examples
///
/// ```
/// use tower_better_auth::{BetterAuth, SessionAuth, rejection};
///
/// let auth = BetterAuth::new("http://localhost:3000")?;
/// let layer = SessionAuth::new(auth).respond_with(rejection::problem);
/// # Ok::<_, tower_better_auth::ConfigError>(())
/// ```
#[must_use]
pub fn problem(rejection: &Rejection, _: &RequestHead<'_>) -> Response<Bytes> {
    let status = rejection.status();
    let details = Details {
        r#type: "about:blank",
        title: status.canonical_reason().unwrap_or_default(),
        status: status.as_u16(),
        detail: rejection.message(),
        code: rejection.code(),
    };
    json_response(status, "application/problem+json", &details)
}

#[cfg(test)]
mod tests {
    use http::{Method, header};

    use super::*;
    use crate::{rejection::respond::head, verdict::Verdict};

    #[test]
    fn it_is_problem_json_with_the_code_as_a_member() {
        let rejection = Rejection::unless_active(Verdict::Anonymous).unwrap_err();
        let response = problem(&rejection, &head(Method::GET, "/", &[]).borrow());
        assert_eq!(response.status(), 401);
        assert_eq!(
            response.headers()[header::CONTENT_TYPE],
            "application/problem+json"
        );
        assert_eq!(
            response.body(),
            r#"{"type":"about:blank","title":"Unauthorized","status":401,"detail":"Authentication required","code":"UNAUTHENTICATED"}"#
        );
    }
}
