//! From a request's `Cookie` lines to the one that is sent to the auth server.

use std::iter;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, header};
use memchr::memchr;
use smallvec::SmallVec;

use super::names::{CookieNames, Role};

/// The listed cookies of a request, where they lie in its headers.
#[derive(Debug)]
pub(crate) struct Selected<'a> {
    pairs: Pairs<'a>,
}

/// More than two are seldom, and need not be fast.
type Pairs<'a> = SmallVec<[Pair<'a>; 2]>;

/// One cookie, without white space at its ends.
#[derive(Clone, Copy, Debug)]
struct Pair<'a> {
    whole: &'a [u8],
    name: &'a [u8],
    value: &'a [u8],
}

/// Finds the cookies that `names` lists; `None` without a session cookie that says anything.
pub(crate) fn select<'a>(headers: &'a HeaderMap, names: &CookieNames) -> Option<Selected<'a>> {
    let mut selected = Pairs::new();
    let mut signed_in = false;
    for line in headers.get_all(header::COOKIE) {
        for pair in split(line.as_bytes()).filter_map(Pair::read) {
            if let Some(role) = names.role(pair.name) {
                signed_in |= role == Role::Token && !pair.value.is_empty();
                selected.push(pair);
            }
        }
    }
    signed_in.then_some(Selected { pairs: selected })
}

#[cfg(feature = "proxy")]
impl<'a> Selected<'a> {
    /// Finds the cookies whose names are wanted; `None` without any.
    pub(super) fn by_name(
        headers: &'a HeaderMap,
        mut is_wanted: impl FnMut(&[u8]) -> bool,
    ) -> Option<Self> {
        let lines = headers.get_all(header::COOKIE).iter();
        let pairs: Pairs<'a> = lines
            .flat_map(|line| split(line.as_bytes()))
            .filter_map(Pair::read)
            .filter(|pair| is_wanted(pair.name))
            .collect();
        (!pairs.is_empty()).then_some(Self { pairs })
    }

    /// Names and values, in the order sent.
    pub(super) fn pairs(&self) -> impl Iterator<Item = (&'a [u8], &'a [u8])> {
        self.pairs.iter().map(|pair| (pair.name, pair.value))
    }
}

impl Selected<'_> {
    /// The length of the header.
    pub(crate) fn len(&self) -> usize {
        let lengths = self.pairs.iter().map(Pair::len);
        lengths.sum::<usize>() + SEPARATOR.len() * (self.pairs.len() - 1)
    }

    /// Whether one name came more than once.
    pub(crate) fn is_ambiguous(&self) -> bool {
        let mut names: SmallVec<[&[u8]; 4]> = self.pairs.iter().map(|pair| pair.name).collect();
        names.sort_unstable();
        names.windows(2).any(|two| two[0] == two[1])
    }

    /// The header, piece by piece.
    pub(crate) fn for_each_piece(&self, mut visit: impl FnMut(&[u8])) {
        for (index, pair) in self.pairs.iter().enumerate() {
            if index > 0 {
                visit(SEPARATOR);
            }
            if pair.is_in_one_piece() {
                visit(pair.whole);
            } else {
                [pair.name, EQUALS, pair.value]
                    .into_iter()
                    .for_each(&mut visit);
            }
        }
    }

    /// The `Cookie` header to send, marked as sensitive.
    pub(crate) fn header(&self) -> Option<HeaderValue> {
        let mut joined = Vec::with_capacity(self.len());
        self.for_each_piece(|piece| joined.extend_from_slice(piece));
        // Pieces of header values make a header value. If that ever changes, the request is refused, not sent.
        let mut header = HeaderValue::from_maybe_shared(Bytes::from(joined)).ok()?;
        header.set_sensitive(true);
        Some(header)
    }
}

impl<'a> Pair<'a> {
    /// `None` for what has no name.
    fn read(pair: &'a [u8]) -> Option<Self> {
        let whole = trim(pair);
        let equals = memchr(b'=', whole)?;
        let (name, value) = (trim(&whole[..equals]), trim(&whole[equals + 1..]));
        Some(Self { whole, name, value })
    }

    fn len(&self) -> usize {
        self.name.len() + EQUALS.len() + self.value.len()
    }

    /// Whether nothing but `=` lies between name and value.
    fn is_in_one_piece(&self) -> bool {
        self.whole.len() == self.len()
    }
}

const EQUALS: &[u8] = b"=";
const SEPARATOR: &[u8] = b"; ";

/// At every `;`.
fn split(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(line);
    iter::from_fn(move || {
        let pair = rest?;
        let (pair, behind) = match memchr(b';', pair) {
            Some(end) => (&pair[..end], Some(&pair[end + 1..])),
            None => (pair, None),
        };
        rest = behind;
        Some(pair)
    })
}

/// Drops space and tab at both ends, and no other byte that somebody may call white space.
fn trim(mut bytes: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = bytes {
        bytes = rest;
    }
    bytes
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

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
        let headers = headers(lines);
        let selected = select(&headers, &names())?;
        let header = selected.header().unwrap();
        assert_eq!(header.len(), selected.len());
        Some((header.as_bytes().to_vec(), selected.is_ambiguous()))
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
            assert!(select(&headers(lines), &names()).is_none(), "{lines:?}");
        }
    }

    #[test]
    fn what_is_forwarded_is_marked_as_sensitive() {
        let headers = headers(&[b"b.session_token=A"]);
        let header = select(&headers, &names()).unwrap().header();
        assert!(!format!("{header:?}").contains("=A"));
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

    #[test]
    fn a_cookie_that_lies_in_one_piece_is_handed_on_in_one_piece() {
        for (line, expected) in [
            ("b.session_token=A", 1),
            ("b.session_token = A", 3),
            ("b.session_token=A; b.dont_remember=B", 3),
        ] {
            let headers = headers(&[line.as_bytes()]);
            let mut pieces = 0;
            select(&headers, &names())
                .unwrap()
                .for_each_piece(|_| pieces += 1);
            assert_eq!(pieces, expected, "{line}");
        }
    }
}
