//! What the source says to operators, held against the guide.

use std::{fs, path::PathBuf};

/// Name and code of each file below these folders of the source, without comments and tests.
pub(super) fn below(folders: &[&str]) -> Vec<(String, String)> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut folders: Vec<_> = folders.iter().map(|folder| root.join(folder)).collect();
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                files.push((path.display().to_string(), code(&text)));
            }
        }
    }
    files
}

fn code(text: &str) -> String {
    let before_tests = text.split("#[cfg(test)]\nmod tests").next();
    let lines = before_tests.unwrap_or_default().lines();
    let lines = lines.filter(|line| !line.trim_start().starts_with("//"));
    lines.collect::<Vec<_>>().join("\n")
}

/// Level and beginning of each line of the log that is written in these words.
fn lines() -> Vec<(String, String)> {
    let mut lines = Vec::new();
    for (file, code) in below(&[""]) {
        for event in code.split("tracing::").skip(1) {
            let Some((level, event)) = event.split_once("!(") else {
                continue;
            };
            if !["error", "warn", "info", "debug", "trace"].contains(&level) {
                continue;
            }
            let event = event.split(");").next().unwrap();
            let Some(message) = event.rsplit('"').nth(1) else {
                continue;
            };
            let words = message.split('{').next().unwrap().trim_end();
            if !words.is_empty() {
                lines.push((level.to_owned(), words.to_owned()));
            } else if message != "{message}" {
                panic!("{file}: {message:?} begins with what nobody can look for");
            }
        }
    }
    lines
}

/// The variants of `AuditEventKind`, in order.
pub(super) fn kinds_of_events() -> Vec<String> {
    let code = code(include_str!("../../../src/observe/audit/event.rs"));
    let (_, kinds) = code.split_once("pub enum AuditEventKind {").unwrap();
    let kinds = kinds.split('}').next().unwrap().split(',').map(str::trim);
    let named = kinds.filter(|kind| !kind.is_empty());
    named.map(ToOwned::to_owned).collect()
}

#[test]
fn the_guide_lists_every_line_of_the_log_with_its_level() {
    let guide = include_str!("../../../src/guide/observing.md");
    let lines = lines();
    assert!(lines.len() > 8, "they were not found: {lines:?}");
    for (level, words) in lines {
        let listed = |row: &str| {
            let mut cells = row.split('|').skip(1).map(str::trim);
            cells.next() == Some("`tower_better_auth`")
                && cells.next() == Some(&level)
                && cells.next().is_some_and(|line| line.contains(&words))
        };
        assert!(guide.lines().any(listed), "{level}: {words}");
    }
}
