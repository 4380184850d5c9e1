//! The `Set-Cookie` lines of the auth server, on their way to the browser.

use std::{
    fmt, mem,
    sync::{Arc, Mutex, PoisonError},
};

use http::{HeaderMap, HeaderValue, header};

/// `Cache-Control` of what is for one user alone.
pub(crate) const FOR_NOBODY_ELSE: HeaderValue = HeaderValue::from_static("private, no-store");

/// Lines that belong on one response, byte for byte as they came.
///
/// Several requests may have waited for them, and share them as clones: the first that is answered passes them on. One
/// whose client hung up before that has taken nothing away from the others.
#[derive(Clone, Default)]
pub(crate) struct SetCookies(Option<Arc<Mutex<Vec<HeaderValue>>>>);

impl SetCookies {
    /// They hold the session: nothing that prints headers shows them.
    pub(crate) fn new(mut lines: Vec<HeaderValue>) -> Self {
        for line in &mut lines {
            line.set_sensitive(true);
        }
        Self((!lines.is_empty()).then(|| Arc::new(Mutex::new(lines))))
    }

    /// Each line on its own, in order, and in no cache. What the handler sets itself comes last, so that it holds: a
    /// sign-out stays one.
    pub(crate) fn pass_on(&self, headers: &mut HeaderMap) {
        let mut lines = self.take();
        if lines.is_empty() {
            return;
        }
        lines.extend(headers.get_all(header::SET_COOKIE).iter().cloned());
        headers.remove(header::SET_COOKIE);
        for line in lines {
            headers.append(header::SET_COOKIE, line);
        }
        headers.insert(header::CACHE_CONTROL, FOR_NOBODY_ELSE);
    }

    fn take(&self) -> Vec<HeaderValue> {
        let Some(lines) = &self.0 else {
            return Vec::new();
        };
        mem::take(&mut *lines.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl fmt::Debug for SetCookies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SetCookies").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set_cookies(lines: &[&'static str]) -> SetCookies {
        let lines = lines.iter().map(|line| HeaderValue::from_static(line));
        SetCookies::new(lines.collect())
    }

    fn response() -> HeaderMap {
        HeaderMap::from_iter([
            (header::SET_COOKIE, HeaderValue::from_static("own=1")),
            (
                header::CACHE_CONTROL,
                HeaderValue::from_static("public, max-age=60"),
            ),
        ])
    }

    #[test]
    fn each_line_goes_in_front_of_the_handlers_own_and_the_response_into_no_cache() {
        let mut headers = response();
        set_cookies(&["a=1; Path=/, x", "a=2"]).pass_on(&mut headers);
        let lines: Vec<_> = headers.get_all(header::SET_COOKIE).iter().collect();
        assert_eq!(lines, ["a=1; Path=/, x", "a=2", "own=1"]);
        let caching: Vec<_> = headers.get_all(header::CACHE_CONTROL).iter().collect();
        assert_eq!(caching, ["private, no-store"]);
    }

    #[test]
    fn no_line_changes_nothing() {
        let mut headers = response();
        SetCookies::default().pass_on(&mut headers);
        set_cookies(&[]).pass_on(&mut headers);
        assert_eq!(headers, response());
    }

    #[test]
    fn of_all_that_share_them_one_passes_them_on_and_nobody_shows_them() {
        let first = set_cookies(&["session=s3cret"]);
        let second = first.clone();
        assert_eq!(format!("{first:?}"), "SetCookies { .. }");
        let [mut one, mut other] = [HeaderMap::new(), HeaderMap::new()];
        second.pass_on(&mut one);
        first.pass_on(&mut other);
        assert_eq!(one[header::SET_COOKIE], "session=s3cret");
        assert!(!format!("{one:?}").contains("s3cret"));
        assert!(other.is_empty());
    }
}
