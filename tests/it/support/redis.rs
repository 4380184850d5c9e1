//! A Redis of the test's own, and a wire to it that can be cut.

use std::{
    net::TcpListener as StdListener,
    path::PathBuf,
    process::{Command, Stdio},
    sync::{
        Mutex,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use redis::{FromRedisValue, aio::MultiplexedConnection};
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinHandle,
    time::{Instant, sleep},
};

use super::leashed::Leashed;

const START_LIMIT: Duration = Duration::from_secs(20);

/// A running `redis-server` that keeps nothing on disk, and is gone with the test.
pub(crate) struct RedisServer {
    process: Mutex<Option<Leashed>>,
    directory: PathBuf,
    port: u16,
    arguments: Vec<String>,
}

impl RedisServer {
    pub(crate) async fn start() -> Self {
        Self::start_with(&[]).await
    }

    async fn start_with(arguments: &[&str]) -> Self {
        for _ in 0..5 {
            let server = Self {
                process: Mutex::default(),
                directory: directory(),
                port: free_port(),
                arguments: arguments.iter().map(ToString::to_string).collect(),
            };
            server.launch();
            if server.is_ready().await {
                return server;
            }
            // Somebody else was faster to take the port.
        }
        panic!("`redis-server` does not start: run `redis-server --port 7777` to see what it says");
    }

    /// A cluster of one node, which has all keys.
    pub(crate) async fn start_cluster() -> Self {
        let server = Self::start_with(&["--cluster-enabled", "yes"]).await;
        server.order("CLUSTER ADDSLOTSRANGE 0 16383").await;
        let begun = Instant::now();
        loop {
            let state: String = server.run(&[b"CLUSTER", b"INFO"]).await.unwrap();
            if state.contains("cluster_state:ok") {
                return server;
            }
            assert!(begun.elapsed() < START_LIMIT, "{state}");
            sleep(Duration::from_millis(20)).await;
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    fn launch(&self) {
        let mut command = Command::new("redis-server");
        command
            .args(["--port", &self.port.to_string(), "--bind", "127.0.0.1"])
            .args(["--save", "", "--appendonly", "no", "--dir"])
            .arg(&self.directory)
            .args(&self.arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let process = Leashed::spawn(&mut command).unwrap_or_else(|error| {
            panic!("install redis-server, 6.2 or newer: it cannot be started ({error})")
        });
        *self.process.lock().unwrap() = Some(process);
    }

    async fn is_ready(&self) -> bool {
        let begun = Instant::now();
        while begun.elapsed() < START_LIMIT {
            let has_ended = {
                let mut process = self.process.lock().unwrap();
                process.as_mut().unwrap().end().is_some()
            };
            if has_ended {
                return false;
            }
            if let Ok(mut connection) = self.connect().await
                && redis::cmd("PING")
                    .query_async::<String>(&mut connection)
                    .await
                    .is_ok()
            {
                return true;
            }
            sleep(Duration::from_millis(20)).await;
        }
        false
    }

    async fn connect(&self) -> redis::RedisResult<MultiplexedConnection> {
        let client = redis::Client::open(self.url())?;
        client.get_multiplexed_async_connection().await
    }

    /// Runs one command.
    pub(crate) async fn run<T: FromRedisValue>(&self, words: &[&[u8]]) -> redis::RedisResult<T> {
        command(words).query_async(&mut self.connect().await?).await
    }

    /// Runs one command that cannot fail, and whose answer does not matter.
    pub(crate) async fn execute(&self, words: &[&str]) {
        let words: Vec<&[u8]> = words.iter().map(|word| word.as_bytes()).collect();
        self.run::<redis::Value>(&words).await.unwrap();
    }

    /// The same, written as a line.
    pub(crate) async fn order(&self, line: &str) {
        self.execute(&line.split(' ').collect::<Vec<_>>()).await;
    }

    pub(crate) async fn keys(&self) -> Vec<Vec<u8>> {
        let mut keys: Vec<Vec<u8>> = self.run(&[b"KEYS", b"*"]).await.unwrap();
        keys.sort();
        keys
    }

    /// The keys in which sessions lie.
    pub(crate) async fn entries(&self) -> Vec<Vec<u8>> {
        let keys = self.keys().await;
        let is_entry = |key: &Vec<u8>| String::from_utf8_lossy(key).contains(":session:");
        keys.into_iter().filter(is_entry).collect()
    }

    pub(crate) async fn get(&self, key: &[u8]) -> Vec<u8> {
        self.run(&[b"GET", key]).await.unwrap()
    }

    pub(crate) async fn set(&self, key: &[u8], value: &[u8]) {
        let set = [b"SET", key, value];
        self.run::<redis::Value>(&set).await.unwrap();
    }

    /// How often a command was run, since the start or `CONFIG RESETSTAT`.
    pub(crate) async fn count(&self, command: &str) -> u64 {
        let stats: String = self.run(&[b"INFO", b"commandstats"]).await.unwrap();
        let prefix = format!("cmdstat_{command}:calls=");
        let line = stats.lines().find_map(|line| line.strip_prefix(&prefix));
        line.map_or(0, |rest| rest.split(',').next().unwrap().parse().unwrap())
    }

    /// How many clients there are besides this one.
    pub(crate) async fn clients(&self) -> usize {
        self.client_list().await.lines().count() - 1
    }

    async fn client_list(&self) -> String {
        self.run(&[b"CLIENT", b"LIST"]).await.unwrap()
    }

    /// Whether somebody is told of changes: `B` is the flag of such a client.
    pub(crate) async fn is_watched(&self) -> bool {
        let clients = self.client_list().await;
        let mut words = clients.split_whitespace();
        words.any(|word| word.starts_with("flags=") && word.contains('B'))
    }

    pub(crate) async fn until_watched(&self) {
        let begun = Instant::now();
        while !self.is_watched().await {
            assert!(begun.elapsed() < START_LIMIT, "nobody watches");
            sleep(Duration::from_millis(5)).await;
        }
    }

    /// Stops the process without ending it: connections stay open, and nothing answers.
    pub(crate) fn pause(&self) {
        self.signal("STOP");
    }

    pub(crate) fn resume(&self) {
        self.signal("CONT");
    }

    fn signal(&self, name: &str) {
        let process = self.process.lock().unwrap();
        process.as_ref().expect("it is not killed").signal(name);
    }

    pub(crate) fn kill(&self) {
        self.process.lock().unwrap().take();
    }

    /// Starts it again on the same port, empty.
    pub(crate) async fn restart(&self) {
        self.kill();
        self.launch();
        assert!(self.is_ready().await, "`redis-server` does not start again");
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        self.kill();
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

fn command(words: &[&[u8]]) -> redis::Cmd {
    let mut command = redis::Cmd::new();
    for word in words {
        command.arg(*word);
    }
    command
}

fn directory() -> PathBuf {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    let name = format!("tower-better-auth-redis-{}-{number}", std::process::id());
    let directory = std::env::temp_dir().join(name);
    std::fs::create_dir_all(&directory).unwrap();
    directory
}

fn free_port() -> u16 {
    let listener = StdListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// The way of one process to Redis.
pub(crate) struct Wire {
    port: u16,
    state: watch::Sender<State>,
    task: JoinHandle<()>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Whole,
    Cut,
}

impl Wire {
    pub(crate) async fn to(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let own = listener.local_addr().unwrap().port();
        let (state, seen) = watch::channel(State::Whole);
        let task = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(carry(client, port, seen.clone()));
            }
        });
        Self {
            port: own,
            state,
            task,
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Ends every connection, and every one that is tried.
    pub(crate) fn cut(&self) {
        self.state.send_replace(State::Cut);
    }

    pub(crate) fn mend(&self) {
        self.state.send_replace(State::Whole);
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn carry(mut client: TcpStream, port: u16, mut state: watch::Receiver<State>) {
    if *state.borrow() == State::Cut {
        return;
    }
    let Ok(mut server) = TcpStream::connect(("127.0.0.1", port)).await else {
        return;
    };
    tokio::select! {
        _ = copy_bidirectional(&mut client, &mut server) => {}
        _ = state.wait_for(|state| *state == State::Cut) => {}
    }
}
