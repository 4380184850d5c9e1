//! What an HTTP client makes of bytes, where there is no socket to send them on.

use std::io;

use bytes::{Bytes, BytesMut};
use http::{Request, Response};
use http_body_util::{BodyExt, Empty};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

use super::answer::Script;

/// How much is under way at a time.
const PIPE: usize = 1 << 16;

/// The answer that hyper's client reads from a connection with these bytes and no more.
pub(super) async fn read(bytes: Bytes) -> io::Result<Response<Script>> {
    let (near, far) = duplex(PIPE);
    let handshake = http1::handshake(TokioIo::new(near)).await;
    let (sender, connection) = handshake.map_err(io::Error::other)?;
    let (answer, _, _) = tokio::join!(ask(sender), connection, send(far, bytes));
    answer.map_err(io::Error::other)
}

async fn ask(mut sender: SendRequest<Empty<Bytes>>) -> hyper::Result<Response<Script>> {
    let response = sender.send_request(Request::new(Empty::new())).await?;
    let (head, mut body) = response.into_parts();
    let mut read = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else {
            return Ok(Response::from_parts(head, Script::broken(read.freeze())));
        };
        if let Ok(data) = frame.into_data() {
            read.extend_from_slice(&data);
        }
    }
    Ok(Response::from_parts(head, Script::whole(read.freeze())))
}

/// After the request, because a client does not wait for an answer before.
async fn send(mut far: DuplexStream, bytes: Bytes) -> io::Result<()> {
    far.read_u8().await?;
    far.write_all(&bytes).await
}
