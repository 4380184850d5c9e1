//! The matrix as text.

use std::fmt;

use super::{
    expectation::{Expected, Role, State},
    faults::Fault,
};

/// What became of one cell.
pub(crate) enum Outcome {
    Right(Expected),
    Impossible(&'static str),
    Wrong(String),
}

/// All cells, fault by fault, state by state, role by role.
pub(crate) struct Table<'a> {
    faults: &'a [Fault],
    outcomes: Vec<Outcome>,
}

impl<'a> Table<'a> {
    pub(crate) fn new(faults: &'a [Fault], outcomes: Vec<Outcome>) -> Self {
        let cells = faults.len() * State::ALL.len() * Role::ALL.len();
        assert_eq!(outcomes.len(), cells, "a cell is empty");
        Self { faults, outcomes }
    }

    pub(crate) fn wrong(&self) -> Vec<&str> {
        self.outcomes
            .iter()
            .filter_map(Outcome::complaint)
            .collect()
    }
}

impl Outcome {
    fn complaint(&self) -> Option<&str> {
        match self {
            Self::Wrong(why) => Some(why),
            Self::Right(_) | Self::Impossible(_) => None,
        }
    }
}

impl fmt::Display for Table<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let states = State::ALL.len() * Role::ALL.len();
        for (fault, row) in self.faults.iter().zip(self.outcomes.chunks(states)) {
            writeln!(f, "{}", fault.name.escape_debug())?;
            for (state, cells) in State::ALL.iter().zip(row.chunks(Role::ALL.len())) {
                write!(f, "    {state:?}:")?;
                for (role, cell) in Role::ALL.iter().zip(cells) {
                    write!(f, " | {role:?} {cell}")?;
                }
                writeln!(f)?;
            }
        }
        let (cells, wrong) = (self.outcomes.len(), self.wrong().len());
        write!(f, "fault matrix: {cells} cells, {} right", cells - wrong)
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Right(Expected { client, calls, .. }) => write!(f, "{client}, {calls} calls"),
            Self::Impossible(why) => write!(f, "n/a: {why}"),
            Self::Wrong(_) => f.write_str("WRONG"),
        }
    }
}
