//! Which `Set-Cookie` lines of the auth server may reach the browser.

use super::names::CookieNames;

/// Whether the line sets one of the cookies that are forwarded. One that deletes is nobody's to pass on who did not ask
/// whether the session is over.
pub(crate) fn may_come_back(line: &[u8], names: &CookieNames) -> bool {
    let mut parts = line.split(|byte| *byte == b';').map(<[u8]>::trim_ascii);
    let pair = parts.next().unwrap_or_default();
    let Some(equals) = pair.iter().position(|byte| *byte == b'=') else {
        return false;
    };
    let is_listed = names.role(&pair[..equals]).is_some();
    let is_empty = pair[equals + 1..].is_empty();
    is_listed && !is_empty && !parts.any(deletes)
}

pub(super) fn deletes(attribute: &[u8]) -> bool {
    const MAX_AGE: &[u8] = b"max-age=";
    match attribute.split_at_checked(MAX_AGE.len()) {
        Some((name, value)) if name.eq_ignore_ascii_case(MAX_AGE) => {
            value.starts_with(b"-") || value.iter().all(|byte| *byte == b'0')
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_listed_cookies_that_are_set_come_back() {
        let names = CookieNames::with_prefix("b");
        for (line, expected) in [
            (
                "b.session_token=A; Max-Age=604800; Path=/; HttpOnly; SameSite=Lax",
                true,
            ),
            ("__Secure-b.session_token=A; Path=/; Secure", true),
            ("b.dont_remember=true.x", true),
            ("b.session_token=; Max-Age=0; Path=/", false),
            ("b.session_token=; Path=/", false),
            ("b.session_token=A; max-age=0", false),
            ("b.session_token=A; Max-Age=-1", false),
            ("b.session_token=A; Max-Age=10", true),
            ("b.session_data=A", false),
            ("b.session_token_multi-a=A", false),
            ("other=A", false),
            ("b.session_token", false),
            ("", false),
        ] {
            assert_eq!(may_come_back(line.as_bytes(), &names), expected, "{line}");
        }
    }

    /// The same by another way: over text, pair by pair.
    fn by_the_book(line: &str) -> bool {
        let mut pairs = line
            .split(';')
            .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
            .map(|(name, value)| (name.trim(), value.trim()));
        let (name, value) = pairs.next().unwrap_or_default();
        let is_listed = ["b.session_token", "__Secure-b.session_token"].contains(&name);
        let deletes = |(name, value): (&str, &str)| {
            let is_age = name.eq_ignore_ascii_case("max-age");
            is_age && (value.starts_with('-') || value.chars().all(|digit| digit == '0'))
        };
        is_listed && !value.is_empty() && !pairs.any(deletes)
    }

    proptest! {
        #[test]
        fn whatever_line_is_sent_only_a_listed_cookie_that_is_set_comes_back(
            pieces in proptest::collection::vec(prop_oneof![
                2 => Just("b.session_token=".to_owned()),
                1 => Just("__Secure-b.session_token=".to_owned()),
                2 => Just("; ".to_owned()),
                2 => prop::sample::select(&[";Max-Age=", "; max-age=", "; MAX-AGE=0", "; Max-Age=-1", "; Path=/"][..])
                    .prop_map(str::to_owned),
                1 => "[a-z0-9=; -]{0,4}",
            ], 0..8),
        ) {
            let line = pieces.concat();
            // What has white space around its `=`, Better Auth does not write.
            prop_assume!(!line.contains(" =") && !line.contains("= "));
            let names = CookieNames::with_prefix("b");
            prop_assert_eq!(may_come_back(line.as_bytes(), &names), by_the_book(&line), "{}", line);
        }
    }
}
