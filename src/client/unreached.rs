//! Why a call had no answer, read from the error of whichever transport made it.

use std::{error::Error, io};

use crate::visible::Visible;

/// As far as an operator would do something else about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unreached {
    /// Nothing listens there.
    Refused,
    /// The host has no address.
    Name,
    /// The two sides cannot agree on TLS, or one does not believe the other's certificate.
    Tls,
    /// Anything else on the way.
    Broken,
}

impl Unreached {
    /// Goes by the kinds of I/O errors, and by words where libraries give nothing better. A wrong guess costs a piece of
    /// advice: the error's own text is always shown as well.
    pub(crate) fn of(error: &(dyn Error + 'static)) -> Self {
        let is_kind = |kind| {
            let io = |error: &&(dyn Error + 'static)| {
                error.downcast_ref::<io::Error>().map(io::Error::kind)
            };
            chain(error).any(|error| io(&error) == Some(kind))
        };
        let says = |words: &[&str]| {
            chain(error).any(|error| {
                let text = error.to_string().to_ascii_lowercase();
                words.iter().any(|word| text.contains(word))
            })
        };
        if is_kind(io::ErrorKind::ConnectionRefused) {
            Self::Refused
        } else if says(&["dns error", "failed to lookup address", "name resolution"]) {
            Self::Name
        } else if is_kind(io::ErrorKind::InvalidData) || says(&["certificate", "handshake", "ssl"])
        {
            Self::Tls
        } else {
            Self::Broken
        }
    }
}

impl Unreached {
    /// What to do about it; nothing in particular is known of a way that is broken.
    pub(crate) fn fix(self) -> Option<&'static str> {
        match self {
            Self::Refused => Some("start the auth server, or correct the URL"),
            Self::Name => Some("correct the URL, or the DNS"),
            Self::Tls => Some(
                "give the server a certificate that this machine trusts, or write the URL with `http` if it has no TLS",
            ),
            Self::Broken => None,
        }
    }
}

/// Whether there was an answer whose headers hyper does not read to their end. It says so in words alone.
pub(super) fn is_head_too_large(error: &(dyn Error + 'static)) -> bool {
    chain(error).any(|error| error.to_string() == "message head is too large")
}

/// The innermost error's text, on one line: what the system said.
pub(crate) fn root_cause(error: &(dyn Error + 'static)) -> String {
    Visible(chain(error).last().unwrap_or(error)).to_string()
}

/// With what an I/O error was made of, which `source` skips.
fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error: &&'a (dyn Error + 'static)| {
        let inside = error.downcast_ref().and_then(io::Error::get_ref);
        match inside {
            Some(inside) => Some(inside),
            None => (**error).source(),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("{0}")]
    struct Outer(&'static str, #[source] io::Error);

    #[test]
    fn the_kind_of_fault_is_found_anywhere_in_the_chain() {
        use io::ErrorKind as K;
        for (outer, kind, inner, expected) in [
            (
                "tcp connect error",
                K::ConnectionRefused,
                "refused",
                Unreached::Refused,
            ),
            (
                "dns error",
                K::Other,
                "Name or service not known",
                Unreached::Name,
            ),
            (
                "connect",
                K::Other,
                "failed to lookup address information",
                Unreached::Name,
            ),
            ("connect", K::InvalidData, "UnknownIssuer", Unreached::Tls),
            (
                "connect",
                K::Other,
                "The certificate has expired",
                Unreached::Tls,
            ),
            (
                "send",
                K::ConnectionReset,
                "reset by peer",
                Unreached::Broken,
            ),
            ("send", K::TimedOut, "timed out", Unreached::Broken),
        ] {
            // As hyper-rustls has it: one I/O error in another.
            let error = Outer(outer, io::Error::other(io::Error::new(kind, inner)));
            assert_eq!(Unreached::of(&error), expected, "{outer}: {inner}");
            assert_eq!(root_cause(&error), inner);
        }
    }
}
