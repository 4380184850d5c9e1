//! How better-call, Better Auth's router, reads a `Cookie` header, in which each character stands for a byte.
//!
//! Written anew from its behaviour; `cookies::differential` holds it against the real one.

/// Names and values in the order sent: of two with one name the first, as it is read.
pub(crate) fn parse(header: &str) -> Vec<(String, String)> {
    let mut cookies: Vec<(String, String)> = Vec::new();
    for pair in header.split(';') {
        let Some((name, value)) = pair.split_once('=') else {
            continue;
        };
        let name = trim(name);
        if !cookies.iter().any(|(known, _)| known == name) {
            cookies.push((name.to_owned(), decode(unquote(trim(value)))));
        }
    }
    cookies
}

/// As `String.prototype.trim`, for characters below U+0100.
pub(crate) fn trim(text: &str) -> &str {
    text.trim_matches(['\t', '\n', '\u{b}', '\u{c}', '\r', ' ', '\u{a0}'])
}

/// Whatever the last character is.
fn unquote(value: &str) -> &str {
    let Some(quoted) = value.strip_prefix('"') else {
        return value;
    };
    let mut chars = quoted.chars();
    chars.next_back();
    chars.as_str()
}

/// As `decodeURIComponent`, or not at all.
fn decode(value: &str) -> String {
    try_decode(value).unwrap_or_else(|| value.to_owned())
}

fn try_decode(value: &str) -> Option<String> {
    let (mut decoded, mut rest) = (String::new(), value);
    while let Some(start) = rest.find('%') {
        decoded.push_str(&rest[..start]);
        rest = &rest[start..];
        let mut bytes = Vec::new();
        while let Some(escaped) = rest.strip_prefix('%') {
            let digits = escaped.get(..2)?;
            let is_hex = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
            bytes.push(is_hex.then(|| u8::from_str_radix(digits, 16).unwrap())?);
            rest = &escaped[2..];
        }
        decoded.push_str(str::from_utf8(&bytes).ok()?);
    }
    Some(decoded + rest)
}
