//! Which cookies of a request go to the auth server, and which of the auth server's come back.
//!
//! Pure functions over bytes. The `Cookie` header that leaves is rebuilt from an allow-list of names:
//!
//! 1. All `Cookie` lines of a request (HTTP/2 sends one for each crumb) are read as if joined with `"; "`
//!    ([RFC 9113, 8.2.3](https://www.rfc-editor.org/rfc/rfc9113#section-8.2.3)).
//! 2. Pairs end at `;` and at nothing else: quotes mean nothing, as in
//!    [RFC 6265bis](https://datatracker.ietf.org/doc/draft-ietf-httpbis-rfc6265bis/).
//! 3. Space and tab around a name and around a value are dropped. Any other byte belongs to it, so that a name with
//!    a byte in front that JavaScript would trim is another name.
//! 4. Names are compared byte for byte and are never decoded.
//! 5. What is on the list is forwarded in the order sent, duplicates kept, values untouched: the server reads the
//!    first of two, and only the spelling it is configured for, so the server decides.

mod come_back;
#[cfg(feature = "proxy")]
mod family;
mod names;
mod select;
mod set_cookies;
mod sign_out;

#[cfg(feature = "proxy")]
pub(crate) use self::family::{Accounts, account, family};
pub(crate) use self::{
    come_back::{Said, may_come_back},
    names::CookieNames,
    select::{Selected, select},
    set_cookies::{FOR_NOBODY_ELSE, SetCookies},
    sign_out::ends_with_session,
};
