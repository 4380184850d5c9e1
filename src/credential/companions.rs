//! What travels to the auth server beside the credential and does not change the answer.

use std::net::IpAddr;

use http::{HeaderMap, HeaderName, HeaderValue};

pub(crate) const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

const REQUEST_ID_MAX: usize = 128;

/// Headers for the auth server's log and limiter. Not part of any key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Companions {
    pub(crate) traceparent: Option<HeaderValue>,
    pub(crate) request_id: Option<HeaderValue>,
    pub(crate) client_ip: Option<IpAddr>,
}

impl Companions {
    /// `trace_context` is asked for a `traceparent` where the request has none that can be passed on.
    pub(crate) fn read(
        headers: &HeaderMap,
        client_ip: Option<IpAddr>,
        trace_context: impl FnOnce() -> Option<String>,
    ) -> Self {
        let own = || {
            let text = trace_context()?;
            let is_one = is_traceparent(text.as_bytes());
            is_one.then(|| HeaderValue::try_from(text).ok())?
        };
        Self {
            traceparent: only(headers, &TRACEPARENT, is_traceparent).or_else(own),
            request_id: only(headers, &REQUEST_ID, is_request_id),
            client_ip,
        }
    }
}

/// The value of a header that came exactly once and is well formed.
fn only(
    headers: &HeaderMap,
    name: &HeaderName,
    is_well_formed: fn(&[u8]) -> bool,
) -> Option<HeaderValue> {
    let mut values = headers.get_all(name).iter();
    let value = values
        .next()
        .filter(|value| is_well_formed(value.as_bytes()))?;
    values.next().is_none().then(|| value.clone())
}

/// `00-<trace id>-<parent id>-<flags>` of [W3C Trace Context](https://www.w3.org/TR/trace-context/#traceparent-header).
fn is_traceparent(value: &[u8]) -> bool {
    let parts: Vec<&[u8]> = value.split(|byte| *byte == b'-').collect();
    let [version, trace_id, parent_id, flags] = parts[..] else {
        return false;
    };
    let is_hex = |part: &[u8], length: usize| {
        part.len() == length
            && part
                .iter()
                .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    };
    let is_id = |part: &[u8], length| is_hex(part, length) && part.iter().any(|byte| *byte != b'0');
    is_hex(version, 2)
        && version != b"ff"
        && is_id(trace_id, 32)
        && is_id(parent_id, 16)
        && is_hex(flags, 2)
}

/// Up to 128 visible ASCII bytes: nothing that could forge a line of somebody's log.
fn is_request_id(value: &[u8]) -> bool {
    (1..=REQUEST_ID_MAX).contains(&value.len()) && value.iter().all(u8::is_ascii_graphic)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(name: &HeaderName, values: &[&[u8]]) -> Companions {
        let headers = values
            .iter()
            .map(|value| (name.clone(), HeaderValue::from_bytes(value).unwrap()))
            .collect();
        Companions::read(&headers, None, || None)
    }

    #[test]
    fn one_well_formed_traceparent_travels_along() {
        const GOOD: &[u8] = b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        let cases: &[(&[&[u8]], bool)] = &[
            (&[GOOD], true),
            (
                &[b"cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00"],
                true,
            ),
            (&[], false),
            (&[GOOD, GOOD], false),
            (
                &[b"ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"],
                false,
            ),
            (
                &[b"00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01"],
                false,
            ),
            (
                &[b"00-00000000000000000000000000000000-00f067aa0ba902b7-01"],
                false,
            ),
            (
                &[b"00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01"],
                false,
            ),
            (
                &[b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7"],
                false,
            ),
            (
                &[b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-extra"],
                false,
            ),
            (
                &[b"00-4bf92f3577b34da6a3ce929d0e0e473-00f067aa0ba902b7-01"],
                false,
            ),
            (&[b"x"], false),
            (&[b"\xff"], false),
        ];
        for (values, expected) in cases {
            assert_eq!(
                read(&TRACEPARENT, values).traceparent.is_some(),
                *expected,
                "{values:?}"
            );
        }
    }

    #[test]
    fn one_short_visible_request_id_travels_along() {
        let long = [b'x'; REQUEST_ID_MAX + 1];
        let cases: &[(&[&[u8]], bool)] = &[
            (&[b"0b8e-1"], true),
            (&[&long[1..]], true),
            (&[&long], false),
            (&[b""], false),
            (&[b"a b"], false),
            (&[b"a\tb"], false),
            (&[b"\xC3\xA9"], false),
            (&[b"a", b"b"], false),
        ];
        for (values, expected) in cases {
            assert_eq!(
                read(&REQUEST_ID, values).request_id.is_some(),
                *expected,
                "{values:?}"
            );
        }
    }

    #[test]
    fn the_current_span_stands_in_for_a_traceparent_that_is_missing_or_cannot_be_passed_on() {
        const OWN: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        const SENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        for (sent, own, expected) in [
            (Some(SENT), OWN, Some(SENT)),
            (Some("x"), OWN, Some(OWN)),
            (None, OWN, Some(OWN)),
            (None, "x", None),
        ] {
            let line = sent.map(|sent| (TRACEPARENT, HeaderValue::from_static(sent)));
            let headers = line.into_iter().collect();
            let read = Companions::read(&headers, None, || Some(own.to_owned()));
            let expected = expected.map(HeaderValue::from_static);
            assert_eq!(read.traceparent, expected, "{sent:?}");
        }
    }
}
