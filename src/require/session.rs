//! Guards on the session and its user, without asking anybody.

use std::{net::IpAddr, time::Duration};

use http::header;
use serde_json::Value;

use super::{Access, Denied, Guard, Require};
use crate::{observe, types::Session};

impl Require {
    /// Lets in whose session is younger than this: counted from the sign-in, as Better Auth's `freshAge`.
    ///
    /// A refresh does not make a session fresh. Otherwise: 403 `SESSION_NOT_FRESH`, so that a client can ask to sign in
    /// again. Zero denies everybody, and is logged as an error.
    pub fn fresh(age: Duration) -> Self {
        Self::guard(FreshGuard::new(age))
    }

    /// Lets in who has confirmed their email address. Otherwise: 403 `EMAIL_NOT_VERIFIED`.
    pub fn verified_email() -> Self {
        Self::when(verified_email)
    }

    /// Keeps out admins who act as somebody else. They get 403 `IMPERSONATED`.
    pub fn not_impersonated() -> Self {
        Self::when(not_impersonated)
    }

    /// Lets in the browser that signed in: the same `User-Agent`, byte for byte, that Better Auth stored.
    ///
    /// An update of the browser ends that. A session of which Better Auth stored none is denied; see
    /// [`same_user_agent_if_known`](Self::same_user_agent_if_known). Otherwise: 403 `USER_AGENT_MISMATCH`.
    pub fn same_user_agent() -> Self {
        Self::guard(UserAgentGuard(Unknown::Denied))
    }

    /// Like [`same_user_agent`](Self::same_user_agent), and lets in sessions of which Better Auth stored none.
    pub fn same_user_agent_if_known() -> Self {
        Self::guard(UserAgentGuard(Unknown::Allowed))
    }

