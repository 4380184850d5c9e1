//! What a request that passed through has changed, and what has to be forgotten for it. Pure: a table and two functions.
//!
//! Whatever is not known changes its caller's session: endpoints of plugins to come, and of the application's own. What is
//! listed here is what needs more, or nothing.

use http::{Method, StatusCode};
use serde_json::Value;

use crate::validate::Invalidation;

/// Whose sessions a request is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    Nothing,
    /// The caller's session ends.
    SignOut,
    /// The caller's user or session changes.
    Caller,
    /// Sessions of the caller end, and without a session the auth server refuses.
    Ending,
    /// The session of one of the browser's accounts ends, whose token is in the body.
    Account,
    /// The user whose id is in the body, by an admin.
    Named,
    /// Somebody whom the request does not name by an id.
    Somebody,
}

/// Who the caller is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Caller {
    Known {
        session: String,
        user: String,
    },
    /// Nobody, or it is not known.
    Unknown,
}

/// What is known of how it went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Done,
    NotDone,
    /// No answer, or one that does not say it.
    Unknown,
}

/// What is to be forgotten.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Eviction {
    Nothing,
    Session(String),
    User(String),
    Everything,
}

impl Eviction {
    pub(super) fn invalidation(&self) -> Option<Invalidation<'_>> {
        match self {
            Self::Nothing => None,
            Self::Session(id) => Some(Invalidation::Session(id)),
            Self::User(id) => Some(Invalidation::User(id)),
            Self::Everything => Some(Invalidation::Everything),
        }
    }
}

impl Change {
    /// `path` lies below the base path, and its escapes are decoded.
    pub(super) fn of(method: &Method, path: &str) -> Self {
        match *method {
            Method::OPTIONS => Self::Nothing,
            Method::GET | Method::HEAD => Self::of_link(path),
            _ => Self::of_post(path),
        }
    }

    fn of_post(path: &str) -> Self {
        match path {
            "/sign-out" => Self::SignOut,
            "/revoke-session"
            | "/revoke-sessions"
            | "/revoke-other-sessions"
            | "/change-password"
            | "/delete-user"
            | "/delete-anonymous-user"
            | "/admin/stop-impersonating" => Self::Ending,
            "/admin/ban-user"
            | "/admin/unban-user"
            | "/admin/set-role"
            | "/admin/set-user-password"
            | "/admin/update-user"
            | "/admin/remove-user"
            | "/admin/revoke-user-sessions" => Self::Named,
            "/multi-session/revoke" => Self::Account,
            "/admin/revoke-user-session"
            | "/reset-password"
            | "/email-otp/reset-password"
            | "/phone-number/reset-password" => Self::Somebody,
            "/get-session"
            | "/admin/has-permission"
            | "/admin/list-user-sessions"
            | "/get-access-token"
            | "/is-username-available"
            | "/organization/check-slug"
            | "/organization/has-permission"
            | "/verify-password" => Self::Nothing,
            _ => Self::Caller,
        }
    }

    /// The few links that change something: of e-mails, those on which a provider sends somebody back, and those on which
    /// somebody signs out of another app, and here with it.
    fn of_link(path: &str) -> Self {
        match path {
            "/delete-user/callback" => Self::Ending,
            "/magic-link/verify"
            | "/verify-email"
            | "/oauth2/end-session"
            | "/oauth2/endsession" => Self::Caller,
            _ if path.contains("/callback/") => Self::Caller,
            _ if path.starts_with("/sso/saml2/sp/slo/") => Self::Caller,
            _ => Self::Nothing,
        }
    }

    pub(super) fn is_named_in_body(self) -> bool {
        matches!(self, Self::Named | Self::Account)
    }

    /// Whether it is not passed on while it cannot be found out who the caller is: their sessions would end, and go on here.
    /// A sign-out is passed on all the same, because it rids the browser of its cookies.
    pub(super) fn waits_for_the_caller(self) -> bool {
        matches!(self, Self::Ending | Self::Account)
    }

