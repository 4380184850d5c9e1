//! Text that somebody else chose, made fit for an audit trail.

use http::HeaderValue;

use crate::visible::visible;

/// The most bytes of it that are kept.
const LONGEST: usize = 256;

/// Escapes whatever is not visible, as `\n` or `\u{1b}`, and cuts what is too long.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::new();
    for char in text.chars() {
        let before = escaped.len();
        escaped.extend(visible(char));
        if escaped.len() > LONGEST {
            escaped.truncate(before);
            break;
        }
    }
    escaped
}

/// The same for a header, which need not be text.
pub(super) fn of_header(value: &HeaderValue) -> String {
    // What is cut off anyway is not looked at: escaping makes nothing shorter.
    let bytes = value.as_bytes();
    escape(&String::from_utf8_lossy(&bytes[..bytes.len().min(LONGEST)]))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_too_long_is_cut_between_characters() {
        assert_eq!(escape(&"a".repeat(1000)).len(), LONGEST);
        assert_eq!(escape(&"é".repeat(1000)).len(), LONGEST);
        assert_eq!(escape(&format!("a{}", "é".repeat(1000))).len(), LONGEST - 1);
    }

    proptest! {
        #[test]
        fn whatever_it_is_it_is_short_and_visible(bytes in proptest::collection::vec(32_u8.., 0..600)) {
            let bytes: Vec<u8> = bytes.into_iter().filter(|byte| *byte != 127).collect();
            let value = HeaderValue::from_bytes(&bytes).unwrap();
            let text = of_header(&value);
            prop_assert!(text.len() <= LONGEST);
            prop_assert!(!text.chars().any(char::is_control));
        }
    }
}
