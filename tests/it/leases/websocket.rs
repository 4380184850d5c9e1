//! A `WebSocket` of axum's, over real sockets.

use std::time::{Duration, SystemTime};

use axum::{
    Router,
    extract::{Query, WebSocketUpgrade},
    response::Response,
    routing::any,
};
use futures_util::{SinkExt, StreamExt};
use http::header;
use tokio::{net::TcpStream, time::timeout};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{Message, client::IntoClientRequest, protocol::frame::coding::CloseCode},
};
use tower_better_auth::{
    BetterAuth, CurrentSession, SessionAuth,
    testing::{AuthServer, Fault, SignedIn, user},
};

use super::SECOND;
use crate::beyond::serve;

#[derive(serde::Deserialize)]
struct Pace {
    every: Option<u64>,
    outage: Option<u64>,
}

/// Says everything back.
async fn echo(session: CurrentSession, pace: Query<Pace>, upgrade: WebSocketUpgrade) -> Response {
    let mut lease = session.lease();
    if let Some(every) = pace.every {
        lease = lease.every(Duration::from_secs(every));
    }
    if let Some(outage) = pace.outage {
        lease = lease.tolerate_outage(Duration::from_secs(outage));
    }
    upgrade.on_upgrade(async move |mut socket| {
        loop {
            tokio::select! {
                ended = lease.ended() => return ended.close(socket).await,
                message = socket.recv() => match message {
                    Some(Ok(message)) => { let _ = socket.send(message).await; }
                    _ => return,
                },
            }
        }
    })
}

struct Client(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Client {
    async fn open(url: &str, session: &SignedIn) -> Self {
        let mut request = url.into_client_request().unwrap();
        request
            .headers_mut()
            .insert(header::COOKIE, session.cookie());
        Self(connect_async(request).await.unwrap().0)
    }

    async fn assert_alive(&mut self) {
        self.0.send(Message::text("hello")).await.unwrap();
        let message = timeout(5 * SECOND, self.0.next()).await;
        assert_eq!(message.unwrap().unwrap().unwrap(), Message::text("hello"));
    }

    /// The code and reason with which it is closed.
    async fn closed(mut self) -> (CloseCode, String) {
        let message = timeout(10 * SECOND, self.0.next()).await;
        match message.expect("it is closed in time") {
            Some(Ok(Message::Close(Some(frame)))) => (frame.code, frame.reason.to_string()),
            other => panic!("no close frame: {other:?}"),
        }
    }
}

async fn app(server: &AuthServer) -> (BetterAuth, String) {
    let auth = BetterAuth::new(server.url()).unwrap();
    let app = Router::new()
        .route("/", any(echo))
        .layer(SessionAuth::new(auth.clone()));
    (auth, format!("ws://{}/", serve(app).await))
}

fn policy(reason: &str) -> (CloseCode, String) {
    (CloseCode::Policy, reason.to_owned())
}

#[tokio::test]
async fn it_is_closed_with_1008_when_the_session_is_invalidated() {
    let server = AuthServer::start().await;
    let (auth, url) = app(&server).await;
    let (ada, eve) = (server.sign_in(user("ada")), server.sign_in(user("eve")));
    let mut client = Client::open(&url, &ada).await;
    let mut bystander = Client::open(&url, &eve).await;
    client.assert_alive().await;
    server.revoke(&ada);
    auth.invalidate_session(ada.session_id()).await;
    assert_eq!(client.closed().await, policy("signed out"));
    bystander.assert_alive().await;
}

#[tokio::test]
async fn it_is_closed_after_a_sign_out_at_the_auth_server_and_after_a_ban() {
    let server = AuthServer::start().await;
    let (_, url) = app(&server).await;
    let url = format!("{url}?every=1");
    let (ada, eve) = (server.sign_in(user("ada")), server.sign_in(user("eve")));
    let mut client = Client::open(&url, &ada).await;
    let banned = Client::open(&url, &eve).await;
    client.assert_alive().await;
    server.revoke(&ada);
    server.change_user("eve", |user| user.banned = true);
    assert_eq!(client.closed().await, policy("signed out"));
    assert_eq!(banned.closed().await, policy("banned"));
}

#[tokio::test]
async fn it_is_closed_when_the_session_expires() {
    let server = AuthServer::start().await;
    let (_, url) = app(&server).await;
    let ada = server.sign_in(user("ada"));
    let end = SystemTime::now() + 3 * SECOND;
    server.change_session(&ada, |session| session.expires_at = end);
    let mut client = Client::open(&url, &ada).await;
    client.assert_alive().await;
    assert_eq!(client.closed().await, policy("session expired"));
    assert!(SystemTime::now() >= end);
}

#[tokio::test]
async fn it_is_told_to_come_back_when_an_outage_lasts_too_long() {
    let server = AuthServer::start().await;
    let (_, url) = app(&server).await;
    let ada = server.sign_in(user("ada"));
    let mut client = Client::open(&format!("{url}?every=1&outage=1"), &ada).await;
    client.assert_alive().await;
    server.fail_with(Fault::DatabaseDown);
    let (code, reason) = client.closed().await;
    assert_eq!(code, CloseCode::Again);
    assert_eq!(reason, "authentication service unavailable");
}