    /// What to forget before the auth server is asked: nobody shall be let in on what is about to end. Only what is the
    /// caller's own, because nobody knows yet whether they may.
    pub(super) fn beforehand(self, caller: &Caller) -> Eviction {
        match (self, caller) {
            (Self::SignOut | Self::Account, Caller::Known { session, .. }) => {
                Eviction::Session(session.clone())
            }
            (Self::Ending, Caller::Known { user, .. }) => Eviction::User(user.clone()),
            _ => Eviction::Nothing,
        }
    }

    /// What to forget before the answer is handed on.
    ///
    /// Of somebody else, or of everybody, only when the auth server says that it is done: anybody can make an answer fail,
    /// and shall not cost others a check. `body` is that of a change that [is named there](Self::is_named_in_body), and
    /// `has_other_accounts` says whether the browser is signed in to several.
    pub(super) fn afterwards(
        self,
        caller: &Caller,
        outcome: Outcome,
        body: &[u8],
        has_other_accounts: bool,
    ) -> Eviction {
        match (outcome, self) {
            (Outcome::NotDone, _) | (_, Self::Nothing) => Eviction::Nothing,
            (Outcome::Done, Self::Named) => {
                user_id(body).map_or(Eviction::Everything, Eviction::User)
            }
            (Outcome::Done, Self::Somebody) => Eviction::Everything,
            _ => self.of_caller(caller, outcome, has_other_accounts),
        }
    }

    fn of_caller(self, caller: &Caller, outcome: Outcome, has_other_accounts: bool) -> Eviction {
        let Caller::Known { session, user } = caller else {
            return Eviction::Nothing;
        };
        match (self, outcome) {
            // The multi-session plugin signs all of them out.
            (Self::SignOut, Outcome::Done) if has_other_accounts => Eviction::Everything,
            (Self::SignOut, _) if !has_other_accounts => Eviction::Session(session.clone()),
            (Self::Account, _) => Eviction::Session(session.clone()),
            _ => Eviction::User(user.clone()),
        }
    }
}

/// The longest id of a user that is believed to be one: 256 bytes. Better Auth's have 32.
const LONGEST_ID: usize = 256;

fn user_id(body: &[u8]) -> Option<String> {
    text(body, "userId").filter(|id| id.len() <= LONGEST_ID)
}

/// The token of the account that a body names.
pub(super) fn session_token(body: &[u8]) -> Option<String> {
    text(body, "sessionToken")
}

/// A field of a body, if it is text. The last of two counts, as in JavaScript.
fn text(body: &[u8], field: &str) -> Option<String> {
    let body: Value = serde_json::from_slice(body).ok()?;
    body.get(field)?.as_str().map(str::to_owned)
}

