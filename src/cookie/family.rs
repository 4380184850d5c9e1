//! All of Better Auth's cookies in a request, for those that are passed on as they are.

use http::{HeaderMap, HeaderValue};

use super::{
    names::{CookieNames, OTHER_ACCOUNTS},
    select::Selected,
};

/// Better Auth's cookies, and no other.
#[derive(Debug)]
pub(crate) struct Family {
    /// The `Cookie` header to send, marked as sensitive; `None` without any.
    pub(crate) header: Option<HeaderValue>,
    /// Whether the browser is signed in to further accounts as well.
    pub(crate) has_other_accounts: bool,
}

/// Finds the cookies whose names have Better Auth's prefix, and those named in `further`.
pub(crate) fn family(headers: &HeaderMap, names: &CookieNames, further: &[String]) -> Family {
    let mut has_other_accounts = false;
    let selected = Selected::by_name(headers, |name| {
        let is_of_family = names.is_of_family(name);
        has_other_accounts |= is_of_family
            && name
                .windows(OTHER_ACCOUNTS.len())
                .any(|part| part == OTHER_ACCOUNTS);
        is_of_family || further.iter().any(|other| other.as_bytes() == name)
    });
    Family {
        header: selected.and_then(|selected| selected.header()),
        has_other_accounts,
    }
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
    fn further_accounts_are_seen_in_better_auths_own_cookies_only() {
        assert!(of(&["b.session_token_multi-abc=x"]).has_other_accounts);
        assert!(of(&["__Secure-b.session_token_multi-abc=x"]).has_other_accounts);
        assert!(!of(&["b.session_token=x"]).has_other_accounts);
        assert!(!of(&["theme_multi-abc=x; mine=_multi-"]).has_other_accounts);
    }
}
