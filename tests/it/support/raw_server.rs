//! A server that sends whatever it is told to, and hangs up when it is told to.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use tokio::{
    io::{self, AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

/// One thing that the server does on a connection.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// Waits for the head of a request, and records it.
    Request,
    Send(Bytes),
    /// Sends the same again and again.
    Repeat {
        bytes: Bytes,
        times: u64,
    },
    /// Sends one byte at a time.
    Drip {
        bytes: Bytes,
        every: Duration,
    },
    /// Says nothing until the client hangs up.
    Hang,
    /// Ends the connection in an orderly way.
    Close,
    /// Ends the connection with an RST.
    Reset,
}

/// What happens on one connection, from its start again when it comes to its end.
pub(crate) type Script = Vec<Step>;

impl Step {
    pub(crate) fn send(bytes: impl Into<Bytes>) -> Self {
        Self::Send(bytes.into())
    }

    pub(crate) fn forever(bytes: impl Into<Bytes>) -> Self {
        Self::Repeat {
            bytes: bytes.into(),
            times: u64::MAX,
        }
    }
}

/// Answers every request with these bytes, and keeps the connection.
pub(crate) fn answer(bytes: impl Into<Bytes>) -> Script {
    vec![Step::Request, Step::send(bytes)]
}

/// What is played, and what was seen.
struct Stage {
    script: Mutex<Arc<Script>>,
    connections: AtomicUsize,
    requests: Mutex<Vec<Bytes>>,
}

impl Stage {
    fn script(&self) -> Arc<Script> {
        Arc::clone(&self.script.lock().unwrap())
    }
}

/// Serves on a free port of the loopback until it is dropped.
pub(crate) struct RawServer {
    address: SocketAddr,
    stage: Arc<Stage>,
    _accepting: JoinSet<()>,
}

impl RawServer {
    /// Every connection goes by `script`.
    pub(crate) async fn start(script: Script) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let stage = Arc::new(Stage {
            script: Mutex::new(Arc::new(script)),
            connections: AtomicUsize::new(0),
            requests: Mutex::default(),
        });
        let mut accepting = JoinSet::new();
        accepting.spawn(accept(listener, Arc::clone(&stage)));
        Self {
            address,
            stage,
            _accepting: accepting,
        }
    }

    /// From the next request on, connections go by another script: those that wait for one, and those to come.
    #[allow(
        dead_code,
        reason = "of two test targets, only the fault matrix heals its servers"
    )]
    pub(crate) fn plays(&self, script: Script) {
        *self.stage.script.lock().unwrap() = Arc::new(script);
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn connections(&self) -> usize {
        self.stage.connections.load(Ordering::SeqCst)
    }

    /// The heads of all requests, as text.
    pub(crate) fn requests(&self) -> Vec<String> {
        let requests = self.stage.requests.lock().unwrap();
        let text = |request: &Bytes| String::from_utf8_lossy(request).into_owned();
        requests.iter().map(text).collect()
    }
}

async fn accept(listener: TcpListener, stage: Arc<Stage>) {
    // Dropped with the task, and the connections with it.
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        stage.connections.fetch_add(1, Ordering::SeqCst);
        let stage = Arc::clone(&stage);
        connections.spawn(async move {
            // A client that has had enough hangs up, which is what most of these tests are about.
            let _ = converse(stream, &stage).await;
        });
    }
}

async fn converse(mut stream: TcpStream, stage: &Stage) -> io::Result<()> {
    let mut unread = BytesMut::new();
    let (mut script, mut next) = (stage.script(), 0);
    while let Some(step) = script.clone().get(next) {
        next += 1;
        match step {
            Step::Request => {
                let request = read_head(&mut stream, &mut unread).await?;
                stage.requests.lock().unwrap().push(request);
                let latest = stage.script();
                if !Arc::ptr_eq(&script, &latest) {
                    next = after_request(&latest);
                    script = latest;
                }
            }
            Step::Send(bytes) => stream.write_all(bytes).await?,
            Step::Repeat { bytes, times } => {
                for _ in 0..*times {
                    stream.write_all(bytes).await?;
                }
            }
            Step::Drip { bytes, every } => drip(&mut stream, bytes, *every).await?,
            Step::Hang => {
                io::copy(&mut stream, &mut io::sink()).await?;
            }
            Step::Close => return stream.shutdown().await,
            Step::Reset => return stream.set_zero_linger(),
        }
        if next == script.len() {
            (script, next) = (stage.script(), 0);
        }
    }
    Ok(())
}

/// Where a script goes on when a request is there already.
fn after_request(script: &[Step]) -> usize {
    let request = script.iter().position(|step| matches!(step, Step::Request));
    request.map_or(0, |request| request + 1)
}

async fn read_head(stream: &mut TcpStream, unread: &mut BytesMut) -> io::Result<Bytes> {
    loop {
        if let Some(end) = unread.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
            return Ok(unread.split_to(end + 4).freeze());
        }
        if stream.read_buf(unread).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
}

async fn drip(stream: &mut TcpStream, bytes: &[u8], every: Duration) -> io::Result<()> {
    let mut clock = tokio::time::interval(every);
    stream.set_nodelay(true)?;
    for byte in bytes.chunks(1) {
        clock.tick().await;
        stream.write_all(byte).await?;
    }
    Ok(())
}
