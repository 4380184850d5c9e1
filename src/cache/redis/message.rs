//! What processes tell each other.

use serde::{Deserialize, Serialize};

use crate::cache::{Invalidation, Position};

/// An entry of the stream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Message {
    /// The process that says so, which need not be told.
    pub(super) origin: u64,
    pub(super) what: What,
}

/// What is no longer true.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum What {
    Session(String),
    User(String),
    Everything,
    /// So that the end of the stream is never old.
    Nothing,
}

impl From<Invalidation<'_>> for What {
    fn from(what: Invalidation<'_>) -> Self {
        match what {
            Invalidation::Session(id) => Self::Session(id.to_owned()),
            Invalidation::User(id) => Self::User(id.to_owned()),
            Invalidation::Everything => Self::Everything,
        }
    }
}

impl What {
    pub(super) fn invalidation(&self) -> Option<Invalidation<'_>> {
        match self {
            Self::Session(id) => Some(Invalidation::Session(id)),
            Self::User(id) => Some(Invalidation::User(id)),
            Self::Everything => Some(Invalidation::Everything),
            Self::Nothing => None,
        }
    }
}

impl Position {
    pub(super) const START: Self = Self {
        millis: 0,
        number: 0,
    };

    /// Reads the id of an entry of a stream: milliseconds of Redis's clock, and a number.
    pub(super) fn parse(id: &str) -> Option<Self> {
        let (millis, number) = id.split_once('-')?;
        Some(Self {
            millis: millis.parse().ok()?,
            number: number.parse().ok()?,
        })
    }

    pub(super) fn id(self) -> String {
        format!("{}-{}", self.millis, self.number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_of_a_stream_is_read_and_written_back_the_same_and_nothing_else_is_one() {
        for id in ["0-0", "1795253000123-7", "18446744073709551615-1"] {
            assert_eq!(Position::parse(id).unwrap().id(), id);
        }
        for id in [
            "",
            "-",
            "1",
            "1-",
            "-1",
            "a-1",
            "1-2-3",
            "99999999999999999999-0",
        ] {
            assert_eq!(Position::parse(id), None, "{id}");
        }
    }

    #[test]
    fn positions_are_ordered_as_redis_orders_ids() {
        let position = |id| Position::parse(id).unwrap();
        assert!(position("9-9") < position("10-0"));
        assert!(position("10-9") < position("10-10"));
    }
}
