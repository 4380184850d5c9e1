//! The port, the connections, and when there are no more files to be had.

use std::{
    fs::File,
    io::{ErrorKind, Read, Write},
    iter,
    net::TcpStream,
    thread,
    time::Duration,
};

use tower_better_auth::testing::AuthServer;

use crate::support::child;

const HOUR: Duration = Duration::from_secs(60 * 60);

fn address(server: &AuthServer) -> String {
    let address = server.url().strip_prefix("http://");
    address.unwrap().to_owned()
}

/// A connection on which a question has been put.
fn ask(address: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).unwrap();
    let limit = Some(Duration::from_secs(20));
    stream.set_read_timeout(limit).unwrap();
    let question = "GET /api/auth/get-session HTTP/1.1\r\nhost: localhost\r\n\r\n";
    stream.write_all(question.as_bytes()).unwrap();
    stream
}

#[tokio::test]
async fn when_a_server_is_dropped_its_port_is_closed_and_so_are_its_connections() {
    for _ in 0..50 {
        let server = AuthServer::start().await;
        server.answer_after(HOUR);
        let address = address(&server);
        let mut waiting = ask(&address);
        drop(server);
        let refused = TcpStream::connect(&address).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
        // Closed before or after the question was read.
        let read = waiting.read(&mut [0]).map_err(|error| error.kind());
        assert!(
            matches!(read, Ok(0) | Err(ErrorKind::ConnectionReset)),
            "{read:?}"
        );
    }
}

#[tokio::test]
async fn a_connection_that_cannot_be_let_in_for_a_while_is_let_in_after_it() {
    if !child::is_child() {
        let name = concat!(
            module_path!(),
            "::a_connection_that_cannot_be_let_in_for_a_while_is_let_in_after_it"
        );
        return child::run_with_files(64, name).await;
    }
    let server = AuthServer::start().await;
    let address = address(&server);
    let mut files: Vec<File> = iter::from_fn(|| File::open("/dev/null").ok()).collect();
    assert!(files.len() < 64, "the limit holds");
    // For this end of the connection, and none is left for the other.
    files.pop();
    let mut waiting = ask(&address);
    thread::sleep(Duration::from_millis(200));
    drop(files);
    let mut head = [0; 12];
    waiting.read_exact(&mut head).unwrap();
    assert_eq!(&head, b"HTTP/1.1 200");
}
