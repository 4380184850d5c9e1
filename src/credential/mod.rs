//! What leaves a request for the auth server, and nothing else does.

mod companions;

use http::{HeaderMap, HeaderName, HeaderValue, header};

pub(crate) use self::companions::{Companions, REQUEST_ID, TRACEPARENT};
use crate::cookie::{self, CookieNames, Cookies};

/// The header of Better Auth's API key plugin.
pub(crate) const API_KEY: HeaderName = HeaderName::from_static("x-api-key");

/// The bytes that prove who is calling. They decide the answer; every one of them is sensitive.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Credential {
    pub(crate) cookie: Option<HeaderValue>,
    pub(crate) authorization: Option<HeaderValue>,
    pub(crate) api_key: Option<HeaderValue>,
}

/// What a request shows for itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Presented {
    Nothing,
    /// A credential that is refused without a call.
    Unusable(Unusable),
    Credential {
        credential: Credential,
        ambiguous: bool,
    },
}

/// All that one request gives to a call to the auth server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Inquiry {
    pub(crate) presented: Presented,
    pub(crate) companions: Companions,
}

/// Why a credential is refused without a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unusable {
    TooLarge,
    Ambiguous,
}

/// What to do with a request in which one cookie name comes twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ambiguity {
    LetTheServerDecide,
    Reject,
}

/// Whether a header that may carry a credential is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Acceptance {
    Ignored,
    Accepted,
}

/// Which credentials count.
#[derive(Clone, Debug)]
pub(crate) struct CredentialPolicy {
    pub(crate) cookies: CookieNames,
    /// The most bytes of credentials that are forwarded.
    pub(crate) limit: usize,
    pub(crate) ambiguity: Ambiguity,
    pub(crate) bearer: Acceptance,
    pub(crate) api_key: Acceptance,
}

impl CredentialPolicy {
    /// Reads what `headers` present. Pure, and linear in their length.
    pub(crate) fn read(&self, headers: &HeaderMap) -> Presented {
        let (cookie, ambiguous) = match cookie::select(headers, &self.cookies, self.limit) {
            Cookies::Absent => (None, false),
            Cookies::TooLarge => return Presented::Unusable(Unusable::TooLarge),
            Cookies::Found { header, ambiguous } => (Some(header), ambiguous),
        };
        if ambiguous && self.ambiguity == Ambiguity::Reject {
            return Presented::Unusable(Unusable::Ambiguous);
        }
        let credential = Credential {
            cookie,
            authorization: self.bearer.read(headers, &header::AUTHORIZATION, is_bearer),
            api_key: self
                .api_key
                .read(headers, &API_KEY, |value| !value.is_empty()),
        };
        match credential.len() {
            0 => Presented::Nothing,
            length if length > self.limit => Presented::Unusable(Unusable::TooLarge),
            _ => Presented::Credential {
                credential,
                ambiguous,
            },
        }
    }

    /// The request headers that an answer may depend on, for `Vary`.
    pub(crate) fn vary(&self) -> Vec<&'static str> {
        let mut vary = vec!["Cookie"];
        if self.bearer == Acceptance::Accepted {
            vary.push("Authorization");
        }
        if self.api_key == Acceptance::Accepted {
            vary.push("X-Api-Key");
        }
        vary
    }
}

impl Acceptance {
    /// The first line of that name, as Node gives it to Better Auth, if it is one that counts.
    fn read(
        self,
        headers: &HeaderMap,
        name: &HeaderName,
        counts: fn(&[u8]) -> bool,
    ) -> Option<HeaderValue> {
        match self {
            Self::Ignored => None,
            Self::Accepted => {
                let mut value = headers
                    .get(name)
                    .filter(|value| counts(value.as_bytes()))?
                    .clone();
                value.set_sensitive(true);
                Some(value)
            }
        }
    }
}

impl Credential {
    /// Whether the session is that of the cookie. To a client that shows a token, a cookie would be a second credential,
    /// which its browser sends without being told.
    pub(crate) fn is_cookie_alone(&self) -> bool {
        self.authorization.is_none() && self.api_key.is_none()
    }

    fn len(&self) -> usize {
        [&self.cookie, &self.authorization, &self.api_key]
            .into_iter()
            .flatten()
            .map(HeaderValue::len)
            .sum()
    }
}

