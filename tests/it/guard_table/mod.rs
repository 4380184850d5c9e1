//! Every guard in every situation under both kinds of layer: what the client sees, and whether the handler ran.

mod rules;
mod world;

use std::{collections::BTreeSet, fmt::Write, fs, path::Path};

use self::{rules::Rule, world::World};

/// How somebody comes to a guard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Situation {
    Allowed,
    Denied,
    Anonymous,
    SignedOut,
    /// Otherwise allowed.
    Banned,
    Unavailable,
    LayerMissing,
    /// `SessionAuth` is there, and stands between the guard and the handler.
    LayerInside,
}

impl Situation {
    const ALL: [Self; 8] = [
        Self::Allowed,
        Self::Denied,
        Self::Anonymous,
        Self::SignedOut,
        Self::Banned,
        Self::Unavailable,
        Self::LayerMissing,
        Self::LayerInside,
    ];

    /// A function, so that no cell is empty.
    fn expected(self, rule: Rule) -> &'static str {
        match self {
            Self::Allowed => "200",
            Self::Denied => rule.denial(),
            Self::Anonymous => "401 UNAUTHENTICATED",
            Self::SignedOut => "401 INVALID_SESSION",
            Self::Banned => "403 USER_BANNED",
            Self::Unavailable => "503 AUTH_SERVICE_UNAVAILABLE",
            Self::LayerMissing | Self::LayerInside => "500 AUTH_MISCONFIGURED",
        }
    }

    /// Whether the refusal is one for which nobody is asked.
    fn is_free(self) -> bool {
        matches!(
            self,
            Self::Anonymous | Self::LayerMissing | Self::LayerInside
        )
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Layer {
    Required,
    Optional,
}

#[tokio::test]
#[expect(clippy::print_stdout, reason = "the table is worth a look")]
async fn every_guard_answers_every_situation_under_both_kinds_of_layer() {
    let world = World::new().await;
    let (mut table, mut wrong, mut filled) = (String::new(), String::new(), 0);
    for &rule in Rule::ALL {
        for layer in [Layer::Required, Layer::Optional] {
            write!(table, "{rule:?} {layer:?}:").unwrap();
            for situation in Situation::ALL {
                let (seen, runs, calls) = world.visit(rule, situation, layer).await;
                let expected = situation.expected(rule);
                let (summary, is_allowed) = (seen.summary(), expected == "200");
                write!(table, " | {situation:?} {summary}").unwrap();
                let is_right = summary == expected
                    && runs == usize::from(is_allowed)
                    && (calls == 0) == situation.is_free();
                if !is_right {
                    writeln!(
                        wrong,
                        "{rule:?} {situation:?} {layer:?}: {summary} in place of {expected}, \
                         the handler ran {runs} times, {calls} calls"
                    )
                    .unwrap();
                }
                filled += 1;
            }
            table.push('\n');
        }
    }
    println!("{table}");
    assert_eq!(wrong, "");
    assert_eq!(filled, Rule::ALL.len() * Situation::ALL.len() * 2);
}

/// The names of all public functions in `impl Require` blocks.
fn functions_of_require() -> BTreeSet<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/require");
    let mut functions = BTreeSet::new();
    for entry in fs::read_dir(folder).unwrap() {
        let text = fs::read_to_string(entry.unwrap().path()).unwrap();
        let blocks = text.split("impl Require {").skip(1);
        for line in blocks.flat_map(|block| block.split("\n}").next().unwrap().lines()) {
            if let Some(rest) = line.trim().strip_prefix("pub fn ") {
                let end = rest.find(['(', '<']).unwrap();
                functions.insert(rest[..end].to_owned());
            }
        }
    }
    functions
}

#[test]
fn every_function_of_require_has_a_row() {
    let rows = Rule::ALL.iter().flat_map(|rule| rule.covers());
    let rows: BTreeSet<String> = rows.map(|&name| name.to_owned()).collect();
    assert_eq!(functions_of_require(), rows);
}
