//! All of Better Auth's cookies in a request, for those that are passed on as they are.

use http::{HeaderMap, HeaderValue};

use super::{
    names::{CookieNames, OTHER_ACCOUNTS, Role},
    select::Selected,
};

/// Better Auth's cookies, and no other.
#[derive(Debug)]
pub(crate) struct Family {
    /// The `Cookie` header to send, marked as sensitive; `None` without any.
    pub(crate) header: Option<HeaderValue>,
    pub(crate) accounts: Accounts,
}

/// The accounts that the browser is signed in to, by the cookies that the multi-session plugin writes for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Accounts {
    /// There are no such cookies.
    None,
    /// Only that of the session's cookie, which the plugin writes a second time.
    InUse,
    /// Others as well, or it is for the server to say which one is in use.
    Others,
}

/// Finds the cookies whose names have Better Auth's prefix, and those named in `further`.
pub(crate) fn family(headers: &HeaderMap, names: &CookieNames, further: &[String]) -> Family {
    let selected = Selected::by_name(headers, |name| {
        names.is_of_family(name) || further.iter().any(|other| other.as_bytes() == name)
    });
    Family {
        accounts: selected
            .as_ref()
            .map_or(Accounts::None, |selected| accounts(selected, names)),
        header: selected.and_then(|selected| selected.header()),
    }
}

/// The cookie of one of the browser's accounts, by its token, as it is when that account is in use.
///
/// Duplicates and both spellings are kept in the order sent: the server decides which one it is.
pub(crate) fn account(
    headers: &HeaderMap,
    names: &CookieNames,
    token: &str,
) -> Option<HeaderValue> {
    let ending = [OTHER_ACCOUNTS, token.to_lowercase().as_bytes()].concat();
    let selected = Selected::by_name(headers, |name| {
        names.is_of_family(name) && name_in_use(name, &ending, names).is_some()
    })?;
    let pairs = selected.pairs().filter_map(|(name, value)| {
        let name = name_in_use(name, &ending, names)?;
        Some([name, b"=", value].concat())
    });
    let joined = pairs.collect::<Vec<_>>().join(b"; ".as_slice());
    let mut header = HeaderValue::from_bytes(&joined).ok()?;
    header.set_sensitive(true);
    Some(header)
}

/// The name of an account's cookie when that account is in use.
fn name_in_use<'a>(name: &'a [u8], ending: &[u8], names: &CookieNames) -> Option<&'a [u8]> {
    let name = name.strip_suffix(ending)?;
    (names.role(name) == Some(Role::Token)).then_some(name)
}

fn accounts(selected: &Selected<'_>, names: &CookieNames) -> Accounts {
    let in_use = in_use(selected, names);
    let accounts = selected
        .pairs()
        .filter(|(name, _)| names.is_of_family(name) && is_of_an_account(name))
        .map(|(_, value)| {
            if Some(value) == in_use {
                Accounts::InUse
            } else {
                Accounts::Others
            }
        });
    accounts.max().unwrap_or(Accounts::None)
}

fn is_of_an_account(name: &[u8]) -> bool {
    let mut parts = name.windows(OTHER_ACCOUNTS.len());
    parts.any(|part| part == OTHER_ACCOUNTS)
}

/// The session's cookie; `None` where it is for the server to say which one that is.
fn in_use<'a>(selected: &Selected<'a>, names: &CookieNames) -> Option<&'a [u8]> {
    let mut tokens = selected
        .pairs()
        .filter(|(name, _)| names.role(name) == Some(Role::Token))
        .map(|(_, token)| token);
    tokens
        .next()
        .filter(|first| tokens.all(|token| token == *first))
}

#[cfg(test)]
mod tests {
    use http::header;

    use super::*;

    fn of(lines: &[&str]) -> Family {
        let lines = lines
            .iter()
            .map(|line| (header::COOKIE, HeaderValue::from_str(line).unwrap()));
        let further = ["mine".to_owned()];
        family(&lines.collect(), &CookieNames::with_prefix("b"), &further)
    }

    #[test]
    fn the_cookies_of_the_app_stay_here_and_the_others_are_byte_for_byte_as_sent() {
        for (lines, expected) in [
            (
                &["b.session_token=x.y%2B%3D; theme=dark"][..],
                Some("b.session_token=x.y%2B%3D"),
            ),
            (&["_ga=1; b.state=s; b.pkce=p"], Some("b.state=s; b.pkce=p")),
            (
                &["b.state=1", "b.state=2; cart=3"],
                Some("b.state=1; b.state=2"),
            ),
            (
                &["b.state=\"a; mine=1; b.x=b\""],
                Some("b.state=\"a; mine=1; b.x=b\""),
            ),
            (&["b.state="], Some("b.state=")),
            (&["theme=dark; xb.state=1; b.state"], None),
            (&[""], None),
            (&[], None),
        ] {
            let header = of(lines).header;
            assert_eq!(
                header.as_ref().map(|header| header.to_str().unwrap()),
                expected,
                "{lines:?}"
            );
            assert!(header.is_none_or(|header| header.is_sensitive()));
        }
    }

