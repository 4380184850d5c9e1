//! The names of Better Auth's cookies.

/// What Better Auth puts in front of every cookie name when it runs behind https.
const SECURE: &[u8] = b"__Secure-";

/// What an application may have put in front instead.
#[cfg(feature = "proxy")]
const HOST: &[u8] = b"__Host-";

/// What stands behind the session cookie's name in those of further accounts, with the multi-session plugin.
#[cfg(feature = "proxy")]
pub(super) const OTHER_ACCOUNTS: &[u8] = b"_multi-";

/// The names that may be forwarded.
#[derive(Clone, Debug)]
pub(crate) struct CookieNames {
    token: TokenName,
    dont_remember: Option<Vec<u8>>,
    session_data: Option<Vec<u8>>,
    /// `<prefix>.`, with which the names of all of Better Auth's cookies begin.
    family: Vec<u8>,
}

#[derive(Clone, Debug)]
enum TokenName {
    /// With and without `__Secure-`: the server reads the one it is configured for.
    EitherSpelling(Vec<u8>),
    Exactly(Vec<u8>),
}

/// What a cookie is to Better Auth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// The session token: without one, a request is anonymous.
    Token,
    /// Travels with the token and means nothing without it.
    Companion,
}

impl CookieNames {
    /// `<prefix>.session_token` and `<prefix>.dont_remember`, both with and without `__Secure-`.
    pub(crate) fn with_prefix(prefix: &str) -> Self {
        let name = |key: &str| format!("{prefix}.{key}").into_bytes();
        Self {
            token: TokenName::EitherSpelling(name("session_token")),
            dont_remember: Some(name("dont_remember")),
            session_data: None,
            family: name(""),
        }
    }

    /// One cookie name in full, and nothing else; `prefix` is that of the server's other cookies.
    pub(crate) fn exactly(name: &str, prefix: &str) -> Self {
        Self {
            token: TokenName::Exactly(name.as_bytes().to_vec()),
            dont_remember: None,
            session_data: None,
            family: format!("{prefix}.").into_bytes(),
        }
    }

    /// Also `<prefix>.session_data` and its chunks.
    pub(crate) fn and_session_data(mut self) -> Self {
        self.session_data = Some(self.sibling("session_data"));
        self
    }

    /// Also `<prefix>.dont_remember`, which keeps a session from being prolonged.
    pub(crate) fn and_dont_remember(mut self) -> Self {
        self.dont_remember = Some(self.sibling("dont_remember"));
        self
    }

    fn sibling(&self, key: &str) -> Vec<u8> {
        [&self.family, key.as_bytes()].concat()
    }

    /// Whether it is one of Better Auth's cookies: of a session, of a sign-in under way, of a plugin.
    ///
    /// Its names are printable ASCII. Other bytes may be white space to the server, which trims a name and reads another one.
    #[cfg(feature = "proxy")]
    pub(super) fn is_of_family(&self, name: &[u8]) -> bool {
        if !name.iter().all(u8::is_ascii_graphic) {
            return false;
        }
        let plain = name
            .strip_prefix(SECURE)
            .or_else(|| name.strip_prefix(HOST))
            .unwrap_or(name);
        let TokenName::Exactly(token) = &self.token else {
            return plain.starts_with(&self.family);
        };
        plain.starts_with(&self.family)
            || name
                .strip_prefix(token.as_slice())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(OTHER_ACCOUNTS))
    }

    /// Whether it is the session cookie's name.
    pub(crate) fn is_token(&self, name: &str) -> bool {
        self.role(name.as_bytes()) == Some(Role::Token)
    }

    /// The session cookie's name as it is configured, without `__Secure-` where either spelling counts.
    pub(crate) fn token(&self) -> String {
        let (TokenName::EitherSpelling(name) | TokenName::Exactly(name)) = &self.token;
        String::from_utf8_lossy(name).into_owned()
    }

    /// Whether one name was given in full.
    pub(crate) fn is_exact(&self) -> bool {
        matches!(self.token, TokenName::Exactly(_))
    }

    pub(super) fn role(&self, name: &[u8]) -> Option<Role> {
        let plain = name.strip_prefix(SECURE).unwrap_or(name);
        let is_token = match &self.token {
            TokenName::EitherSpelling(token) => plain == token,
            TokenName::Exactly(token) => name == token,
        };
        if is_token {
            return Some(Role::Token);
        }
        let is_companion =
            self.dont_remember.as_deref() == Some(plain) || self.is_session_data(name);
        is_companion.then_some(Role::Companion)
    }

    /// Whether it belongs to the cookie cache, and that is trusted.
    pub(super) fn is_session_data(&self, name: &[u8]) -> bool {
        let plain = name.strip_prefix(SECURE).unwrap_or(name);
        matches!(&self.session_data, Some(data) if is_or_is_chunk_of(plain, data))
    }

    /// Whether a cookie of this name means nothing once the session is over, forwarded or not.
    pub(super) fn ends_with_session(&self, name: &[u8]) -> bool {
        let plain = name.strip_prefix(SECURE).unwrap_or(name);
        let key = plain.strip_prefix(&*self.family);
        let is_sibling = key.is_some_and(|key| {
            key == b"dont_remember"
                || is_or_is_chunk_of(key, b"session_data")
                || is_or_is_chunk_of(key, b"account_data")
        });
        is_sibling || self.role(name).is_some()
    }
}

