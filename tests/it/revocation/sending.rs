//! The plugin's own side, in Node: what it sends, and what the reference implementation of Standard Webhooks says to it.

use std::{path::Path, process::Command};

/// Runs a file of tests with Node's own runner.
fn node(file: &str) {
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/better-auth");
    let output = Command::new("node")
        .args(["--test", file])
        .current_dir(example)
        .output()
        .expect("node is there: see `tests/run`");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}");
}

#[test]
fn the_plugins_messages_are_what_the_reference_implementation_takes_and_its_queue_is_bounded() {
    node("delivery.test.mjs");
}

#[test]
fn the_plugin_sends_what_the_guide_says_with_each_storage() {
    node("revocations.test.mjs");
}