    /// Lets in the network that signed in: the same address that Better Auth stored, or the same first 64 bits of it
    /// with IPv6.
    ///
    /// `find` tells the client's address, in the same way in which Better Auth learns it: the peer's, or what your own
    /// proxy writes into a header. Phones change their address as they move. A session of which Better Auth stored no
    /// address is denied; see [`same_ip_if_known`](Self::same_ip_if_known). Otherwise: 403 `IP_ADDRESS_MISMATCH`.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::net::SocketAddr;
    /// use axum::extract::ConnectInfo;
    /// use tower_better_auth::Require;
    ///
    /// let same_ip = Require::same_ip(|access| {
    ///     let peer: ConnectInfo<SocketAddr> = access.extension()?;
    ///     Some(peer.0.ip())
    /// });
    /// ```
    pub fn same_ip<F>(find: F) -> Self
    where
        F: Fn(&Access<'_>) -> Option<IpAddr> + Send + Sync + 'static,
    {
        let unknown = Unknown::Denied;
        Self::guard(IpGuard { find, unknown })
    }

    /// Like [`same_ip`](Self::same_ip), and lets in sessions of which Better Auth stored no address.
    pub fn same_ip_if_known<F>(find: F) -> Self
    where
        F: Fn(&Access<'_>) -> Option<IpAddr> + Send + Sync + 'static,
    {
        let unknown = Unknown::Allowed;
        Self::guard(IpGuard { find, unknown })
    }
}

/// What to make of a session whose sign-in left no trace to compare with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unknown {
    Denied,
    Allowed,
}

impl Unknown {
    fn decide(self, denied: fn() -> Denied) -> Result<(), Denied> {
        match self {
            Self::Denied => Err(denied()),
            Self::Allowed => Ok(()),
        }
    }
}

/// Signed in no longer ago than this.
struct FreshGuard(Duration);

impl FreshGuard {
    fn new(age: Duration) -> Self {
        if age.is_zero() {
            observe::misconfigured(
                "`Require::fresh` with zero denies everybody: give it the age that is still fresh",
            );
        }
        Self(age)
    }
}

impl Guard for FreshGuard {
    fn check(&self, access: &Access<'_>) -> Result<(), Denied> {
        let created_at = access.session().session.created_at;
        // A sign-in that lies ahead of this clock has just happened, by another clock.
        let age = created_at
            .map(|created_at| access.now().duration_since(created_at).unwrap_or_default());
        match age {
            Some(age) if age < self.0 => Ok(()),
            _ => Err(not_fresh()),
        }
    }
}

/// The sign-in is too long ago, by whoever's count.
pub(crate) fn not_fresh() -> Denied {
    Denied::new("SESSION_NOT_FRESH").message("Please sign in again to do this")
}

fn verified_email(access: &Access<'_>) -> Result<(), Denied> {
    if access.user().email_verified {
        Ok(())
    } else {
        Err(Denied::new("EMAIL_NOT_VERIFIED").message("Please verify your email address first"))
    }
}

fn not_impersonated(access: &Access<'_>) -> Result<(), Denied> {
    match access.session().session.impersonated_by {
        None => Ok(()),
        Some(_) => {
            Err(Denied::new("IMPERSONATED")
                .message("This is not possible while impersonating a user"))
        }
    }
}

/// The browser that signed in.
struct UserAgentGuard(Unknown);

impl Guard for UserAgentGuard {
    fn check(&self, access: &Access<'_>) -> Result<(), Denied> {
        let session = &access.session().session;
        let mut sent = access.headers().get_all(header::USER_AGENT).iter();
        match (&session.user_agent, sent.next(), sent.next()) {
            (None, ..) if is_unknown(session, "userAgent") => self.0.decide(other_browser),
            (Some(stored), Some(sent), None) if sent.as_bytes() == stored.as_bytes() => Ok(()),
            _ => Err(other_browser()),
        }
    }
}

/// Whether Better Auth stored nothing there; what it stored and cannot be compared is not nothing.
fn is_unknown(session: &Session, name: &str) -> bool {
    match session.field::<Value>(name) {
        Ok(None) => true,
        Ok(Some(stored)) => stored == "",
        Err(_) => false,
    }
}

fn other_browser() -> Denied {
    Denied::new("USER_AGENT_MISMATCH").message("This session belongs to another browser")
}

/// The address that signed in.
struct IpGuard<F> {
    find: F,
    unknown: Unknown,
}

impl<F> Guard for IpGuard<F>
where
    F: Fn(&Access<'_>) -> Option<IpAddr> + Send + Sync + 'static,
{
    fn check(&self, access: &Access<'_>) -> Result<(), Denied> {
        let session = &access.session().session;
        let Some(stored) = &session.ip_address else {
            return if is_unknown(session, "ipAddress") {
                self.unknown.decide(other_address)
            } else {
                Err(other_address())
            };
        };
        match (stored.parse(), (self.find)(access)) {
            (Ok(stored), Some(ip)) if network(ip) == network(stored) => Ok(()),
            _ => Err(other_address()),
        }
    }
}

fn other_address() -> Denied {
    Denied::new("IP_ADDRESS_MISMATCH").message("This session belongs to another network")
}

/// The address itself, or the first 64 bits of IPv6: the rest is the device's to change, and Better Auth stores no
/// more either.
fn network(ip: IpAddr) -> IpAddr {
    const FIRST_64_BITS: u128 = !0 << 64;
    match ip.to_canonical() {
        IpAddr::V6(ip) => IpAddr::V6((ip.to_bits() & FIRST_64_BITS).into()),
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests {
    use std::time::{SystemTime, UNIX_EPOCH};

    use serde_json::json;

    use super::*;
    use crate::{
        require::when::When,
        testing::{access, session, user},
    };

    const AGE: Duration = Duration::from_secs(60);

    fn is_fresh(created_at: SystemTime, now: SystemTime, age: Duration) -> bool {
        let session = session().created_at(created_at);
        access(session).at(now).check(&FreshGuard(age)).is_ok()
    }

    #[test]
    fn fresh_ends_at_exactly_the_age_and_does_not_mind_a_sign_in_ahead_of_the_clock() {
        let signed_in = UNIX_EPOCH + Duration::from_secs(1_577_836_800);
        for (name, now, expected) in [
            ("at once", signed_in, true),
            (
                "just before",
                signed_in + AGE - Duration::from_nanos(1),
                true,
            ),
            ("exactly", signed_in + AGE, false),
            (
                "just after",
                signed_in + AGE + Duration::from_nanos(1),
                false,
            ),
            ("ahead", signed_in - AGE * 2, true),
            ("far ahead", UNIX_EPOCH, true),
        ] {
            assert_eq!(is_fresh(signed_in, now, AGE), expected, "{name}");
            assert!(!is_fresh(signed_in, now, Duration::ZERO), "{name}");
            assert!(is_fresh(signed_in, now, Duration::MAX), "{name}");
        }
    }

    #[test]
    fn who_signed_in_too_long_ago_is_told_so() {
        let (then, now) = (UNIX_EPOCH, UNIX_EPOCH + AGE);
        let access = access(session().created_at(then)).at(now);
        assert_eq!(code(access.check(&FreshGuard(AGE))), "SESSION_NOT_FRESH");
    }

    fn code(checked: Result<(), Denied>) -> String {
        checked.map_or_else(|denied| denied.code().to_owned(), |()| "let in".to_owned())
    }

    #[test]
    fn an_address_must_be_verified_and_nobody_may_act_as_somebody_else() {
        for (is_verified, expected) in [(true, "let in"), (false, "EMAIL_NOT_VERIFIED")] {
            let user = user("ada").field("emailVerified", is_verified);
            let checked = access(user).check(&When(verified_email));
            assert_eq!(code(checked), expected);
        }
        let impersonated = session().impersonated_by("root");
        for (session, expected) in [(session(), "let in"), (impersonated, "IMPERSONATED")] {
            let checked = access(session).check(&When(not_impersonated));
            assert_eq!(code(checked), expected);
        }
    }

    #[test]
    fn the_browser_is_the_one_that_signed_in_byte_for_byte() {
        let other = "USER_AGENT_MISMATCH";
        let cases: [(Value, &[&str], &str, &str); 7] = [
            (json!("Firefox"), &["Firefox"], "let in", "let in"),
            (json!("Firefox"), &["firefox"], other, other),
            (json!("Firefox"), &[], other, other),
            (json!("Firefox"), &["Firefox", "Firefox"], other, other),
            (json!(null), &["Firefox"], other, "let in"),
            (json!(""), &["Firefox"], other, "let in"),
            (json!(7), &["7"], other, other),
        ];
        for (stored, sent, strict, lenient) in cases {
            for (unknown, expected) in [(Unknown::Denied, strict), (Unknown::Allowed, lenient)] {
                let session = session().field("userAgent", &stored);
                let request = sent.iter().fold(access(session), |request, line| {
                    request.header("user-agent", line)
                });
                let checked = request.check(&UserAgentGuard(unknown));
                assert_eq!(code(checked), expected, "{stored} {sent:?} {unknown:?}");
            }
        }
    }

    #[test]
    fn the_network_is_the_one_that_signed_in() {
        let other = "IP_ADDRESS_MISMATCH";
        for (stored, sent, strict, lenient) in [
            (json!("192.0.2.7"), "192.0.2.7", "let in", "let in"),
            (json!("192.0.2.7"), "::ffff:192.0.2.7", "let in", "let in"),
            (json!("192.0.2.7"), "192.0.2.8", other, other),
            (
                json!("2001:db8::1"),
                "2001:db8::ffff:0:2",
                "let in",
                "let in",
            ),
            (json!("2001:db8::1"), "2001:db8:0:1::1", other, other),
            (json!("2001:db8::1"), "2001:db9::1", other, other),
            (json!("192.0.2.7"), "", other, other),
            (json!("no address"), "192.0.2.7", other, other),
            (json!(null), "192.0.2.7", other, "let in"),
            (json!(""), "192.0.2.7", other, "let in"),
            (json!(7), "192.0.2.7", other, other),
        ] {
            for (unknown, expected) in [(Unknown::Denied, strict), (Unknown::Allowed, lenient)] {
                let session = session().field("ipAddress", &stored);
                let find = |_: &Access<'_>| sent.parse().ok();
                let checked = access(session).check(&IpGuard { find, unknown });
                assert_eq!(code(checked), expected, "{stored} {sent} {unknown:?}");
            }
        }
    }
}
