//! A real Redis server, empty, on a port of its own, and gone with the test.

use std::{
    fmt::Write as _,
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

const START_LIMIT: Duration = Duration::from_secs(20);

pub(crate) struct Redis {
    port: u16,
    url: String,
    /// `None` while it is killed.
    process: Option<Process>,
}

/// Killed when it is dropped.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Redis {
    pub(crate) fn start() -> Self {
        // Another process can be faster on the port that was free a moment ago.
        for _ in 0..10 {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let port = listener.local_addr().unwrap().port();
            drop(listener);
            if let Some(process) = run(port) {
                let url = format!("redis://127.0.0.1:{port}");
                let process = Some(process);
                return Self { port, url, process };
            }
        }
        panic!("`redis-server` does not start: is it installed?");
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Ends the process at once, as a crash does.
    pub(crate) fn kill(&mut self) {
        self.process = None;
    }

    /// Kills it if need be, and starts it at the same address, empty.
    pub(crate) fn restart(&mut self) {
        self.kill();
        self.process = Some(run(self.port).expect("its port is free"));
    }

    /// Stops the process without ending it: connections stay open, and nothing answers.
    pub(crate) fn pause(&self) {
        self.signal("STOP");
    }

    pub(crate) fn resume(&self) {
        self.signal("CONT");
    }

    fn signal(&self, name: &str) {
        let process = self.process.as_ref().expect("it is not killed");
        let status = Command::new("kill")
            .args([format!("-{name}"), process.0.id().to_string()])
            .status()
            .expect("`kill` is there");
        assert!(status.success(), "kill -{name}: {status}");
    }

    /// Runs a command, and gives the first bytes of the answer as Redis wrote them.
    pub(crate) fn run(&self, words: &[&str]) -> String {
        ask(&mut self.connect(), words)
    }

    pub(crate) fn run_with_password(&self, password: &str, words: &[&str]) -> String {
        let mut stream = self.connect();
        ask(&mut stream, &["AUTH", password]);
        ask(&mut stream, words)
    }

    fn connect(&self) -> TcpStream {
        TcpStream::connect(("127.0.0.1", self.port)).unwrap()
    }

    /// Waits until somebody has asked to be told of changes.
    pub(crate) async fn until_watched(&self) {
        let limit = Instant::now() + START_LIMIT;
        while !self.is_watched() {
            assert!(Instant::now() < limit, "nobody watches");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// `B` is the flag of a client that is told of changes.
    pub(crate) fn is_watched(&self) -> bool {
        let clients = self.run(&["CLIENT", "LIST"]);
        let mut words = clients.split_whitespace();
        words.any(|word| word.starts_with("flags=") && word.contains('B'))
    }
}

fn ask(stream: &mut TcpStream, words: &[&str]) -> String {
    let mut command = format!("*{}\r\n", words.len());
    for word in words {
        write!(command, "${}\r\n{word}\r\n", word.len()).unwrap();
    }
    stream.write_all(command.as_bytes()).unwrap();
    let mut answer = vec![0; 64 * 1024];
    let length = stream.read(&mut answer).unwrap();
    let answer = String::from_utf8_lossy(&answer[..length]).into_owned();
    assert!(!answer.starts_with('-'), "{words:?}: {answer}");
    answer
}

/// `None` when it ends, as with a port that is taken.
fn run(port: u16) -> Option<Process> {
    let port_text = port.to_string();
    let mut arguments = vec!["--port", &port_text, "--bind", "127.0.0.1"];
    arguments.extend(["--save", "", "--appendonly", "no"]);
    let child = Command::new("redis-server")
        .args(arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap_or_else(|error| panic!("`redis-server` cannot be started ({error}): install it"));
    let mut process = Process(child);
    let limit = Instant::now() + START_LIMIT;
    while Instant::now() < limit {
        if !matches!(process.0.try_wait(), Ok(None)) {
            return None;
        }
        if TcpStream::connect(("127.0.0.1", port)).is_ok() {
            return Some(process);
        }
        sleep(Duration::from_millis(10));
    }
    None
}
