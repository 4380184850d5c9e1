//! The plugin's own side, in Node: what it sends, and what the reference implementation of Standard Webhooks says to it.

use std::{path::Path, process::Command};

#[test]
fn the_plugins_messages_are_what_the_reference_implementation_takes_and_its_queue_is_bounded() {
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/better-auth");
    let output = Command::new("node")
        .args(["--test", "delivery.test.mjs"])
        .current_dir(example)
        .output()
        .expect("node is there: see `tests/run`");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}");
}
