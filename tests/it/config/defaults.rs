//! What the documentation says of every default, held against the constants.

use std::{collections::BTreeSet, time::Duration};

use tower_better_auth::defaults;

const BUILDER: &str = concat!(
    include_str!("../../../src/better_auth/builder.rs"),
    include_str!("../../../src/better_auth/credentials.rs"),
    include_str!("../../../src/better_auth/resilience.rs"),
    include_str!("../../../src/better_auth/refresh.rs"),
);
const LEASE: &str = include_str!("../../../src/lease/mod.rs");
const CONSTANTS: &str = include_str!("../../../src/better_auth/defaults.rs");

/// The documentation above the line that begins with `item`, on one line.
fn documentation(source: &str, item: &str) -> String {
    let lines: Vec<&str> = source.lines().map(str::trim).collect();
    let at = lines.iter().position(|line| line.starts_with(item));
    let above = &lines[..at.unwrap_or_else(|| panic!("there is no `{item}`"))];
    let doc = above
        .iter()
        .rev()
        .take_while(|line| line.starts_with("///") || line.starts_with("#["));
    let mut doc: Vec<&str> = doc.filter_map(|line| line.strip_prefix("///")).collect();
    doc.reverse();
    doc.concat().trim().to_owned()
}

/// The names behind `prefix` at the beginning of a line.
fn names(source: &'static str, prefix: &str) -> BTreeSet<&'static str> {
    let after = |line: &'static str| {
        let rest = line.trim().strip_prefix(prefix)?;
        rest.split(|char: char| !char.is_alphanumeric() && char != '_')
            .next()
    };
    source.lines().filter_map(after).collect()
}

fn duration(duration: Duration) -> String {
    match duration.as_secs() {
        1 => "1 second".to_owned(),
        seconds if seconds > 60 && seconds % 60 == 0 => {
            format!("{} minutes", seconds / 60)
        }
        seconds => format!("{seconds} seconds"),
    }
}

fn kib(bytes: usize) -> String {
    assert_eq!(bytes % 1024, 0);
    format!("{} KiB", bytes / 1024)
}

fn code(text: &str) -> String {
    format!("`{text}`")
}

/// Every constant: its value in words, and the setting whose documentation names it.
fn table() -> Vec<(&'static str, String, Option<&'static str>)> {
    vec![
        ("BASE_PATH", code(defaults::BASE_PATH), Some("base_path")),
        (
            "SESSION_PATH",
            code(defaults::SESSION_PATH),
            Some("session_path"),
        ),
        (
            "COOKIE_PREFIX",
            code(defaults::COOKIE_PREFIX),
            Some("cookie_prefix"),
        ),
        (
            "CONNECT_TIMEOUT",
            duration(defaults::CONNECT_TIMEOUT),
            Some("connect_timeout"),
        ),
        ("DEADLINE", duration(defaults::DEADLINE), Some("deadline")),
        ("MAX_BODY", kib(defaults::MAX_BODY), Some("max_body")),
        ("MAX_CREDENTIAL", kib(defaults::MAX_CREDENTIAL), None),
        (
            "MAX_CREDENTIAL_WITH_COOKIE_CACHE",
            kib(defaults::MAX_CREDENTIAL_WITH_COOKIE_CACHE),
            None,
        ),
        ("RETRY_AFTER", duration(defaults::RETRY_AFTER), None),
        ("RETRIES", defaults::RETRIES.to_string(), Some("retries")),
        (
            "MAX_CONCURRENCY",
            defaults::MAX_CONCURRENCY.to_string(),
            Some("max_concurrency"),
        ),
        (
            "BREAKER_FAILURES",
            defaults::BREAKER_FAILURES.to_string(),
            None,
        ),
        ("BREAKER_CALLS", defaults::BREAKER_CALLS.to_string(), None),
        ("BREAKER_WINDOW", duration(defaults::BREAKER_WINDOW), None),
        ("BREAKER_OPEN", duration(defaults::BREAKER_OPEN), None),
        (
            "LEASE_INTERVAL",
            duration(defaults::LEASE_INTERVAL),
            Some("every"),
        ),
        (
            "LEASE_OUTAGE",
            duration(defaults::LEASE_OUTAGE),
            Some("tolerate_outage"),
        ),
    ]
}

#[test]
fn every_default_is_in_the_table() {
    let known: BTreeSet<_> = table().iter().map(|(name, ..)| *name).collect();
    assert_eq!(names(CONSTANTS, "pub const "), known);
}

#[test]
fn every_constant_and_every_setting_says_its_value() {
    for (name, value, setting) in table() {
        let doc = documentation(CONSTANTS, &format!("pub const {name}:"));
        assert!(
            doc.contains(&format!(": {value}.")),
            "{name} is {value}, and says: {doc}"
        );
        if let Some(setting) = setting {
            let source = if name.starts_with("LEASE_") {
                LEASE
            } else {
                BUILDER
            };
            let doc = documentation(source, &format!("pub fn {setting}"));
            let sentence = format!("Defaults to {value}.");
            assert!(
                doc.contains(&sentence),
                "`{setting}` does not say {sentence:?}: {doc}"
            );
        }
    }
}

#[test]
fn what_may_be_forwarded_with_the_cookie_cache_is_what_its_setting_says() {
    let doc = documentation(BUILDER, "pub fn trust_cookie_cache");
    let (from, to) = (
        kib(defaults::MAX_CREDENTIAL),
        kib(defaults::MAX_CREDENTIAL_WITH_COOKIE_CACHE),
    );
    assert!(doc.contains(&format!("from {from} to {to}")), "{doc}");
}

#[test]
fn every_setting_says_what_happens_without_it() {
    for setting in names(BUILDER, "pub fn ") {
        let doc = documentation(BUILDER, &format!("pub fn {setting}"));
        let words = ["Defaults to", "by default", "By default"];
        assert!(
            words.iter().any(|word| doc.contains(word)),
            "`{setting}`: {doc}"
        );
    }
}

#[test]
fn the_defaults_are_those_of_the_design() {
    assert_eq!(defaults::BASE_PATH, "/api/auth");
    assert_eq!(defaults::SESSION_PATH, "/get-session");
    assert_eq!(defaults::COOKIE_PREFIX, "better-auth");
    assert_eq!(defaults::CONNECT_TIMEOUT, Duration::from_secs(1));
    assert_eq!(defaults::DEADLINE, Duration::from_secs(5));
    assert_eq!(defaults::MAX_BODY, 64 << 10);
    assert_eq!(defaults::MAX_CREDENTIAL, 8 << 10);
}
