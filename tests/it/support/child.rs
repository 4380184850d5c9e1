//! A test that needs an environment of its own runs itself again in a child process: changing the environment of a
//! process that has threads is unsafe.

use tokio::process::Command;

const MARK: &str = "TOWER_BETTER_AUTH_CHILD";

pub(crate) fn is_child() -> bool {
    std::env::var_os(MARK).is_some()
}

/// Runs the test `name`, which begins with its `module_path!()`, and fails when it fails.
pub(crate) async fn run(name: &str, set: &[(&str, &str)], unset: &[&str]) {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.envs(set.iter().copied());
    for name in unset {
        command.env_remove(name);
    }
    pass(command, name).await;
}

/// The same, in a process that may have so many files open, sockets included.
pub(crate) async fn run_with_files(limit: u32, name: &str) {
    let mut command = Command::new("sh");
    command.args(["-c", r#"ulimit -n "$0" && exec "$@""#, &limit.to_string()]);
    command.arg(std::env::current_exe().unwrap());
    pass(command, name).await;
}

async fn pass(mut command: Command, name: &str) {
    let (_crate, name) = name.split_once("::").unwrap();
    command
        .args([name, "--exact", "--nocapture"])
        .env(MARK, "1");
    let output = command.output().await.unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "{text}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(
        text.contains("1 passed"),
        "no test is called {name}: {text}"
    );
}
