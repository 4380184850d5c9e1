//! What every refusal has, in whatever form.

use std::{mem, time::Duration};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};

use super::Rejection;

/// The challenge of every 401: a scheme that no browser answers with a dialogue.
const CHALLENGE: HeaderValue = HeaderValue::from_static("Cookie realm=\"better-auth\"");

/// The headers that describe a body, or a refusal. What a layer in between says about them is about the response that
/// is put aside.
const ABOUT_THE_RESPONSE: [HeaderName; 15] = [
    header::ACCEPT_RANGES,
    header::CACHE_CONTROL,
    header::CONTENT_DISPOSITION,
    header::CONTENT_ENCODING,
    header::CONTENT_LANGUAGE,
    header::CONTENT_LENGTH,
    header::CONTENT_LOCATION,
    header::CONTENT_RANGE,
    header::CONTENT_TYPE,
    header::ETAG,
    header::LAST_MODIFIED,
    header::RETRY_AFTER,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::WWW_AUTHENTICATE,
];

/// Adds what the form left out, and puts the rejection into the extensions.
pub(super) fn complete(rejection: Rejection, response: &mut Response<Bytes>) {
    let status = response.status();
    let headers = response.headers_mut();
    set(headers, header::CACHE_CONTROL, || {
        HeaderValue::from_static("no-store")
    });
    set(headers, header::VARY, || HeaderValue::from_static("Cookie"));
    if status == StatusCode::UNAUTHORIZED {
        set(headers, header::WWW_AUTHENTICATE, || CHALLENGE);
    }
    if let Some(retry_after) = rejection.retry_after {
        set(headers, header::RETRY_AFTER, || {
            whole_seconds(retry_after).into()
        });
    }
    response.extensions_mut().insert(rejection);
}

/// Brings over what layers in between have added: their headers, but for those about a response that is put aside.
pub(super) fn keep_what_was_added(mut added: HeaderMap, response: &mut Response<Bytes>) {
    let own = mem::take(response.headers_mut());
    for name in ABOUT_THE_RESPONSE
        .iter()
        .chain(own.keys().filter(|name| **name != header::VARY))
    {
        added.remove(name);
    }
    for (name, value) in &own {
        let is_there = name == header::VARY && added.get_all(name).iter().any(|line| line == value);
        if !is_there {
            added.append(name, value.clone());
        }
    }
    *response.headers_mut() = added;
}

/// Undoes what a layer in between says of all responses alike.
pub(super) fn keep_from_caches(headers: &mut HeaderMap) {
    let is_kept = |line: &HeaderValue| {
        let mut directives = line.as_bytes().split(|byte| *byte == b',');
        directives.any(|directive| directive.trim_ascii().eq_ignore_ascii_case(b"no-store"))
    };
    let mut lines = headers.get_all(header::CACHE_CONTROL).iter();
    if !matches!((lines.next(), lines.next()), (Some(line), None) if is_kept(line)) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
}

fn set(headers: &mut HeaderMap, name: HeaderName, value: impl FnOnce() -> HeaderValue) {
    headers.entry(name).or_insert_with(value);
}

/// Rounded up, so that nobody comes back too early, and at least one.
pub(crate) fn whole_seconds(duration: Duration) -> u64 {
    let started = u64::from(duration.subsec_nanos() > 0);
    duration.as_secs().saturating_add(started).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_added_in_between_is_kept_unless_it_is_about_the_response() {
        let added = [
            ("x-request-id", "1"),
            ("set-cookie", "a=1"),
            ("set-cookie", "b=2"),
            ("vary", "accept"),
            ("vary", "Cookie"),
            ("content-length", "99"),
            ("content-encoding", "gzip"),
            ("content-type", "application/json"),
            ("etag", "x"),
            ("www-authenticate", "Cookie"),
        ];
        let lines =
            added.map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap()));
        let mut response = Response::new(Bytes::new());
        response
            .headers_mut()
            .insert(header::VARY, HeaderValue::from_static("Cookie"));
        response
            .headers_mut()
            .insert(header::LOCATION, HeaderValue::from_static("/in"));
        keep_what_was_added(lines.into_iter().collect(), &mut response);
        let mut seen: Vec<_> = response
            .headers()
            .iter()
            .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
            .collect();
        seen.sort();
        let expected = [
            "location: /in",
            "set-cookie: a=1",
            "set-cookie: b=2",
            "vary: Cookie",
            "vary: accept",
            "x-request-id: 1",
        ];
        assert_eq!(seen, expected);
    }

    #[test]
    fn retry_after_is_in_whole_seconds_rounded_up_and_at_least_one() {
        for (millis, expected) in [(0, 1), (1, 1), (1000, 1), (1001, 2), (30_000, 30)] {
            assert_eq!(
                whole_seconds(Duration::from_millis(millis)),
                expected,
                "{millis} ms"
            );
        }
    }

    #[test]
    fn what_the_answer_varies_on_is_added_to_what_others_say() {
        let cookie = (header::VARY, HeaderValue::from_static("Cookie"));
        let accept = (header::VARY, HeaderValue::from_static("accept"));
        for (added, expected) in [
            (vec![], &["Cookie"][..]),
            (vec![accept.clone()], &["accept", "Cookie"]),
            (vec![cookie.clone(), accept], &["Cookie", "accept"]),
        ] {
            let mut response = Response::new(Bytes::new());
            response.headers_mut().extend([cookie.clone()]);
            keep_what_was_added(added.into_iter().collect(), &mut response);
            let vary: Vec<_> = response.headers().get_all(header::VARY).iter().collect();
            assert_eq!(vary, expected);
        }
    }

    #[test]
    fn nobody_in_between_lets_a_refusal_into_a_cache() {
        for (lines, expected) in [
            (&[][..], "no-store"),
            (&["no-store"], "no-store"),
            (&["private, No-Store"], "private, No-Store"),
            (&["private"], "no-store"),
            (&["public, max-age=60"], "no-store"),
            (&["no-store", "public"], "no-store"),
        ] {
            let lines = lines.iter().map(|line| HeaderValue::from_static(line));
            let mut headers = lines.map(|line| (header::CACHE_CONTROL, line)).collect();
            keep_from_caches(&mut headers);
            let lines: Vec<_> = headers.get_all(header::CACHE_CONTROL).iter().collect();
            assert_eq!(lines, [expected]);
        }
    }
}