    #[test]
    fn an_account_is_found_by_its_token_and_no_other_is() {
        let exact = CookieNames::exactly("sid", "b");
        let prefixed = CookieNames::with_prefix("b");
        for (names, line, expected) in [
            (
                &prefixed,
                "b.session_token=x; b.session_token_multi-abc=y%3D; b.session_token_multi-def=z",
                Some("b.session_token=y%3D"),
            ),
            (
                &prefixed,
                "__Secure-b.session_token_multi-abc=1; b.session_token_multi-abc=2; b.session_token_multi-abc=3",
                Some("__Secure-b.session_token=1; b.session_token=2; b.session_token=3"),
            ),
            (&exact, "sid_multi-abc=y", Some("sid=y")),
            (&exact, "b.session_token_multi-abc=y", None),
            (&prefixed, "b.session_token_multi-Abc=y", None),
            (&prefixed, "b.session_token_multi-xabc=y", None),
            (&prefixed, "b.dont_remember_multi-abc=y", None),
            (&prefixed, "b.session_token=x", None),
        ] {
            let headers = HeaderMap::from_iter([(header::COOKIE, line.parse().unwrap())]);
            let found = account(&headers, names, "aBc");
            assert_eq!(
                found.as_ref().map(|it| it.to_str().unwrap()),
                expected,
                "{line}"
            );
            assert!(found.is_none_or(|header| header.is_sensitive()));
        }
    }

    /// In the bytes of a header, the space that does not break.
    #[test]
    fn names_that_javascript_would_trim_stay_here() {
        let headers = |line: &[u8]| {
            let line = HeaderValue::from_bytes(line).unwrap();
            HeaderMap::from_iter([(header::COOKIE, line)])
        };
        let names = CookieNames::with_prefix("b");
        let sent = headers(b"b.session_token\xA0=y; b.session_token=x\xA0; b.\xA0=z");
        let header = family(&sent, &names, &[]).header;
        assert_eq!(header.unwrap(), b"b.session_token=x\xA0".as_slice());
        let sent = headers("b.session_token_multi-\u{e9}=y".as_bytes());
        assert_eq!(account(&sent, &names, "\u{e9}"), None);
    }

    /// A client chooses how many it sends. For each of them to be held against all others would take minutes.
    #[test]
    fn a_hundred_thousand_accounts_are_looked_at_in_one_go() {
        let line = "b.session_token_multi-=x; ".repeat(100_000) + "b.session_token=x";
        assert_eq!(of(&[&line]).accounts, Accounts::InUse);
    }

    #[test]
    fn further_accounts_are_seen_in_better_auths_own_cookies_only() {
        for (line, expected) in [
            (
                "b.session_token=x; b.session_token_multi-abc=y",
                Accounts::Others,
            ),
            (
                "__Secure-b.session_token=x; __Secure-b.session_token_multi-abc=y",
                Accounts::Others,
            ),
            ("b.session_token=x", Accounts::None),
            (
                "b.session_token=x; theme_multi-abc=y; mine=_multi-",
                Accounts::None,
            ),
            // The account in use, and another one beside it.
            (
                "b.session_token=x; b.session_token_multi-abc=x",
                Accounts::InUse,
            ),
            (
                "b.session_token=x; b.session_token_multi-abc=x; b.dont_remember=z",
                Accounts::InUse,
            ),
            (
                "b.session_token_multi-abc=x; b.session_token_multi-def=y; b.session_token=x",
                Accounts::Others,
            ),
            ("b.session_token_multi-abc=x", Accounts::Others),
            (
                "b.session_token=x; b.session_token_multi-abc=x; b.session_token=x",
                Accounts::InUse,
            ),
            // Which one is in use is for the server to say.
            (
                "b.session_token=x; b.session_token=y; b.session_token_multi-abc=x",
                Accounts::Others,
            ),
            (
                "b.session_token=y; b.session_token=x; b.session_token_multi-abc=x",
                Accounts::Others,
            ),
            (
                "b.session_token=y; __Secure-b.session_token=x; b.session_token_multi-abc=x",
                Accounts::Others,
            ),
        ] {
            assert_eq!(of(&[line]).accounts, expected, "{line}");
        }
    }
}