/// Whether it is the scheme `Bearer`, in any case, with something behind it
/// ([RFC 6750, 2.1](https://www.rfc-editor.org/rfc/rfc6750#section-2.1)).
fn is_bearer(value: &[u8]) -> bool {
    const SCHEME: &[u8] = b"bearer ";
    value.len() > SCHEME.len()
        && value[..SCHEME.len()].eq_ignore_ascii_case(SCHEME)
        && value[SCHEME.len()..].iter().any(|byte| *byte != b' ')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(bearer: Acceptance, api_key: Acceptance) -> CredentialPolicy {
        CredentialPolicy {
            cookies: CookieNames::with_prefix("b"),
            limit: 100,
            ambiguity: Ambiguity::LetTheServerDecide,
            bearer,
            api_key,
        }
    }

    fn headers(lines: &[(&'static str, &str)]) -> HeaderMap {
        lines
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap()))
            .collect()
    }

    fn shown(
        policy: &CredentialPolicy,
        lines: &[(&'static str, &str)],
    ) -> Option<[Option<String>; 3]> {
        let text =
            |value: Option<HeaderValue>| value.map(|value| value.to_str().unwrap().to_owned());
        match policy.read(&headers(lines)) {
            Presented::Credential { credential, .. } => Some(
                [
                    credential.cookie,
                    credential.authorization,
                    credential.api_key,
                ]
                .map(text),
            ),
            Presented::Nothing | Presented::Unusable(_) => None,
        }
    }

    #[test]
    fn a_credential_that_is_off_is_ignored() {
        let off = policy(Acceptance::Ignored, Acceptance::Ignored);
        assert_eq!(
            shown(&off, &[("authorization", "Bearer A"), ("x-api-key", "K")]),
            None
        );
        let with_cookie = shown(
            &off,
            &[
                ("authorization", "Bearer A"),
                ("cookie", "b.session_token=C"),
            ],
        );
        assert_eq!(
            with_cookie,
            Some([Some("b.session_token=C".to_owned()), None, None])
        );
    }

    #[test]
    fn a_credential_that_is_on_is_forwarded_as_it_came() {
        let on = policy(Acceptance::Accepted, Acceptance::Accepted);
        for (value, expected) in [
            ("Bearer A.b%3D", true),
            ("bearer A", true),
            ("BEARER A", true),
            ("Bearer ", false),
            ("Bearer    ", false),
            ("Bearer", false),
            ("Basic QQ==", false),
            ("BearerA", false),
        ] {
            let expected = expected.then(|| [None, Some(value.to_owned()), None]);
            assert_eq!(
                shown(&on, &[("authorization", value)]),
                expected,
                "{value:?}"
            );
        }
        assert_eq!(
            shown(&on, &[("x-api-key", "K")]),
            Some([None, None, Some("K".to_owned())])
        );
        assert_eq!(shown(&on, &[("x-api-key", "")]), None);
    }

    #[test]
    fn only_the_first_authorization_line_counts_as_it_does_for_node() {
        let on = policy(Acceptance::Accepted, Acceptance::Ignored);
        assert_eq!(
            shown(
                &on,
                &[
                    ("authorization", "Basic QQ=="),
                    ("authorization", "Bearer A")
                ]
            ),
            None
        );
    }

    #[test]
    fn too_large_a_credential_is_unusable_wherever_it_comes_from() {
        let on = policy(Acceptance::Accepted, Acceptance::Accepted);
        let long = "A".repeat(100);
        for lines in [
            [("cookie", format!("b.session_token={long}"))].to_vec(),
            [("authorization", format!("Bearer {long}"))].to_vec(),
            [("x-api-key", format!("{long}{long}"))].to_vec(),
            [
                ("cookie", format!("b.session_token={}", &long[..60])),
                ("x-api-key", long[..60].to_owned()),
            ]
            .to_vec(),
        ] {
            let lines: Vec<_> = lines
                .iter()
                .map(|(name, value)| (*name, value.as_str()))
                .collect();
            assert_eq!(
                on.read(&headers(&lines)),
                Presented::Unusable(Unusable::TooLarge),
                "{lines:?}"
            );
        }
    }

    #[test]
    fn an_ambiguous_request_is_refused_only_by_choice() {
        let lines = [("cookie", "b.session_token=A; b.session_token=B")];
        let mut policy = policy(Acceptance::Ignored, Acceptance::Ignored);
        assert!(matches!(
            policy.read(&headers(&lines)),
            Presented::Credential {
                ambiguous: true,
                ..
            }
        ));
        policy.ambiguity = Ambiguity::Reject;
        assert_eq!(
            policy.read(&headers(&lines)),
            Presented::Unusable(Unusable::Ambiguous)
        );
    }

    #[test]
    fn no_credential_is_shown_by_debug() {
        let on = policy(Acceptance::Accepted, Acceptance::Accepted);
        let lines = [
            ("cookie", "b.session_token=s3cr3t"),
            ("authorization", "Bearer s3cr3t"),
            ("x-api-key", "s3cr3t"),
        ];
        assert!(!format!("{:?}", on.read(&headers(&lines))).contains("s3cr3t"));
    }
}