/// Better Auth splits a large `session_data` into `session_data.0`, `session_data.1` and so on.
fn is_or_is_chunk_of(name: &[u8], data: &[u8]) -> bool {
    match name.strip_prefix(data) {
        Some([]) => true,
        Some([b'.', index @ ..]) => !index.is_empty() && index.iter().all(u8::is_ascii_digit),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(feature = "proxy")]
    #[test]
    fn a_family_is_all_that_has_the_prefix_and_nothing_else() {
        let prefixed = CookieNames::with_prefix("app");
        let exact = CookieNames::exactly("sid", "app");
        for (name, by_prefix, by_name) in [
            ("app.session_token", true, true),
            ("__Secure-app.state", true, true),
            ("__Host-app.state", true, true),
            ("app.two_factor", true, true),
            ("app.session_token_multi-abc", true, true),
            ("app.session_data.0", true, true),
            ("sid", false, true),
            ("sid_multi-abc", false, true),
            ("sid2", false, false),
            ("__Secure-sid", false, false),
            ("App.state", false, false),
            ("xapp.state", false, false),
            ("app", false, false),
            ("app_state", false, false),
            ("better-auth.state", false, false),
            ("__secure-app.state", false, false),
            ("__Secure-__Secure-app.state", false, false),
            ("app.!~", true, true),
            // What JavaScript trims, in this encoding or that.
            ("app.state\u{a0}", false, false),
            ("app.state\u{feff}", false, false),
            ("app.state\u{b}", false, false),
            ("app.state\u{7f}", false, false),
            ("app.sta te", false, false),
            ("sid_multi-abc\u{a0}", false, false),
        ] {
            let is_of = |names: &CookieNames| names.is_of_family(name.as_bytes());
            assert_eq!(
                (is_of(&prefixed), is_of(&exact)),
                (by_prefix, by_name),
                "{name}"
            );
        }
    }

    #[test]
    fn names_are_compared_byte_for_byte() {
        let prefixed = CookieNames::with_prefix("better-auth");
        let exact = CookieNames::exactly("sid", "better-auth");
        let cached = CookieNames::with_prefix("app").and_session_data();
        let cases: [(&CookieNames, &[u8], Option<Role>); 24] = [
            (&prefixed, b"better-auth.session_token", Some(Role::Token)),
            (
                &prefixed,
                b"__Secure-better-auth.session_token",
                Some(Role::Token),
            ),
            (
                &prefixed,
                b"better-auth.dont_remember",
                Some(Role::Companion),
            ),
            (
                &prefixed,
                b"__Secure-better-auth.dont_remember",
                Some(Role::Companion),
            ),
            (&prefixed, b"better-auth.session_data", None),
            (&prefixed, b"__Host-better-auth.session_token", None),
            (&prefixed, b"__secure-better-auth.session_token", None),
            (
                &prefixed,
                b"__Secure-__Secure-better-auth.session_token",
                None,
            ),
            (&prefixed, b"Better-Auth.session_token", None),
            (&prefixed, b"better-auth.session%5Ftoken", None),
            (&prefixed, b"better-auth.session_token_multi-x", None),
            (&prefixed, b"better-auth_session_token", None),
            (&prefixed, b"\xA0better-auth.session_token", None),
            (&prefixed, b"", None),
            (&exact, b"sid", Some(Role::Token)),
            (&exact, b"__Secure-sid", None),
            (&exact, b"better-auth.session_token", None),
            (&exact, b"better-auth.dont_remember", None),
            (&cached, b"app.session_data", Some(Role::Companion)),
            (
                &cached,
                b"__Secure-app.session_data.12",
                Some(Role::Companion),
            ),
            (&cached, b"app.session_data.", None),
            (&cached, b"app.session_data.1x", None),
            (&cached, b"app.session_data1", None),
            (&cached, b"better-auth.session_token", None),
        ];
        for (names, name, expected) in cases {
            assert_eq!(
                names.role(name),
                expected,
                "{:?}",
                String::from_utf8_lossy(name)
            );
        }
    }

    #[test]
    fn the_session_cookie_has_the_name_that_was_set() {
        let prefixed = CookieNames::with_prefix("app").token();
        assert_eq!(prefixed, "app.session_token");
        assert_eq!(CookieNames::exactly("sid", "better-auth").token(), "sid");
    }

    #[test]
    fn with_an_exact_name_the_cookie_cache_is_still_found_by_its_prefix() {
        let names = CookieNames::exactly("sid", "better-auth").and_session_data();
        assert_eq!(
            names.role(b"better-auth.session_data.0"),
            Some(Role::Companion)
        );
        assert_eq!(names.role(b"better-auth.dont_remember"), None);
    }

    #[test]
    fn with_an_exact_name_what_keeps_a_session_short_is_found_by_its_prefix_if_told() {
        let names = CookieNames::exactly("sid", "app").and_dont_remember();
        for name in [
            b"app.dont_remember".as_slice(),
            b"__Secure-app.dont_remember",
        ] {
            assert_eq!(names.role(name), Some(Role::Companion));
        }
        assert_eq!(names.role(b"better-auth.dont_remember"), None);
    }
}
