//! The matrix as text.

use std::{collections::BTreeMap, fmt};

use super::{
    expectation::{Expected, Role, State},
    faults::{Fault, Says},
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

    /// How many cells there cannot be, by the reason.
    fn impossible(&self) -> BTreeMap<&'static str, usize> {
        let mut counts = BTreeMap::new();
        for outcome in &self.outcomes {
            if let Outcome::Impossible(why) = outcome {
                *counts.entry(*why).or_default() += 1;
            }
        }
        counts
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
        let impossible = self.impossible();
        for (why, count) in &impossible {
            writeln!(f, "{count} cells cannot be: {why}")?;
        }
        let (rows, cells) = (self.faults.len(), self.outcomes.len());
        let saying = |says| {
            let faults = self.faults.iter();
            faults.filter(|fault| fault.says == says).count()
        };
        let (faults, anonymous) = (saying(Says::Unavailable), saying(Says::Anonymous));
        let verdicts = rows - faults - anonymous;
        writeln!(
            f,
            "{rows} rows: {faults} faults, {verdicts} verdicts, {anonymous} without a credential"
        )?;
        let cannot_be: usize = impossible.values().sum();
        let wrong = self.wrong().len();
        let right = cells - cannot_be - wrong;
        write!(
            f,
            "fault matrix: {cells} cells: {right} played and right, {wrong} wrong, {cannot_be} that cannot be"
        )
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
