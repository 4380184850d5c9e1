//! Which `Set-Cookie` lines of a sign-out reach the browser.

use super::{come_back::deletes, names::CookieNames};

/// Whether the line deletes one of the cookies that mean nothing once the session is over, and sets none.
///
/// Also those that are never forwarded: left behind, the cookie cache would vouch for the session in front of the auth
/// server itself.
pub(crate) fn ends_with_session(line: &[u8], names: &CookieNames) -> bool {
    let mut parts = line.split(|byte| *byte == b';').map(<[u8]>::trim_ascii);
    let name = parts.next().and_then(|pair| pair.strip_suffix(b"="));
    name.is_some_and(|name| names.ends_with_session(name)) && parts.any(deletes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_deletions_of_what_ends_with_the_session_are_passed_on() {
        let prefixed = CookieNames::with_prefix("b");
        let exact = CookieNames::exactly("sid", "b");
        for (line, of_prefixed, of_exact) in [
            (
                "b.session_token=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax",
                true,
                false,
            ),
            ("__Secure-b.session_token=; Max-Age=0; Secure", true, false),
            ("sid=; Max-Age=0", false, true),
            ("__Secure-sid=; Max-Age=0", false, false),
            ("b.session_data=; Max-Age=0", true, true),
            ("b.session_data.1=; Max-Age=0", true, true),
            ("__Secure-b.session_data=; max-age=0", true, true),
            ("b.dont_remember=; Max-Age=0", true, true),
            ("b.account_data=; Max-Age=0", true, true),
            ("b.account_data.0=; Max-Age=0", true, true),
            ("b.session_token=; Path=/", false, false),
            ("b.session_token=A; Max-Age=0", false, false),
            ("b.session_token=A; Max-Age=604800", false, false),
            ("b.session_data.x=; Max-Age=0", false, false),
            ("b.theme=; Max-Age=0", false, false),
            ("bb.session_data=; Max-Age=0", false, false),
            ("session_data=; Max-Age=0", false, false),
            ("cart=; Max-Age=0", false, false),
            ("=; Max-Age=0", false, false),
            ("", false, false),
        ] {
            let passes = |names| ends_with_session(line.as_bytes(), names);
            assert_eq!(passes(&prefixed), of_prefixed, "{line}");
            assert_eq!(passes(&exact), of_exact, "{line}");
        }
    }
}
