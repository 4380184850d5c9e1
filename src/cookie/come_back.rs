//! Which `Set-Cookie` lines of the auth server may reach the browser.

use super::names::CookieNames;

/// What the auth server said in the answer that the line came with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Said {
    /// The session goes on.
    Active,
    SignedOut,
}

/// Whether the line is about one of the cookies that are forwarded, and takes the session from nobody who still has one.
///
/// What is deleted of the cookie cache comes back in any case: Better Auth rewrites it in pieces, and one that is left over
/// spoils the rest.
pub(crate) fn may_come_back(line: &[u8], names: &CookieNames, said: Said) -> bool {
    let mut parts = line.split(|byte| *byte == b';').map(<[u8]>::trim_ascii);
    let pair = parts.next().unwrap_or_default();
    let Some(equals) = pair.iter().position(|byte| *byte == b'=') else {
        return false;
    };
    let (name, value) = (&pair[..equals], &pair[equals + 1..]);
    if names.role(name).is_none() {
        return false;
    }
    let is_about_the_session = !names.is_session_data(name);
    let is_deleted = value.is_empty() || parts.any(deletes);
    said == Said::SignedOut || !(is_about_the_session && is_deleted)
}

pub(super) fn deletes(attribute: &[u8]) -> bool {
    let Some(equals) = attribute.iter().position(|byte| *byte == b'=') else {
        return false;
    };
    let (name, value) = (&attribute[..equals], attribute[equals + 1..].trim_ascii());
    name.trim_ascii_end().eq_ignore_ascii_case(b"max-age")
        && (value.starts_with(b"-") || value.iter().all(|byte| *byte == b'0'))
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
            ("b.session_token=A; Max-Age = 0", false),
            ("b.session_token=A; Max-Age =-1", false),
            ("b.session_token=A; Max-Age=10", true),
            ("b.session_data=A", false),
            ("b.session_token_multi-a=A", false),
            ("other=A", false),
            ("b.session_token", false),
            ("", false),
        ] {
            let comes_back = may_come_back(line.as_bytes(), &names, Said::Active);
            assert_eq!(comes_back, expected, "{line}");
        }
    }

    #[test]
    fn a_session_is_deleted_only_with_the_word_that_it_is_over_and_nothing_else_ever() {
        let plain = CookieNames::with_prefix("b");
        let cached = CookieNames::with_prefix("b").and_session_data();
        for (names, line, with_active, with_signed_out) in [
            (&plain, "b.session_token=; Max-Age=0; Path=/", false, true),
            (&plain, "__Secure-b.dont_remember=; Max-Age=0", false, true),
            (&plain, "b.session_data=; Max-Age=0", false, false),
            (&plain, "b.session_data=A", false, false),
            (&plain, "other=; Max-Age=0", false, false),
            (&cached, "b.session_token=; Max-Age=0; Path=/", false, true),
            (&cached, "b.session_data=; Max-Age=0", true, true),
            (&cached, "__Secure-b.session_data.1=; Max-Age=0", true, true),
            (&cached, "b.session_data.0=A", true, true),
            (&cached, "b.session_datas=A", false, false),
            (&cached, "b.session_token_multi-a=A", false, false),
        ] {
            let comes_back = |said| may_come_back(line.as_bytes(), names, said);
            assert_eq!(comes_back(Said::Active), with_active, "{line}");
            assert_eq!(comes_back(Said::SignedOut), with_signed_out, "{line}");
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
            let comes_back = may_come_back(line.as_bytes(), &names, Said::Active);
            prop_assert_eq!(comes_back, by_the_book(&line), "{}", line);
        }
    }
}
