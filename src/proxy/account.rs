//! One of the accounts that a browser is signed in to, with the multi-session plugin.

use http::{HeaderMap, header};

use super::evict::{Change, session_token};
use crate::{
    cookie::{self, CookieNames},
    credential::API_KEY,
};

/// Leaves of the credentials only those of the account whose session the body names, so that it is found out who that is.
///
/// Where there are none the auth server refuses. Should it find what is not found here, somebody has named a cookie of their own
/// so that it is overlooked: that shall not cost others a check.
pub(super) fn show_alone(headers: &mut HeaderMap, names: &CookieNames, body: &[u8]) -> Change {
    let cookie = session_token(body).and_then(|token| cookie::account(headers, names, &token));
    let Some(cookie) = cookie else {
        return Change::Ending;
    };
    headers.remove(header::AUTHORIZATION);
    headers.remove(API_KEY);
    headers.insert(header::COOKIE, cookie);
    Change::Account
}

#[cfg(test)]
mod tests {
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
            let change = show_alone(&mut headers, &names, body.as_bytes());
            let Some(expected) = expected else {
                assert_eq!((change, headers), (Change::Ending, sent), "{body}");
                continue;
            };
            assert_eq!(change, Change::Account);
            assert_eq!(headers[header::COOKIE], expected);
            assert_eq!(headers.len(), 2, "{headers:?}");
        }
    }
}
