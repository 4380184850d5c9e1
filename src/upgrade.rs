//! What a request asks its connection to become.

use http::{HeaderMap, header};

/// Whether one of the protocols is a WebSocket
/// ([RFC 9110, 7.8](https://www.rfc-editor.org/rfc/rfc9110#section-7.8)).
///
/// Over HTTP/1.1; over HTTP/2 a handshake is a `CONNECT`, and has no such header.
pub(crate) fn is_to_websocket(headers: &HeaderMap) -> bool {
    let lines = headers.get_all(header::UPGRADE).iter();
    let mut protocols = lines.flat_map(|line| line.as_bytes().split(|byte| *byte == b','));
    protocols.any(|protocol| protocol.trim_ascii().eq_ignore_ascii_case(b"websocket"))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn a_websocket_is_found_on_any_line_and_however_it_is_written() {
        for (lines, expected) in [
            (&["websocket"][..], true),
            (&["WebSocket"], true),
            (&["h2c, websocket"], true),
            (&[" websocket "], true),
            (&["h2c", "websocket"], true),
            (&["h2c"], false),
            (&["websockets"], false),
            (&["web socket"], false),
            (&[""], false),
            (&[], false),
        ] {
            let lines = lines.iter().map(|line| HeaderValue::from_static(line));
            let headers = lines.map(|line| (header::UPGRADE, line)).collect();
            assert_eq!(is_to_websocket(&headers), expected, "{headers:?}");
        }
    }
}
