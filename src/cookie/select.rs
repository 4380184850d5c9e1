//! From a request's `Cookie` lines to the one that is sent to the auth server.

use http::{HeaderMap, HeaderValue, header};

use super::names::{CookieNames, Role};

/// What was found in a request's cookies.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Cookies {
    /// No session cookie, or none that says anything.
    Absent,
    /// More bytes than may be forwarded.
    TooLarge,
    Found {
        /// The `Cookie` header to send, marked as sensitive.
        header: HeaderValue,
        /// Whether one name came more than once.
        ambiguous: bool,
    },
}

/// Rebuilds the `Cookie` header from the cookies that `names` lists, at most `limit` bytes of it.
pub(crate) fn select(headers: &HeaderMap, names: &CookieNames, limit: usize) -> Cookies {
    let mut selected = Vec::new();
    let mut signed_in = false;
    for (name, value) in pairs(headers) {
        if let Some(role) = names.role(name) {
            signed_in |= role == Role::Token && !value.is_empty();
            selected.push((name, value));
        }
    }
    if !signed_in {
        return Cookies::Absent;
    }
    match join(&selected, limit) {
        Some(header) => Cookies::Found {
            header,
            ambiguous: has_duplicates(selected.iter().map(|(name, _)| *name)),
        },
        None => Cookies::TooLarge,
    }
}

/// The name and value of every cookie, in the order sent.
fn pairs(headers: &HeaderMap) -> impl Iterator<Item = (&[u8], &[u8])> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .flat_map(|line| line.as_bytes().split(|byte| *byte == b';'))
        .filter_map(|pair| {
            let equals = pair.iter().position(|byte| *byte == b'=')?;
            Some((trim(&pair[..equals]), trim(&pair[equals + 1..])))
        })
}

/// Drops space and tab at both ends, and no other byte that somebody may call white space.
fn trim(mut bytes: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = bytes {
        bytes = rest;
    }
    bytes
}

/// `None` when it would be longer than `limit`, which is looked at before anything is copied.
fn join(pairs: &[(&[u8], &[u8])], limit: usize) -> Option<HeaderValue> {
    const EQUALS_AND_SEPARATOR: usize = 3;
    let length: usize = pairs
        .iter()
        .map(|(name, value)| name.len() + value.len() + EQUALS_AND_SEPARATOR)
        .sum();
    if length > limit + 2 {
        return None;
    }
    let mut joined = Vec::with_capacity(length);
    for (name, value) in pairs {
        if !joined.is_empty() {
            joined.extend_from_slice(b"; ");
        }
        joined.extend_from_slice(name);
        joined.push(b'=');
        joined.extend_from_slice(value);
    }
    // Pieces of header values make a header value. If that ever changes, the request is refused, not sent.
    let mut header = HeaderValue::from_maybe_shared(bytes::Bytes::from(joined)).ok()?;
    header.set_sensitive(true);
    Some(header)
}

