//! The cookies of the server: what they are called, how they are signed, read and set.

use std::hash::{BuildHasher, RandomState};

use http::{HeaderMap, HeaderValue, header};
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// Better Auth's default name.
const SESSION_COOKIE: &str = "better-auth.session_token";

pub(super) struct Cookies {
    /// The name of the session cookie.
    session: String,
    /// A secret of the server.
    key: RandomState,
}

impl Default for Cookies {
    fn default() -> Self {
        Self {
            session: SESSION_COOKIE.to_owned(),
            key: RandomState::new(),
        }
    }
}

impl Cookies {
    /// # Panics
    ///
    /// When no cookie can have that name.
    pub(super) fn rename(&mut self, name: &str) {
        let is_name = !name.is_empty()
            && name
                .bytes()
                .all(|byte| byte.is_ascii_graphic() && !b"=;,\"".contains(&byte));
        assert!(is_name, "no cookie can be called {name:?}");
        name.clone_into(&mut self.session);
    }

    /// What a browser sends as `Cookie`.
    pub(super) fn crumb(&self, token: &str) -> HeaderValue {
        ascii(&format!("{}={}", self.session, self.sign(token)))
    }

    /// What an app sends as `Authorization`.
    pub(super) fn bearer(token: &str) -> HeaderValue {
        ascii(&format!("Bearer {token}"))
    }

    /// The session cookie as it is set. Without an age it ends with the browser.
    pub(super) fn set(&self, token: &str, max_age: Option<u64>) -> HeaderValue {
        self.line(&self.session, &self.sign(token), max_age)
    }

    /// The cookie that keeps a session short.
    pub(super) fn set_dont_remember(&self) -> HeaderValue {
        self.line(&self.sibling("dont_remember"), &self.sign("true"), None)
    }

    /// What takes a session from the browser.
    pub(super) fn unset(&self) -> [HeaderValue; 3] {
        [
            self.session.clone(),
            self.sibling("session_data"),
            self.sibling("dont_remember"),
        ]
        .map(|name| self.line(&name, "", Some(0)))
    }

    /// The token that a request shows and this server has signed. A token after `Bearer` counts without a signature,
    /// and before the cookie, as with the bearer plugin.
    pub(super) fn token(&self, headers: &HeaderMap) -> Option<String> {
        let bearer = bearer(headers).and_then(|value| {
            if value.contains('.') {
                self.verified(value)
            } else {
                Some(value.to_owned())
            }
        });
        bearer.or_else(|| self.verified(find(headers, &self.session)?))
    }

    pub(super) fn is_short(&self, headers: &HeaderMap) -> bool {
        let value = find(headers, &self.sibling("dont_remember"));
        value.and_then(|value| self.verified(value)).as_deref() == Some("true")
    }

    /// The name of another cookie of the same server.
    fn sibling(&self, name: &str) -> String {
        let prefix = self.session.strip_suffix("session_token");
        format!("{}{name}", prefix.unwrap_or("better-auth."))
    }

    fn line(&self, name: &str, value: &str, max_age: Option<u64>) -> HeaderValue {
        let max_age = max_age.map_or(String::new(), |seconds| format!("; Max-Age={seconds}"));
        let is_secure = self.session.starts_with("__Secure-");
        let secure = if is_secure { "; Secure" } else { "" };
        ascii(&format!(
            "{name}={value}{max_age}; Path=/; HttpOnly{secure}; SameSite=Lax"
        ))
    }

    /// As it stands in a cookie: percent-encoded.
    fn sign(&self, text: &str) -> String {
        let signature = self.signature(text);
        let signature = utf8_percent_encode(&signature, NON_ALPHANUMERIC);
        format!("{text}.{signature}")
    }

    /// The text before a good signature. Quoted or not, percent-encoded or not, as with Better Auth.
    fn verified(&self, value: &str) -> Option<String> {
        let value = value
            .strip_prefix('"')
            .map_or(value, |rest| rest.strip_suffix('"').unwrap_or(rest));
        let value = percent_decode_str(value).decode_utf8().ok()?;
        let (text, signature) = value.rsplit_once('.')?;
        (signature == self.signature(text)).then(|| text.to_owned())
    }

    /// Of the form that Better Auth's have. Good for made-up sessions, not for real ones.
    fn signature(&self, text: &str) -> String {
        let letters = (0..43).map(|place| letter(self.key.hash_one((text, place))));
        letters.chain(['=']).collect()
    }
}

/// Letters and digits that nobody has seen before.
pub(super) fn random_text(length: usize) -> String {
    let seed = RandomState::new();
    (0..length)
        .map(|place| letter(seed.hash_one(place)))
        .collect()
}

fn letter(random: u64) -> char {
    const LETTERS: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let place = random % LETTERS.len() as u64;
    char::from(LETTERS[usize::try_from(place).unwrap_or_default()])
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, value) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| value.trim())
}

/// The first cookie of that name, as the server's parser takes it.
fn find<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    crumbs(headers)
        .find(|(known, _)| *known == name)
        .map(|(_, value)| value)
}

/// Names and values of all cookies of a request, in order.
pub(super) fn crumbs(headers: &HeaderMap) -> impl Iterator<Item = (&str, &str)> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, value)| (name.trim(), value.trim()))
}

fn ascii(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).expect("names, letters, digits and percent signs")
}