impl Outcome {
    /// What an answer says; a 5xx is none. A redirect says it of a link only: to what is posted, something in front of the auth
    /// server may answer so, and send strangers to the sign-in page.
    pub(super) fn of(method: &Method, status: StatusCode) -> Self {
        let is_link = matches!(*method, Method::GET | Method::HEAD);
        if status.is_client_error() {
            Self::NotDone
        } else if status.is_redirection() && !is_link {
            Self::Unknown
        } else {
            Self::Done
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known() -> Caller {
        Caller::Known {
            session: "s".to_owned(),
            user: "u".to_owned(),
        }
    }

    fn session() -> Eviction {
        Eviction::Session("s".to_owned())
    }

    fn user(id: &str) -> Eviction {
        Eviction::User(id.to_owned())
    }

    #[test]
    fn every_endpoint_that_changes_sessions_has_its_row() {
        for (method, path, expected) in [
            ("POST", "/sign-out", Change::SignOut),
            ("POST", "/revoke-session", Change::Ending),
            ("POST", "/revoke-sessions", Change::Ending),
            ("POST", "/revoke-other-sessions", Change::Ending),
            ("POST", "/change-password", Change::Ending),
            ("POST", "/delete-user", Change::Ending),
            ("GET", "/delete-user/callback", Change::Ending),
            ("POST", "/delete-anonymous-user", Change::Ending),
            ("POST", "/admin/stop-impersonating", Change::Ending),
            ("POST", "/admin/ban-user", Change::Named),
            ("POST", "/admin/unban-user", Change::Named),
            ("POST", "/admin/set-role", Change::Named),
            ("POST", "/admin/set-user-password", Change::Named),
            ("POST", "/admin/update-user", Change::Named),
            ("POST", "/admin/remove-user", Change::Named),
            ("POST", "/admin/revoke-user-sessions", Change::Named),
            ("POST", "/admin/revoke-user-session", Change::Somebody),
            ("POST", "/multi-session/revoke", Change::Account),
            ("POST", "/reset-password", Change::Somebody),
            ("POST", "/email-otp/reset-password", Change::Somebody),
            ("POST", "/phone-number/reset-password", Change::Somebody),
            ("POST", "/update-user", Change::Caller),
            ("POST", "/update-session", Change::Caller),
            ("POST", "/change-email", Change::Caller),
            ("POST", "/two-factor/enable", Change::Caller),
            ("POST", "/two-factor/disable", Change::Caller),
            ("POST", "/two-factor/verify-totp", Change::Caller),
            ("POST", "/email-otp/verify-email", Change::Caller),
            ("POST", "/phone-number/verify", Change::Caller),
            ("POST", "/multi-session/set-active", Change::Caller),
            ("POST", "/admin/impersonate-user", Change::Caller),
            ("POST", "/organization/set-active", Change::Caller),
            ("POST", "/organization/update-member-role", Change::Caller),
            ("POST", "/organization/remove-member", Change::Caller),
            ("POST", "/organization/leave", Change::Caller),
            ("POST", "/sign-in/email", Change::Caller),
            ("POST", "/sign-up/email", Change::Caller),
            ("POST", "/a-plugin/of-tomorrow", Change::Caller),
            ("DELETE", "/a-plugin/of-tomorrow", Change::Caller),
            ("PATCH", "/scim/v2/Users/1", Change::Caller),
            ("POST", "/callback/apple", Change::Caller),
            ("GET", "/callback/github", Change::Caller),
            ("GET", "/oauth2/callback/own", Change::Caller),
            ("GET", "/sso/saml2/callback/own", Change::Caller),
            ("GET", "/magic-link/verify", Change::Caller),
            ("GET", "/verify-email", Change::Caller),
            ("GET", "/oauth2/end-session", Change::Caller),
            ("GET", "/oauth2/endsession", Change::Caller),
            ("GET", "/sso/saml2/sp/slo/own", Change::Caller),
            ("GET", "/oauth2/authorize", Change::Nothing),
            ("GET", "/get-session", Change::Nothing),
            ("POST", "/get-session", Change::Nothing),
            ("POST", "/admin/has-permission", Change::Nothing),
            ("POST", "/organization/has-permission", Change::Nothing),
            ("POST", "/admin/list-user-sessions", Change::Nothing),
            ("POST", "/verify-password", Change::Nothing),
            ("GET", "/list-sessions", Change::Nothing),
            ("GET", "/reset-password/token", Change::Nothing),
            ("GET", "/sign-out", Change::Nothing),
            ("HEAD", "/ok", Change::Nothing),
            ("OPTIONS", "/sign-out", Change::Nothing),
        ] {
            let method = method.parse().unwrap();
            assert_eq!(Change::of(&method, path), expected, "{method} {path}");
        }
    }

    #[test]
    fn what_ends_is_forgotten_beforehand_if_it_is_the_callers_own() {
        for (change, expected) in [
            (Change::SignOut, session()),
            (Change::Ending, user("u")),
            (Change::Account, session()),
            (Change::Caller, Eviction::Nothing),
            (Change::Named, Eviction::Nothing),
            (Change::Somebody, Eviction::Nothing),
            (Change::Nothing, Eviction::Nothing),
        ] {
            assert_eq!(change.beforehand(&known()), expected, "{change:?}");
            let unknown = change.beforehand(&Caller::Unknown);
            assert_eq!(unknown, Eviction::Nothing, "{change:?}");
        }
    }

    #[test]
    fn only_what_ends_the_callers_sessions_waits_until_they_are_known() {
        for (change, expected) in [
            (Change::Ending, true),
            (Change::Account, true),
            (Change::SignOut, false),
            (Change::Caller, false),
            (Change::Named, false),
            (Change::Somebody, false),
            (Change::Nothing, false),
        ] {
            assert_eq!(change.waits_for_the_caller(), expected, "{change:?}");
        }
    }

    #[test]
    fn what_was_done_is_forgotten_and_of_what_may_have_been_only_the_callers_own() {
        use Outcome::{Done, NotDone, Unknown};
        let nothing = Eviction::Nothing;
        let everything = Eviction::Everything;
        // By a caller who is known, and by one who is not.
        for (change, outcome, by_known, by_unknown) in [
            (Change::SignOut, Done, &session(), &nothing),
            (Change::SignOut, Unknown, &session(), &nothing),
            (Change::Caller, Done, &user("u"), &nothing),
            (Change::Caller, Unknown, &user("u"), &nothing),
            (Change::Ending, Done, &user("u"), &nothing),
            (Change::Ending, Unknown, &user("u"), &nothing),
            (Change::Account, Done, &session(), &nothing),
            (Change::Account, Unknown, &session(), &nothing),
            (Change::Named, Done, &user("eve"), &user("eve")),
            (Change::Named, Unknown, &user("u"), &nothing),
            (Change::Somebody, Done, &everything, &everything),
            (Change::Somebody, Unknown, &user("u"), &nothing),
            (Change::Nothing, Done, &nothing, &nothing),
            (Change::Nothing, Unknown, &nothing, &nothing),
        ] {
            for (caller, expected) in [(&known(), by_known), (&Caller::Unknown, by_unknown)] {
                let body = br#"{"role":"user","userId":"eve"}"#;
                let after = |outcome| change.afterwards(caller, outcome, body, false);
                let text = format!("{change:?} {outcome:?} {caller:?}");
                assert_eq!(&after(outcome), expected, "{text}");
                assert_eq!(after(NotDone), nothing, "{text}");
            }
        }
    }

    #[test]
    fn a_browser_with_several_accounts_signs_out_of_all_of_them() {
        let after =
            |outcome, caller: &Caller| Change::SignOut.afterwards(caller, outcome, b"", true);
        assert_eq!(after(Outcome::Done, &known()), Eviction::Everything);
        assert_eq!(after(Outcome::Unknown, &known()), user("u"));
        assert_eq!(after(Outcome::Done, &Caller::Unknown), Eviction::Nothing);
    }

    #[test]
    fn a_user_who_is_not_named_in_text_can_be_anybody() {
        let of_length = |length| format!(r#"{{"userId":"{}"}}"#, "x".repeat(length));
        let (longest, too_long) = (of_length(256), of_length(257));
        for (body, expected) in [
            (&*longest, user(&"x".repeat(256))),
            (&*too_long, Eviction::Everything),
            (r#"{"userId":"eve"}"#, user("eve")),
            (r#"{"userId":"a","userId":"eve"}"#, user("eve")),
            (r#"{"userId":"\u0065ve"}"#, user("eve")),
            (r#"{"userId":7}"#, Eviction::Everything),
            (r#"{"userId":["eve"]}"#, Eviction::Everything),
            (r#"{"userId":"\ud800"}"#, Eviction::Everything),
            (r#"{"user_id":"eve"}"#, Eviction::Everything),
            ("userId=eve", Eviction::Everything),
            ("", Eviction::Everything),
        ] {
            let after = Change::Named.afterwards(&known(), Outcome::Done, body.as_bytes(), false);
            assert_eq!(after, expected, "{body}");
        }
    }

    #[test]
    fn only_what_is_refused_is_not_done_and_only_a_link_is_done_with_a_redirect() {
        use Outcome::{Done, NotDone, Unknown};
        for (status, of_link, of_post) in [
            (200, Done, Done),
            (204, Done, Done),
            (302, Done, Unknown),
            (307, Done, Unknown),
            (400, NotDone, NotDone),
            (401, NotDone, NotDone),
            (403, NotDone, NotDone),
            (429, NotDone, NotDone),
        ] {
            let status = StatusCode::from_u16(status).unwrap();
            for (method, expected) in [
                (Method::GET, of_link),
                (Method::HEAD, of_link),
                (Method::POST, of_post),
                (Method::DELETE, of_post),
            ] {
                assert_eq!(Outcome::of(&method, status), expected, "{method} {status}");
            }
        }
    }
}
