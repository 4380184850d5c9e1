//! An auth server that is not there.

use std::net::TcpListener;

/// A URL where nothing listens any more when this returns, unlike that of a server whose task is yet to be ended.
pub(crate) fn nowhere() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}
