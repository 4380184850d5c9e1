//! The tables of README.md and of the crate's page, held against what they list.

use std::collections::BTreeSet;

use super::defaults::{BUILDER, setters};

const MANIFEST: &str = include_str!("../../../Cargo.toml");
const README: &str = include_str!("../../../README.md");
const LIB: &str = include_str!("../../../src/lib.rs");

/// The first two cells of each row of the table below `heading`.
fn rows(page: &'static str, heading: &str) -> Vec<(&'static str, &'static str)> {
    let (_, section) = page.split_once(heading).unwrap();
    let lines = section.lines().map(|line| line.trim_start_matches("//! "));
    let lines = lines.skip_while(|line| !line.starts_with("| ---"));
    let rows = lines.skip(1).take_while(|line| line.starts_with('|'));
    let cells = rows.map(|row| {
        let mut cells = row.trim_start_matches("| ").split(" | ");
        (cells.next().unwrap(), cells.next().unwrap())
    });
    cells.collect()
}

/// Each feature, and whether it is on by default, in the order of the manifest.
fn features() -> Vec<(String, &'static str)> {
    let (_, section) = MANIFEST.split_once("[features]\n").unwrap();
    let (section, _) = section.split_once("\n[").unwrap();
    let lines = section.lines().filter_map(|line| line.split_once(" = "));
    let mut features: Vec<_> = lines.collect();
    let (_, default) = features.remove(0);
    let row = |(name, _): (&str, _)| {
        let is_default = default.contains(&format!("\"{name}\""));
        (format!("`{name}`"), if is_default { "yes" } else { "no" })
    };
    features.into_iter().map(row).collect()
}

#[test]
fn both_tables_of_features_list_every_feature_in_one_order() {
    for (page, heading) in [(README, "\n## Features\n"), (LIB, "//! # Features\n")] {
        let listed = rows(page, heading).into_iter();
        let listed: Vec<_> = listed
            .map(|(name, default)| (name.to_owned(), default))
            .collect();
        assert_eq!(listed, features(), "{heading}");
    }
}

#[test]
fn the_table_of_settings_lists_every_method_of_the_builder() {
    let listed = rows(LIB, "//! # Settings\n").into_iter();
    let name = |cell: &'static str| cell.split('`').nth(1).unwrap();
    let listed: BTreeSet<_> = listed.map(|(cell, _)| name(cell)).collect();
    assert_eq!(listed, setters(BUILDER));
}
