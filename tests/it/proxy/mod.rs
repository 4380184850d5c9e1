//! Better Auth's endpoints on the origin of the app.

// Helpers are not seen as tests by the lint's own exemption.
#![allow(clippy::unwrap_used)]

mod bodies;
mod evicting;
mod limits;
mod paths;
mod real_server;
mod settings;
mod strangers;
mod wire;

use std::net::SocketAddr;

use axum::{Router, body::Body, extract::ConnectInfo};
use bytes::Bytes;
use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::BodyExt;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use tower::ServiceExt;
use tower_better_auth::{BetterAuth, BetterAuthBuilder, proxy::Proxy};

const MOUNT: &str = "/api/auth/{*path}";

/// A handle that sends the peer's address on, as every proxy should.
fn builder(url: &str) -> BetterAuthBuilder {
    BetterAuth::builder(url).client_ip(|_, extensions| {
        let peer = extensions.get::<ConnectInfo<SocketAddr>>();
        peer.map(|peer| peer.ip())
    })
}

fn proxy(url: &str) -> Proxy {
    builder(url).build().unwrap().proxy()
}

/// Serves the proxy, and nothing else, on a port of its own.
async fn serve(proxy: Proxy) -> SocketAddr {
    serve_app(Router::new().route_service(MOUNT, proxy)).await
}

async fn serve_app(app: Router) -> SocketAddr {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let app = app.into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, app).await });
    address
}

/// Sends these bytes, and reads until the server hangs up.
async fn raw(address: SocketAddr, request: impl AsRef<[u8]>) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_ref()).await.unwrap();
    let mut answer = Vec::new();
    // A server that has had enough may reset the connection, after it has said why.
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}

/// A request on a connection of its own.
fn request(line: &str, headers: &[&str], body: &str) -> String {
    let headers: Vec<_> = headers.iter().map(|line| format!("{line}\r\n")).collect();
    let headers = headers.concat();
    format!("{line} HTTP/1.1\r\nhost: app.example\r\nconnection: close\r\n{headers}\r\n{body}")
}

fn status(answer: &str) -> u16 {
    let status = answer.split(' ').nth(1).unwrap_or_default();
    status.parse().unwrap_or_default()
}

/// What a client saw without a socket.
#[derive(Debug)]
struct Seen {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

impl Seen {
    async fn of(response: Response<Body>) -> Self {
        let (head, body) = response.into_parts();
        Self {
            status: head.status,
            headers: head.headers,
            body: body.collect().await.unwrap().to_bytes(),
        }
    }

    fn code(&self) -> String {
        let body: serde_json::Value = serde_json::from_slice(&self.body).unwrap_or_default();
        body["code"].as_str().unwrap_or_default().to_owned()
    }
}

async fn call(proxy: &Proxy, request: Request<Body>) -> Seen {
    Seen::of(proxy.clone().oneshot(request).await.unwrap()).await
}

fn post(path: &str) -> Request<Body> {
    Request::post(path).body(Body::empty()).unwrap()
}
