//! The dashboard asks for what there is.

use std::collections::BTreeSet;

use serde_json::Value;

use super::metrics::described;

/// Every query of every panel.
fn queries() -> Vec<String> {
    let dashboard = include_str!("../../../examples/grafana-dashboard.json");
    let dashboard: Value = serde_json::from_str(dashboard).unwrap();
    let panels = dashboard["panels"].as_array().unwrap().iter();
    let targets = panels.flat_map(|panel| panel["targets"].as_array().unwrap());
    targets
        .map(|target| target["expr"].as_str().unwrap().to_owned())
        .collect()
}

fn words(query: &str) -> impl Iterator<Item = &str> {
    query.split(|char: char| !(char.is_alphanumeric() || char == '_'))
}

#[test]
fn every_metric_of_the_dashboard_exists_and_every_metric_is_on_it() {
    let queries = queries();
    let words = queries.iter().flat_map(|query| words(query));
    let asked: BTreeSet<String> = words
        .filter(|word| word.starts_with("better_auth_"))
        // Of a histogram, Prometheus makes several series.
        .map(|word| word.trim_end_matches("_bucket").to_owned())
        .collect();
    assert_eq!(asked, described());
}

#[test]
fn the_dashboard_groups_by_labels_that_exist() {
    for query in queries() {
        let Some((_, rest)) = query.split_once("by (") else {
            continue;
        };
        let label = rest.split(')').next().unwrap();
        let metric = words(&query).find(|word| word.starts_with("better_auth_"));
        let expected = match metric.unwrap() {
            "better_auth_requests_total" => "source",
            "better_auth_verdicts_total" => "outcome",
            "better_auth_fetch_total" | "better_auth_shared_total" => "result",
            "better_auth_revocations_total" => "way",
            "better_auth_unavailable_total" => "cause",
            "better_auth_guard_denied_total" => "code",
            "better_auth_fetch_seconds_bucket" => "le",
            metric => panic!("{metric} has no label"),
        };
        assert_eq!(label, expected, "{query}");
    }
}