fn has_duplicates<'a>(names: impl Iterator<Item = &'a [u8]>) -> bool {
    let mut names: Vec<_> = names.collect();
    names.sort_unstable();
    names.windows(2).any(|pair| pair[0] == pair[1])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LIMIT: usize = 8 * 1024;

    fn headers(lines: &[&[u8]]) -> HeaderMap {
        lines
            .iter()
            .map(|line| (header::COOKIE, HeaderValue::from_bytes(line).unwrap()))
            .collect()
    }

    fn names() -> CookieNames {
        CookieNames::with_prefix("b")
    }

    fn forwarded(lines: &[&[u8]]) -> Option<(Vec<u8>, bool)> {
        match select(&headers(lines), &names(), LIMIT) {
            Cookies::Found { header, ambiguous } => Some((header.as_bytes().to_vec(), ambiguous)),
            Cookies::Absent | Cookies::TooLarge => None,
        }
    }

    #[test]
    fn only_listed_cookies_are_forwarded_byte_for_byte_in_the_order_sent() {
        let cases: &[(&[&[u8]], &[u8])] = &[
            (&[b"b.session_token=A"], b"b.session_token=A"),
            (
                &[b"_ga=1; b.session_token=A.x%2By%3D; theme=dark"],
                b"b.session_token=A.x%2By%3D",
            ),
            (
                &[b"b.session_token=A; b.dont_remember=t"],
                b"b.session_token=A; b.dont_remember=t",
            ),
            (
                &[b"b.dont_remember=t;b.session_token=A"],
                b"b.dont_remember=t; b.session_token=A",
            ),
            (
                &[b"b.session_token=A", b"b.dont_remember=t"],
                b"b.session_token=A; b.dont_remember=t",
            ),
            (&[b"x=\xC3\xA9; b.session_token=A"], b"b.session_token=A"),
            (&[b"b.session_token=\xC3\xA9"], b"b.session_token=\xC3\xA9"),
            (&[b"b.session_token=\"A\""], b"b.session_token=\"A\""),
            (&[b"x=\"a; b.session_token=A"], b"b.session_token=A"),
            (&[b"$Version=1; b.session_token=A"], b"b.session_token=A"),
            (&[b"b.session_token=a=b=="], b"b.session_token=a=b=="),
            (&[b" \tb.session_token\t = A \t"], b"b.session_token=A"),
            (&[b";;; b.session_token=A;"], b"b.session_token=A"),
            (
                &[b"b.session_token; b.session_token=A"],
                b"b.session_token=A",
            ),
            (
                &[b"\xA0b.session_token=B; b.session_token=A"],
                b"b.session_token=A",
            ),
            (
                &[b"b.session_token\x85=B; b.session_token=A"],
                b"b.session_token=A",
            ),
            (
                &[b"b%2Esession_token=B; b.session_token=A"],
                b"b.session_token=A",
            ),
            (
                &[b"b.session_token=A; __Secure-b.session_token=B"],
                b"b.session_token=A; __Secure-b.session_token=B",
            ),
        ];
        for (lines, expected) in cases {
            assert_eq!(
                forwarded(lines),
                Some((expected.to_vec(), false)),
                "{lines:?}"
            );
        }
    }

    #[test]
    fn duplicates_are_all_forwarded_and_reported() {
        let cases: &[(&[&[u8]], &[u8])] = &[
            (
                &[b"b.session_token=A; b.session_token=B"],
                b"b.session_token=A; b.session_token=B",
            ),
            (
                &[b"b.session_token=B", b"b.session_token=A"],
                b"b.session_token=B; b.session_token=A",
            ),
            (
                &[b"b.session_token=; b.session_token=A"],
                b"b.session_token=; b.session_token=A",
            ),
        ];
        for (lines, expected) in cases {
            assert_eq!(
                forwarded(lines),
                Some((expected.to_vec(), true)),
                "{lines:?}"
            );
        }
    }

    #[test]
    fn a_request_without_a_session_cookie_that_says_something_is_anonymous() {
        let cases: &[&[&[u8]]] = &[
            &[],
            &[b""],
            &[b"x=1"],
            &[b"b.session_token"],
            &[b"b.session_token="],
            &[b"b.session_token= \t"],
            &[b"b.dont_remember=t"],
            &[b"x=1, b.session_token=A"],
            &[b"session_token=A"],
        ];
        for lines in cases {
            let found = select(&headers(lines), &names(), LIMIT);
            assert_eq!(found, Cookies::Absent, "{lines:?}");
        }
    }

    #[test]
    fn the_limit_is_on_what_would_be_forwarded_and_not_on_what_was_sent() {
        let name = b"b.session_token=".len();
        for (value, other, expected) in
            [(LIMIT - name, 420_000, true), (LIMIT - name + 1, 0, false)]
        {
            let line = format!(
                "x={}; b.session_token={}",
                "x".repeat(other),
                "A".repeat(value)
            );
            let found = select(&headers(&[line.as_bytes()]), &names(), LIMIT);
            assert_eq!(
                matches!(found, Cookies::Found { .. }),
                expected,
                "{value} bytes"
            );
            assert_eq!(found == Cookies::TooLarge, !expected, "{value} bytes");
        }
    }

    #[test]
    fn what_is_forwarded_is_marked_as_sensitive() {
        let found = select(&headers(&[b"b.session_token=A"]), &names(), LIMIT);
        assert!(!format!("{found:?}").contains("=A"));
    }

    proptest! {
        #[test]
        fn whatever_is_sent_only_listed_names_leave_and_values_are_parts_of_what_was_sent(
            lines in proptest::collection::vec(
                proptest::collection::vec(
                    prop_oneof![
                        Just(b"b.session_token=".to_vec()),
                        Just(b"__Secure-b.session_token=".to_vec()),
                        Just(b"b.dont_remember=".to_vec()),
                        Just(b"; ".to_vec()),
                        Just(b";".to_vec()),
                        Just(b"\"".to_vec()),
                        proptest::collection::vec(prop_oneof![0x20_u8..0x7f, 0x80_u8..=0xff, Just(b'\t')], 0..6),
                    ],
                    0..12,
                ).prop_map(|pieces| pieces.concat()),
                0..4,
            ),
        ) {
            let lines: Vec<&[u8]> = lines.iter().map(Vec::as_slice).collect();
            let sent = lines.join(&b"; "[..]);
            if let Some((cookies, _)) = forwarded(&lines) {
                for pair in cookies.split(|byte| *byte == b';') {
                    let pair = trim(pair);
                    let equals = pair.iter().position(|byte| *byte == b'=').unwrap();
                    prop_assert!(names().role(&pair[..equals]).is_some());
                    let value = &pair[equals + 1..];
                    prop_assert!(value.is_empty() || sent.windows(value.len()).any(|part| part == value));
                }
                // Reading again what was forwarded finds the same: nothing is lost, nothing is split anew.
                prop_assert_eq!(forwarded(&[&cookies]).map(|found| found.0), Some(cookies));
            }
        }

        #[test]
        fn one_line_and_crumbs_give_the_same(values in proptest::collection::vec("[a-z;=\" ]{0,8}", 1..5)) {
            let crumbs: Vec<String> = values.iter().map(|value| format!("b.session_token={value}")).collect();
            let lines: Vec<&[u8]> = crumbs.iter().map(String::as_bytes).collect();
            let joined = crumbs.join("; ");
            prop_assert_eq!(forwarded(&lines), forwarded(&[joined.as_bytes()]));
        }
    }
}
