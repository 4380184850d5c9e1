use std::fmt;

use axum_core::body::Body;
use http::{Method, Request, Uri};

/// What stands in for a path parameter.
const ANY: &str = "1";

/// A method and a path, for [`assert_protected`](super::assert_protected).
///
/// Made from `"/me"` (a `GET`), `"POST /notes"`, `("POST", "/notes")` or `(Method::POST, "/notes")`. A path parameter
/// such as `{id}` becomes `1`; give the path of a real one where the route takes no such value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    method: Method,
    path: String,
}

impl Route {
    fn new(method: Method, path: &str) -> Self {
        assert!(
            path.starts_with('/'),
            "a path begins with `/`, and {path:?} does not: write \"/me\" or \"POST /me\""
        );
        let path = path.to_owned();
        Self { method, path }
    }

    pub(super) fn request(&self) -> Request<Body> {
        let uri = concrete(&self.path);
        let uri = match uri.parse::<Uri>() {
            Ok(uri) => uri,
            Err(error) => panic!("{uri:?} is no path that a request can have: {error}"),
        };
        let mut request = Request::new(Body::empty());
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = uri;
        request
    }
}

/// The path without parameters.
fn concrete(path: &str) -> String {
    let segments = path
        .split('/')
        .map(|segment| match (segment.find('{'), segment.rfind('}')) {
            (Some(start), Some(end)) if start < end => {
                format!("{}{ANY}{}", &segment[..start], &segment[end + 1..])
            }
            _ => segment.to_owned(),
        });
    segments.collect::<Vec<_>>().join("/")
}

impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{} {}", self.method, self.path))
    }
}

/// `"/me"` or `"POST /me"`.
impl From<&str> for Route {
    fn from(route: &str) -> Self {
        match route.split_once(' ') {
            Some((method, path)) => (method, path.trim_start()).into(),
            None => Self::new(Method::GET, route),
        }
    }
}

impl From<(&str, &str)> for Route {
    fn from((method, path): (&str, &str)) -> Self {
        match method.to_ascii_uppercase().parse() {
            Ok(method) => Self::new(method, path),
            Err(error) => panic!("{method:?} is no method of HTTP: {error}"),
        }
    }
}

impl From<(Method, &str)> for Route {
    fn from((method, path): (Method, &str)) -> Self {
        Self::new(method, path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_filled_in_wherever_they_stand_in_a_segment() {
        for (path, expected) in [
            ("/me", "/me"),
            ("/users/{id}/notes/{note}", "/users/1/notes/1"),
            ("/files/{*rest}", "/files/1"),
            ("/v{version}.json", "/v1.json"),
            ("/}{", "/}{"),
        ] {
            assert_eq!(concrete(path), expected);
        }
    }

    #[test]
    fn a_route_is_written_in_several_ways() {
        let expected = Route::new(Method::POST, "/notes");
        assert_eq!(Route::from("POST /notes"), expected);
        assert_eq!(Route::from(("post", "/notes")), expected);
        assert_eq!(Route::from((Method::POST, "/notes")), expected);
        assert_eq!(Route::from("/notes").method, Method::GET);
    }
}
