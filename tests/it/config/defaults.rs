//! What the documentation says of every default, held against the constants.

use std::{collections::BTreeSet, time::Duration};

#[cfg(feature = "proxy")]
use tower_better_auth::proxy::Proxy;
#[cfg(feature = "webhooks")]
use tower_better_auth::webhooks;
use tower_better_auth::{Cache, defaults};
#[cfg(feature = "redis")]
use tower_better_auth::{Redis, secondary_storage};

const CONSTANTS: &str = include_str!("../../../src/better_auth/defaults.rs");
pub(super) const BUILDER: &str = concat!(
    include_str!("../../../src/better_auth/builder.rs"),
    include_str!("../../../src/better_auth/clock.rs"),
    include_str!("../../../src/better_auth/credentials.rs"),
    include_str!("../../../src/better_auth/observing.rs"),
    include_str!("../../../src/better_auth/refresh.rs"),
    include_str!("../../../src/better_auth/resilience.rs"),
    include_str!("../../../src/better_auth/sharing.rs"),
);
const CACHE: &str = include_str!("../../../src/cache/policy.rs");
const LEASE: &str = include_str!("../../../src/lease/mod.rs");
const PROXY: &str = include_str!("../../../src/proxy/proxy.rs");
const REDIS: &str = include_str!("../../../src/cache/redis/settings.rs");
const SAME_ORIGIN: &str = include_str!("../../../src/cross_site/layer.rs");
#[cfg(feature = "webhooks")]
const WEBHOOKS: &str = concat!(
    include_str!("../../../src/webhooks/judge.rs"),
    include_str!("../../../src/webhooks/service.rs"),
);
#[cfg(feature = "redis")]
const SECONDARY_STORAGE: &str = concat!(
    include_str!("../../../src/secondary_storage/connection.rs"),
    include_str!("../../../src/secondary_storage/watch.rs"),
);

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

