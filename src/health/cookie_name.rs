//! What the auth server's session cookie is called, read from the cookies that its sign-out deletes.

use http::{HeaderMap, header};

use crate::cookie::CookieNames;

/// What follows from the names.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum CookieName {
    /// It is forwarded.
    Fits(String),
    /// It is not, and what to do about it.
    Differs(String),
    Unknown,
}

const KEY: &str = ".session_token";

pub(super) fn read(headers: &HeaderMap, configured: &CookieNames) -> CookieName {
    let deleted = deleted(headers);
    if let Some(name) = deleted.iter().find(|name| configured.is_token(name)) {
        return CookieName::Fits((*name).to_owned());
    }
    // With a name of its own, it is the one that Better Auth deletes first.
    let by_key = deleted.iter().find(|name| name.ends_with(KEY));
    match by_key.or_else(|| deleted.first()) {
        Some(name) => CookieName::Differs(differs(name, configured)),
        None => CookieName::Unknown,
    }
}

fn differs(name: &str, configured: &CookieNames) -> String {
    let plain = name.strip_prefix("__Secure-").unwrap_or(name);
    let fix = match plain.strip_suffix(KEY) {
        Some(prefix) if !configured.is_exact() => format!("set `cookie_prefix` to `{prefix}`"),
        _ => format!("set `session_cookie` to `{name}`"),
    };
    format!(
        "the auth server calls its session cookie `{name}`, and only `{}` would be forwarded: {fix}",
        configured.token()
    )
}

/// The names in `Set-Cookie` lines that delete, in their order.
fn deleted(headers: &HeaderMap) -> Vec<&str> {
    let lines = headers.get_all(header::SET_COOKIE).iter();
    lines
        .filter_map(|line| {
            let (pair, attributes) = line.to_str().ok()?.split_once(';')?;
            let deletes = |attribute: &str| attribute.trim().eq_ignore_ascii_case("max-age=0");
            let name = pair.strip_suffix('=')?.trim();
            attributes.split(';').any(deletes).then_some(name)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_lines(lines: &[&str], configured: &CookieNames) -> CookieName {
        let value = |line: &&str| (header::SET_COOKIE, line.parse().unwrap());
        read(&lines.iter().map(value).collect(), configured)
    }

    #[test]
    fn a_cookie_that_is_forwarded_fits_in_either_spelling() {
        let default = CookieNames::with_prefix("better-auth");
        let exact = CookieNames::exactly("sid", "better-auth");
        for (name, configured) in [
            ("better-auth.session_token", &default),
            ("__Secure-better-auth.session_token", &default),
            ("sid", &exact),
        ] {
            let lines = [
                "other=; Max-Age=0",
                &format!("{name}=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax"),
                "better-auth.session_data=; Max-Age=0; Path=/",
            ];
            assert_eq!(
                read_lines(&lines, configured),
                CookieName::Fits(name.to_owned())
            );
        }
    }

    #[test]
    fn one_that_is_not_is_named_with_the_setting_that_forwards_it() {
        let default = CookieNames::with_prefix("better-auth");
        let exact = CookieNames::exactly("better-auth.session_token", "better-auth");
        for (names, configured, fix) in [
            (
                ["app.session_token", "app.session_data"],
                &default,
                "set `cookie_prefix` to `app`",
            ),
            (
                ["__Secure-app.session_token", "__Secure-app.session_data"],
                &default,
                "set `cookie_prefix` to `app`",
            ),
            (
                ["sid", "better-auth.session_data"],
                &default,
                "set `session_cookie` to `sid`",
            ),
            (
                [
                    "__Secure-better-auth.session_token",
                    "__Secure-better-auth.session_data",
                ],
                &exact,
                "set `session_cookie` to `__Secure-better-auth.session_token`",
            ),
        ] {
            let [token, data] = names.map(|name| format!("{name}=; Max-Age=0; Path=/"));
            let CookieName::Differs(message) = read_lines(&[&token, &data], configured) else {
                panic!("{names:?} is not what is configured");
            };
            assert!(
                message.contains(&format!("cookie `{}`", names[0])),
                "{message}"
            );
            assert!(message.ends_with(fix), "{message}");
        }
    }

    #[test]
    fn cookies_that_are_set_say_nothing() {
        let configured = CookieNames::with_prefix("better-auth");
        for lines in [
            &[] as &[&str],
            &["better-auth.session_token"],
            &["better-auth.session_token=A; Max-Age=0"],
            &[
                "visitor=1; Max-Age=600",
                "better-auth.session_token=; Path=/",
            ],
        ] {
            assert_eq!(
                read_lines(lines, &configured),
                CookieName::Unknown,
                "{lines:?}"
            );
        }
    }
}
