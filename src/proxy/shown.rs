//! The credentials of a request, by which it is found out whose session it changes.

use http::{HeaderMap, header};

use super::evict::{Change, session_token};
use crate::{
    cookie::{self, Accounts, CookieNames},
    credential::{API_KEY, is_bearer},
};

/// Leaves of the credentials only those that the auth server goes by, so that it is found out whom it takes this for.
///
/// `sent` is what it gets: `Connection` may have listed some of them. `body` is that of a change that is named there.
pub(super) fn leave_what_counts(
    headers: &mut HeaderMap,
    sent: &HeaderMap,
    change: Change,
    names: &CookieNames,
    body: &[u8],
) -> Change {
    for name in [header::AUTHORIZATION, API_KEY] {
        if !sent.contains_key(&name) {
            headers.remove(name);
        }
    }
    match change {
        Change::SignOut => {
            // It reads the cookie only.
            headers.remove(API_KEY);
            change
        }
        Change::Account => leave_account(headers, names, body),
        _ => change,
    }
}

/// Leaves only the credential of the account whose session the body names.
///
/// Where there is none the auth server refuses. Should it find what is not found here, somebody has named a cookie of their own
/// so that it is overlooked: that shall not cost others a check.
fn leave_account(headers: &mut HeaderMap, names: &CookieNames, body: &[u8]) -> Change {
    let cookie = session_token(body).and_then(|token| cookie::account(headers, names, &token));
    let Some(cookie) = cookie else {
        return Change::Ending;
    };
    headers.remove(header::AUTHORIZATION);
    headers.remove(API_KEY);
    headers.insert(header::COOKIE, cookie);
    Change::Account
}

/// Whether a browser with these accounts is signed in to others than the one whose session counts.
pub(super) fn has_other_accounts(headers: &HeaderMap, accounts: Accounts) -> bool {
    match accounts {
        Accounts::None => false,
        // A bearer token takes the place of the session's cookie. That of its account stays.
        Accounts::InUse => headers
            .get(header::AUTHORIZATION)
            .is_some_and(|value| is_bearer(value.as_bytes())),
        Accounts::Others => true,
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};

    use super::*;

    #[test]
    fn the_account_is_the_one_whose_token_the_body_names() {
        let names = CookieNames::with_prefix("b");
        for (body, expected) in [
            (r#"{"sessionToken":"Abc"}"#, Some("b.session_token=y")),
            (r#"{"sessionToken":"other"}"#, None),
            (r#"{"sessionToken":""}"#, None),
            (r#"{"sessionToken":7}"#, None),
            (r#"{"token":"Abc"}"#, None),
            ("sessionToken=Abc", None),
        ] {
            let sent = HeaderMap::from_iter([
                (
                    header::COOKIE,
                    "b.session_token=x; b.session_token_multi-abc=y; b.dont_remember=z"
                        .parse()
                        .unwrap(),
                ),
                (header::AUTHORIZATION, "Bearer t".parse().unwrap()),
                (API_KEY, "k".parse().unwrap()),
                (header::ORIGIN, "https://app.example".parse().unwrap()),
            ]);
            let mut headers = sent.clone();
            let change = leave_account(&mut headers, &names, body.as_bytes());
            let Some(expected) = expected else {
                assert_eq!((change, headers), (Change::Ending, sent), "{body}");
                continue;
            };
            assert_eq!(change, Change::Account);
            assert_eq!(headers[header::COOKIE], expected);
            assert_eq!(headers.len(), 2, "{headers:?}");
        }
    }

    #[test]
    fn what_counts_is_what_is_sent_and_to_a_sign_out_no_api_key() {
        const BOTH: [&str; 2] = ["authorization", "x-api-key"];
        let names = CookieNames::with_prefix("b");
        let headers = |names: &[&'static str]| -> HeaderMap {
            let value = HeaderValue::from_static("x");
            names
                .iter()
                .map(|name| (HeaderName::from_static(name), value.clone()))
                .collect()
        };
        for (change, sent, left) in [
            (Change::Caller, &BOTH[..], &BOTH[..]),
            (Change::Ending, &["x-api-key"], &["x-api-key"]),
            (Change::Caller, &["authorization"], &["authorization"]),
            (Change::SignOut, &BOTH, &["authorization"]),
        ] {
            let mut shown = headers(&["authorization", "x-api-key", "x-real-ip"]);
            let same = leave_what_counts(&mut shown, &headers(sent), change, &names, b"");
            assert_eq!(same, change);
            assert_eq!(shown.remove("x-real-ip").unwrap(), "x");
            assert_eq!(shown, headers(left), "{change:?} {sent:?}");
        }
    }

    #[test]
    fn beside_a_bearer_token_the_account_in_use_is_another_one() {
        for (accounts, authorization, expected) in [
            (Accounts::None, "Bearer t", false),
            (Accounts::InUse, "bearer t", true),
            (Accounts::InUse, "Basic t", false),
            (Accounts::Others, "", true),
        ] {
            let shown = (header::AUTHORIZATION, authorization.parse().unwrap());
            let headers = HeaderMap::from_iter([shown]);
            assert_eq!(
                has_other_accounts(&headers, accounts),
                expected,
                "{accounts:?} {authorization}"
            );
        }
        assert!(!has_other_accounts(&HeaderMap::new(), Accounts::InUse));
    }
}