/// The methods of a file that change a setting.
pub(super) fn setters(source: &'static str) -> BTreeSet<&'static str> {
    let (plain, constant) = (names(source, "pub fn "), names(source, "pub const fn "));
    let is_setter = |name: &&str| {
        let (_, rest) = source.split_once(&format!("fn {name}")).unwrap();
        let (_, arguments) = rest.split_once('(').unwrap();
        arguments.trim_start().starts_with("mut self,") || arguments.starts_with("mut self)")
    };
    plain.union(&constant).copied().filter(is_setter).collect()
}

fn duration(duration: Duration) -> String {
    if duration.subsec_millis() > 0 {
        return format!("{} milliseconds", duration.as_millis());
    }
    match duration.as_secs() {
        1 => "1 second".to_owned(),
        seconds if seconds > 60 && seconds % 60 == 0 => {
            format!("{} minutes", seconds / 60)
        }
        seconds => format!("{seconds} seconds"),
    }
}

fn bytes(bytes: u64) -> String {
    let kib = bytes / 1024;
    assert_eq!(bytes, kib * 1024);
    match kib {
        1024 => "1 MiB".to_owned(),
        kib => format!("{kib} KiB"),
    }
}

fn kib(count: usize) -> String {
    bytes(count as u64)
}

fn code(text: &str) -> String {
    format!("`{text}`")
}

/// Every constant of [`defaults`]: its value in words, and the setting whose documentation names it.
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

/// The same for constants that stand next to their type, with the file.
fn elsewhere() -> Vec<(&'static str, &'static str, String, Option<&'static str>)> {
    let capacity = Cache::CAPACITY.to_string();
    let (thousands, rest) = capacity.split_at(capacity.len() - 3);
    let capacity = format!("{thousands},{rest}");
    let mut table = vec![(CACHE, "CAPACITY", capacity, Some("capacity"))];
    #[cfg(feature = "redis")]
    table.extend([
        (
            REDIS,
            "NAMESPACE",
            code(Redis::NAMESPACE),
            Some("namespace"),
        ),
        (REDIS, "TIMEOUT", duration(Redis::TIMEOUT), Some("timeout")),
        (
            REDIS,
            "ISOLATED_TTL",
            duration(Redis::ISOLATED_TTL),
            Some("isolated_ttl"),
        ),
        (
            SECONDARY_STORAGE,
            "PING_EVERY",
            duration(secondary_storage::PING_EVERY),
            None,
        ),
        (
            SECONDARY_STORAGE,
            "SETTLED",
            duration(secondary_storage::SETTLED),
            None,
        ),
        (
            SECONDARY_STORAGE,
            "UNHEARD_TTL",
            duration(secondary_storage::UNHEARD_TTL),
            None,
        ),
    ]);
    #[cfg(feature = "proxy")]
    table.extend([
        (PROXY, "MAX_BODY", bytes(Proxy::MAX_BODY), Some("max_body")),
        (
            PROXY,
            "DEADLINE",
            duration(Proxy::DEADLINE),
            Some("deadline"),
        ),
        (
            PROXY,
            "IDLE_TIMEOUT",
            duration(Proxy::IDLE_TIMEOUT),
            Some("idle_timeout"),
        ),
        (
            PROXY,
            "MAX_CONCURRENCY",
            Proxy::MAX_CONCURRENCY.to_string(),
            Some("max_concurrency"),
        ),
    ]);
    #[cfg(feature = "webhooks")]
    table.extend([
        (WEBHOOKS, "TOLERANCE", duration(webhooks::TOLERANCE), None),
        (WEBHOOKS, "MAX_BODY", kib(webhooks::MAX_BODY), None),
    ]);
    table
}

#[test]
fn every_default_is_in_the_table() {
    let known: BTreeSet<_> = table().iter().map(|(name, ..)| *name).collect();
    assert_eq!(names(CONSTANTS, "pub const "), known);
}

#[test]
#[cfg(all(feature = "redis", feature = "proxy"))]
fn every_default_next_to_its_type_is_in_the_table() {
    for source in [CACHE, LEASE, PROXY, REDIS, SAME_ORIGIN] {
        let of_source = elsewhere().into_iter().filter(|(file, ..)| *file == source);
        let known: BTreeSet<_> = of_source.map(|(_, name, ..)| name).collect();
        let mut public = names(source, "pub const ");
        public.remove("fn");
        assert_eq!(public, known);
    }
}

#[test]
fn every_constant_and_every_setting_says_its_value() {
    for (name, value, setting) in table() {
        let settings = if name.starts_with("LEASE_") {
            LEASE
        } else {
            BUILDER
        };
        assert_says(CONSTANTS, name, &value, setting.map(|it| (settings, it)));
    }
    for (source, name, value, setting) in elsewhere() {
        assert_says(source, name, &value, setting.map(|it| (source, it)));
    }
}

fn assert_says(source: &str, name: &str, value: &str, setting: Option<(&str, &str)>) {
    let doc = documentation(source, &format!("pub const {name}:"));
    assert!(
        doc.contains(&format!(": {value}.")),
        "{name} is {value}, and says: {doc}"
    );
    if let Some((source, setting)) = setting {
        let doc = documentation_of_setter(source, setting);
        let sentence = format!("Defaults to {value}.");
        assert!(
            doc.contains(&sentence),
            "`{setting}` does not say {sentence:?}: {doc}"
        );
    }
}

fn documentation_of_setter(source: &str, setting: &str) -> String {
    let constant = format!("pub const fn {setting}");
    if source.contains(&constant) {
        return documentation(source, &constant);
    }
    documentation(source, &format!("pub fn {setting}"))
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
    for source in [BUILDER, CACHE, LEASE, PROXY, REDIS, SAME_ORIGIN] {
        let setters = setters(source);
        assert!(!setters.is_empty());
        for setting in setters {
            let doc = documentation_of_setter(source, setting);
            let words = ["Defaults to", "by default", "By default"];
            assert!(
                words.iter().any(|word| doc.contains(word)),
                "`{setting}`: {doc}"
            );
        }
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
