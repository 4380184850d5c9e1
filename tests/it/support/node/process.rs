//! The process: started, stopped, and gone with the test.

use std::{
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{ChildStdout, Command, Stdio},
    sync::mpsc,
    thread,
    time::Duration,
};

use serde_json::Value;

use crate::support::leashed::Leashed;

const START_LIMIT: Duration = Duration::from_secs(20);

/// A running Node process, which is killed when this is dropped.
pub(super) struct Process {
    process: Leashed,
    pub(super) url: String,
}

impl Process {
    /// Starts it and waits for its ready line; `Err` when it ends instead, as with a port that is taken.
    pub(super) fn start(config: &Value) -> Result<Self, String> {
        let config = config.to_string();
        Self::start_in(&directory(), &[("BETTER_AUTH_TEST_CONFIG", &config)])
    }

    /// Starts the `server.mjs` there, with these variables in its environment.
    pub(super) fn start_in(directory: &Path, variables: &[(&str, &str)]) -> Result<Self, String> {
        let mut command = Command::new("node");
        command
            .arg("server.mjs")
            .current_dir(directory)
            .envs(variables.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let mut process = Leashed::spawn(&mut command).unwrap_or_else(|error| {
            panic!(
                "`node` cannot be started ({error}): the tests against a real Better Auth server need Node 20.19 \
                 or newer in the PATH; install it and run `tests/run`"
            )
        });
        let ready = first_line(process.stdout());
        let process = |url| Self { process, url };
        match ready {
            Some(line) => Ok(process(url(&line))),
            None => Err(how_to_see(directory, variables, process(String::new()))),
        }
    }

    /// Sends `STOP`, `CONT` or another signal.
    pub(super) fn signal(&self, name: &str) {
        self.process.signal(name);
    }
}

/// Where the server is, which `tests/versions` sets to a copy that has another version of Better Auth.
pub(crate) fn directory() -> PathBuf {
    let directory = std::env::var_os("BETTER_AUTH_TEST_SERVER").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/better-auth"),
        PathBuf::from,
    );
    assert_installed(&directory);
    directory
}

/// The server that the plugin for revocations is shown with.
pub(super) fn example() -> PathBuf {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/better-auth");
    assert_installed(&directory);
    directory
}

fn assert_installed(directory: &Path) {
    assert!(
        directory.join("node_modules/better-auth").is_dir(),
        "Better Auth is not installed: run `tests/run`, or `npm ci` in {}",
        directory.display()
    );
}

/// `None` when the process ends, or has not said anything within the limit.
fn first_line(stdout: ChildStdout) -> Option<String> {
    let (sender, receiver) = mpsc::channel();
    // A thread of its own, because a pipe cannot be read with a time limit. It ends with the process.
    thread::spawn(move || {
        let mut line = String::new();
        let _ = BufReader::new(stdout).read_line(&mut line);
        let _ = sender.send(line);
    });
    let line = receiver.recv_timeout(START_LIMIT).ok()?;
    (!line.is_empty()).then_some(line)
}

fn url(line: &str) -> String {
    let ready: Value = serde_json::from_str(line).expect("the ready line is JSON");
    ready["url"]
        .as_str()
        .expect("the ready line has a url")
        .to_owned()
}

fn how_to_see(directory: &Path, variables: &[(&str, &str)], mut process: Process) -> String {
    let end = match process.process.end() {
        Some(status) => format!("it ended with {status}"),
        None => format!("it said nothing for {START_LIMIT:?}"),
    };
    let variables = variables
        .iter()
        .map(|(name, value)| format!("{name}='{value}' "));
    let variables: String = variables.collect();
    format!(
        "the Better Auth server is not ready: {end}. Run `tests/run`, or `npm ci` in {0}; to see what it says: \
         cd {0} && {variables}node server.mjs",
        directory.display()
    )
}
