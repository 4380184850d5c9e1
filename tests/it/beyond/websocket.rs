//! WebSocket upgrades, with the verdict taken by hand and by the layer.

use axum::{
    Router,
    extract::{State, WebSocketUpgrade},
    response::Response,
    routing::any,
};
use futures_util::StreamExt;
use http::{HeaderMap, header};
use tokio_tungstenite::{
    connect_async,
    tungstenite::{Error, client::IntoClientRequest},
};
use tower_better_auth::{
    BetterAuth, CurrentUser, Rejection, RejectionKind,
    testing::{AuthServer, Fault, user},
};

use super::{cookie, handle, layer, serve};

async fn asks_itself(
    State(auth): State<BetterAuth>,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Result<Response, Rejection> {
    let session = auth.validate(&headers).await?;
    Ok(greet(upgrade, session.user.id.clone()))
}

async fn is_told(user: CurrentUser, upgrade: WebSocketUpgrade) -> Response {
    greet(upgrade, user.id.clone())
}

fn greet(upgrade: WebSocketUpgrade, id: String) -> Response {
    upgrade.on_upgrade(async move |mut socket| {
        let _ = socket.send(format!("hello {id}").into()).await;
    })
}

async fn app(server: &AuthServer) -> String {
    let layered = Router::new()
        .route("/layered", any(is_told))
        .route_layer(layer(server));
    let app = Router::new()
        .route("/by-hand", any(asks_itself))
        .with_state(handle(server))
        .merge(layered);
    format!("ws://{}", serve(app).await)
}

/// The first message, or the status and headers of the refusal.
async fn open(url: &str, cookie: Option<&str>) -> Result<String, (u16, HeaderMap)> {
    let mut request = url.into_client_request().unwrap();
    if let Some(cookie) = cookie {
        let cookie = cookie.parse().unwrap();
        request.headers_mut().insert(header::COOKIE, cookie);
    }
    match connect_async(request).await {
        Ok((mut socket, _)) => {
            let message = socket.next().await.unwrap().unwrap();
            Ok(message.into_text().unwrap().to_string())
        }
        Err(Error::Http(response)) => Err((response.status().as_u16(), response.headers().clone())),
        Err(error) => panic!("no answer: {error}"),
    }
}

#[tokio::test]
async fn a_websocket_opens_only_for_who_is_signed_in() {
    let server = AuthServer::start().await;
    let ada = server.sign_in(user("ada"));
    let cookie = cookie(&ada);
    let app = app(&server).await;
    for path in ["/by-hand", "/layered"] {
        let url = format!("{app}{path}");
        assert_eq!(open(&url, Some(&cookie)).await.unwrap(), "hello ada");

        let (status, headers) = open(&url, None).await.unwrap_err();
        assert_eq!(status, 401, "{path}");
        assert!(headers.contains_key(header::WWW_AUTHENTICATE), "{path}");
        assert!(!headers.contains_key(header::UPGRADE), "{path}");

        server.fail_with(Fault::DatabaseDown);
        let (status, headers) = open(&url, Some(&cookie)).await.unwrap_err();
        assert_eq!(status, 503, "{path}");
        assert_eq!(headers[header::RETRY_AFTER], "2", "{path}");
        server.recover();
    }
    server.revoke(&ada);
    let refused = open(&format!("{app}/by-hand"), Some(&cookie)).await;
    assert_eq!(refused.unwrap_err().0, 401);
    let validated = handle(&server).validate(&HeaderMap::new()).await;
    assert_eq!(
        validated.unwrap_err().kind(),
        RejectionKind::Unauthenticated
    );
}
