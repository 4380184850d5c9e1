//! Better Auth in a Node process, with a database in a file that outlives the process and not the demo.

use std::{
    env,
    error::Error,
    fmt, fs,
    hash::{BuildHasher, RandomState},
    path::{Path, PathBuf},
    process::{Command as Probe, Stdio},
    time::Duration,
};

use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
    time::timeout,
};

const START_LIMIT: Duration = Duration::from_secs(20);

/// A session is prolonged so often, and its cookie set again. Better Auth's own default is a day, which nobody waits for.
const UPDATE_AGE_SECONDS: u32 = 5;

/// Where the server's program and its packages are.
pub(crate) struct Found(PathBuf);

/// Why Better Auth does not run.
#[derive(Clone, Copy)]
pub(crate) enum Missing {
    Node,
    Packages,
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Node => "Node is not in the PATH; install Node 20.19 or newer.",
            Self::Packages => "its packages are not installed; run `npm ci` in tests/better-auth.",
        })
    }
}

/// A process that is killed when this is dropped.
pub(crate) struct Node {
    found: Found,
    config: Value,
    /// `None` while it is stopped.
    process: Option<Child>,
    url: String,
    data: PathBuf,
}

impl Node {
    pub(crate) fn find() -> Result<Found, Missing> {
        let silent = Probe::new("node")
            .arg("--version")
            .stdout(Stdio::null())
            .status();
        if !silent.is_ok_and(|status| status.success()) {
            return Err(Missing::Node);
        }
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/better-auth");
        if directory.join("node_modules/better-auth").is_dir() {
            Ok(Found(directory))
        } else {
            Err(Missing::Packages)
        }
    }

    pub(crate) async fn start(found: Found, origin: &str) -> Result<Self, Box<dyn Error>> {
        let data = env::temp_dir().join(format!("tower-better-auth-demo-{}", random()));
        fs::create_dir(&data)?;
        let config = json!({
            "secret": random(),
            "database": "sqlite",
            "databaseFile": data.join("demo.sqlite"),
            "plugins": ["admin"],
            // Better Auth trusts the origin of its base URL: that of the app, from which browsers reach it.
            "baseURL": origin,
            "updateAge": UPDATE_AGE_SECONDS,
        });
        let mut node = Self {
            found,
            config,
            process: None,
            url: String::new(),
            data,
        };
        node.resume().await?;
        Ok(node)
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) fn stop(&mut self) {
        // Killed when it is dropped.
        self.process = None;
    }

    /// Starts it, at the address that it had before.
    pub(crate) async fn resume(&mut self) -> Result<(), Box<dyn Error>> {
        if self.process.is_some() {
            return Ok(());
        }
        let mut child = Command::new("node")
            .arg("server.mjs")
            .current_dir(&self.found.0)
            .env("BETTER_AUTH_TEST_CONFIG", self.config.to_string())
            // It ends when its standard input does: with this process, however that ends.
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let stdout = child.stdout.take().ok_or("its output is piped")?;
        let mut line = String::new();
        let mut stdout = BufReader::new(stdout);
        timeout(START_LIMIT, stdout.read_line(&mut line)).await??;
        let ready: Value = serde_json::from_str(&line)?;
        let url = ready["url"].as_str().ok_or("the server names its url")?;
        let port = url.rsplit(':').next().and_then(|port| port.parse().ok());
        self.config["port"] = json!(port.unwrap_or(0_u16));
        url.clone_into(&mut self.url);
        self.process = Some(child);
        Ok(())
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.data);
    }
}

/// Nobody guesses it, and it holds for one run.
pub(crate) fn random() -> String {
    let seeds = [RandomState::new(), RandomState::new()];
    seeds
        .map(|seed| format!("{:016x}{:016x}", seed.hash_one(0), seed.hash_one(1)))
        .concat()
}
