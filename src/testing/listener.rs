//! The socket, in a thread of its own, so that the server lives through the runtimes of single tests.

use std::{
    net::{SocketAddr, TcpListener},
    sync::Arc,
    thread,
};

use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{runtime, sync::oneshot};

use super::routes::Shared;

/// Stops the server, and closes its connections, when dropped.
pub(super) struct Running {
    _until_dropped: oneshot::Sender<()>,
}

/// Takes a free port of the loopback interface.
pub(super) fn bind() -> (TcpListener, SocketAddr) {
    let listener =
        TcpListener::bind(("127.0.0.1", 0)).expect("the loopback interface has a free port");
    listener
        .set_nonblocking(true)
        .expect("a new socket can be non-blocking");
    let address = listener
        .local_addr()
        .expect("a bound socket has an address");
    (listener, address)
}

pub(super) fn run(listener: TcpListener, shared: Arc<Shared>) -> Running {
    let (until_dropped, dropped) = oneshot::channel::<()>();
    let runtime = runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("a runtime for the auth server");
    thread::Builder::new()
        .name("auth-server".to_owned())
        .spawn(move || {
            runtime.block_on(async move {
                tokio::select! {
                    () = accept(listener, shared) => {}
                    _ = dropped => {}
                }
            });
        })
        .expect("a thread for the auth server");
    Running {
        _until_dropped: until_dropped,
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let listener = tokio::net::TcpListener::from_std(listener).expect("a non-blocking socket");
    while let Ok((stream, _)) = listener.accept().await {
        let shared = Arc::clone(&shared);
        tokio::spawn(async move {
            let service = service_fn(|request| shared.handle(request));
            // A connection that ends in an error was closed by the client, or on purpose.
            let _ = http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}
