//! The socket, in a thread of its own, so that the server lives through the runtimes of single tests.

use std::{
    net::SocketAddr,
    sync::{Arc, OnceLock, mpsc as std_mpsc},
    thread::{self, JoinHandle},
    time::Duration,
};

use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{self, AsyncWriteExt},
    net::{TcpListener, TcpSocket, TcpStream},
    runtime,
    sync::mpsc,
    task::JoinSet,
    time::sleep,
};

use super::{answer::NoAnswer, routes::Shared};

/// How many connections may wait to be accepted.
const BACKLOG: u32 = 1024;

/// For how long a connection waits that cannot be let in now, as when the process has too many files open.
const ANOTHER_TRY: Duration = Duration::from_millis(50);

/// Serves until it is dropped: when that is done the port is closed, and all connections.
pub(super) struct Running {
    commands: mpsc::UnboundedSender<Command>,
    // Dropped after what ends it.
    _thread: Joined,
}

/// A thread that is waited for.
struct Joined(Option<JoinHandle<()>>);

/// Whether connections are let in.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Door {
    Open,
    Shut,
}

struct Command {
    door: Door,
    done: std_mpsc::Sender<()>,
}

impl Running {
    /// Takes a free port of the loopback interface.
    pub(super) fn bind() -> (std::net::TcpListener, SocketAddr) {
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0))
            .expect("the loopback interface has a free port");
        listener
            .set_nonblocking(true)
            .expect("a new socket can be non-blocking");
        let address = listener.local_addr();
        (listener, address.expect("a bound socket has an address"))
    }

    pub(super) fn serve(listener: std::net::TcpListener, shared: Arc<Shared>) -> Self {
        let (commands, orders) = mpsc::unbounded_channel();
        let runtime = runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.expect("a runtime for the auth server");
        let thread = thread::Builder::new()
            .name("auth-server".to_owned())
            .spawn(move || {
                let served = runtime.block_on(serve(listener, shared, orders));
                served.expect("the auth server gets its port back");
            })
            .expect("a thread for the auth server");
        Self {
            commands,
            _thread: Joined(Some(thread)),
        }
    }

    /// Returns when it is so.
    pub(super) fn set(&self, door: Door) {
        let (done, is_done) = std_mpsc::channel();
        let sent = self.commands.send(Command { door, done }).is_ok();
        let is_set = sent && is_done.recv_timeout(Duration::from_secs(10)).is_ok();
        assert!(is_set, "the thread of the auth server is gone, or hangs");
    }
}

impl Drop for Joined {
    fn drop(&mut self) {
        // A panic was printed when it happened.
        let _ = self.0.take().map(JoinHandle::join);
    }
}

async fn serve(
    listener: std::net::TcpListener,
    shared: Arc<Shared>,
    mut orders: mpsc::UnboundedReceiver<Command>,
) -> io::Result<()> {
    let mut listener = TcpListener::from_std(listener)?;
    let address = listener.local_addr()?;
    loop {
        let Some(done) = until_shut(listener, &shared, &mut orders).await else {
            return Ok(());
        };
        // A socket that is bound and does not listen refuses connections, and keeps the port.
        let socket = TcpSocket::new_v4()?;
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        let _ = done.send(());
        let Some(done) = until(Door::Open, &mut orders).await else {
            return Ok(());
        };
        listener = socket.listen(BACKLOG)?;
        let _ = done.send(());
    }
}

/// Lets connections in until it is told not to; then they are all closed. `None` when nobody wants the server any more.
async fn until_shut(
    listener: TcpListener,
    shared: &Arc<Shared>,
    orders: &mut mpsc::UnboundedReceiver<Command>,
) -> Option<std_mpsc::Sender<()>> {
    let mut connections = JoinSet::new();
    let done = loop {
        tokio::select! {
            stream = accept(&listener) => {
                connections.spawn(converse(stream, Arc::clone(shared)));
            }
            done = until(Door::Shut, orders) => break done,
            Some(_) = connections.join_next() => {}
        }
    };
    connections.shutdown().await;
    done
}

/// The next connection. A failure is of that one, or passes.
async fn accept(listener: &TcpListener) -> TcpStream {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return stream,
            Err(_) => sleep(ANOTHER_TRY).await,
        }
    }
}

async fn until(
    door: Door,
    orders: &mut mpsc::UnboundedReceiver<Command>,
) -> Option<std_mpsc::Sender<()>> {
    loop {
        let command = orders.recv().await?;
        if command.door == door {
            return Some(command.done);
        }
        let _ = command.done.send(());
    }
}

/// A connection that ends in an error was closed by the client, or on purpose.
async fn converse(stream: TcpStream, shared: Arc<Shared>) {
    let Ok((stream, mut twin)) = twins(stream) else {
        return;
    };
    let in_place = OnceLock::new();
    let service = service_fn(async |request| {
        let answer = shared.handle(request).await;
        answer.map_err(|no_answer| {
            let _ = in_place.set(no_answer);
            io::Error::from(io::ErrorKind::ConnectionAborted)
        })
    });
    let _ = http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .await;
    match in_place.into_inner() {
        Some(NoAnswer::Raw(bytes)) => {
            // A client that has read enough hangs up.
            let _ = twin.write_all(&bytes).await;
        }
        Some(NoAnswer::End(io::ErrorKind::ConnectionReset)) => reset(&twin),
        Some(NoAnswer::End(_)) | None => {}
    }
}

/// The same connection twice, because hyper wants to own it.
fn twins(stream: TcpStream) -> io::Result<(TcpStream, TcpStream)> {
    let stream = stream.into_std()?;
    let twin = stream.try_clone()?;
    Ok((TcpStream::from_std(stream)?, TcpStream::from_std(twin)?))
}

/// Makes the connection end with an RST. It is deprecated for other spans than zero, which block.
#[allow(deprecated)]
fn reset(stream: &TcpStream) {
    let _ = stream.set_linger(Some(Duration::ZERO));
}
