//! A gRPC service behind the layers, over HTTP/2, with a client that knows nothing of them.

use std::net::SocketAddr;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode, header};
use tokio::net::TcpStream;
use tonic::{
    Code, Status,
    service::Routes,
    transport::{Channel, Endpoint, Server, server::TcpIncoming},
};
use tonic_health::{
    pb::{
        HealthCheckRequest,
        health_client::HealthClient,
        health_server::{Health, HealthServer},
    },
    server::health_reporter,
};
use tower_better_auth::{
    Require,
    testing::{AuthServer, Fault, user},
};

use super::{cookie, handle, layer, listen, serve};

fn service() -> HealthServer<impl Health> {
    health_reporter().1
}

/// Admins only, with the layers on tonic's own server.
async fn on_tonic(server: &AuthServer) -> SocketAddr {
    let (listener, address) = listen().await;
    let router = Server::builder()
        .layer(layer(server))
        .layer(Require::role("admin"))
        .add_service(service());
    tokio::spawn(router.serve_with_incoming(TcpIncoming::from(listener)));
    address
}

/// Admins only, with the layers on the router that a gRPC service can share with pages.
async fn on_axum(server: &AuthServer) -> SocketAddr {
    let grpc = Routes::new(service()).into_axum_router();
    serve(
        axum::Router::new()
            .route("/", axum::routing::get(|| async { "a page" }))
            .merge(grpc.route_layer(Require::role("admin")))
            .layer(layer(server)),
    )
    .await
}

/// A guard without `SessionAuth` around it, which is a mistake.
async fn without_session_auth() -> SocketAddr {
    let (listener, address) = listen().await;
    let router = Server::builder()
        .layer(Require::role("admin"))
        .add_service(service());
    tokio::spawn(router.serve_with_incoming(TcpIncoming::from(listener)));
    address
}

async fn client(address: SocketAddr) -> HealthClient<Channel> {
    let endpoint = Endpoint::from_shared(format!("http://{address}")).unwrap();
    HealthClient::new(endpoint.connect().await.unwrap())
}

fn call(cookie: Option<&str>) -> tonic::Request<HealthCheckRequest> {
    let mut request = tonic::Request::new(HealthCheckRequest::default());
    if let Some(cookie) = cookie {
        let cookie = cookie.parse().unwrap();
        request.metadata_mut().insert("cookie", cookie);
    }
    request
}

async fn check(client: &mut HealthClient<Channel>, cookie: Option<&str>) -> Result<(), Status> {
    client.check(call(cookie)).await.map(|_| ())
}

#[tokio::test]
async fn a_grpc_client_sees_the_status_of_every_verdict() {
    let server = AuthServer::start().await;
    let ada = cookie(&server.sign_in(user("ada").role("user")));
    let grace = cookie(&server.sign_in(user("grace").role("admin")));
    let banned = cookie(&server.sign_in(user("mallory").role("admin").banned()));
    let forged = "better-auth.session_token=forged.signature";
    for address in [on_tonic(&server).await, on_axum(&server).await] {
        server.recover();
        let client = &mut client(address).await;
        let refused = [
            (None, Code::Unauthenticated, "Authentication required"),
            (
                Some(forged),
                Code::Unauthenticated,
                "Invalid or expired session",
            ),
            (Some(&*ada), Code::PermissionDenied, "Insufficient role"),
            (
                Some(&*banned),
                Code::PermissionDenied,
                "This account is banned",
            ),
        ];
        for (cookie, code, message) in refused {
            let status = check(client, cookie).await.unwrap_err();
            assert_eq!((status.code(), status.message()), (code, message));
            let status = client.watch(call(cookie)).await.unwrap_err();
            assert_eq!(status.code(), code, "a stream, {message}");
        }
        check(client, Some(&grace)).await.unwrap();
        let mut updates = client.watch(call(Some(&grace))).await.unwrap().into_inner();
        assert!(updates.message().await.unwrap().is_some(), "a stream opens");

        server.fail_with(Fault::DatabaseDown);
        let status = check(client, Some(&grace)).await.unwrap_err();
        assert_eq!(status.code(), Code::Unavailable);
        assert_eq!(status.metadata().get("retry-after").unwrap(), "2");
        let status = check(client, None).await.unwrap_err();
        assert_eq!(status.code(), Code::Unauthenticated, "nobody has to ask");
    }
}

#[tokio::test]
async fn an_auth_server_that_is_gone_is_unavailable() {
    let server = AuthServer::start().await;
    let grace = cookie(&server.sign_in(user("grace").role("admin")));
    let client = &mut client(on_tonic(&server).await).await;
    check(client, Some(&grace)).await.unwrap();
    drop(server);
    let status = check(client, Some(&grace)).await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
}

#[tokio::test]
async fn a_guard_that_no_session_auth_covers_is_internal() {
    let client = &mut client(without_session_auth().await).await;
    let status = check(client, None).await.unwrap_err();
    assert_eq!(
        (status.code(), status.message()),
        (Code::Internal, "Internal server error")
    );
}

#[tokio::test]
async fn a_method_can_ask_with_its_metadata() {
    let server = AuthServer::start().await;
    let auth = handle(&server);
    let ada = cookie(&server.sign_in(user("ada")));
    let session = auth.validate(call(Some(&ada)).metadata().as_ref()).await;
    assert_eq!(session.unwrap().user.id, "ada");
    let rejection = auth.validate(call(None).metadata().as_ref()).await;
    assert_eq!(rejection.unwrap_err().code(), "UNAUTHENTICATED");
}

/// One call without a gRPC library: what is on the wire, and whether anything follows the headers.
async fn raw_call(address: SocketAddr) -> (Response<()>, bool) {
    let stream = TcpStream::connect(address).await.unwrap();
    let (client, connection) = h2::client::handshake(stream).await.unwrap();
    tokio::spawn(connection);
    let request = Request::builder()
        .method(Method::POST)
        .uri(format!("http://{address}/grpc.health.v1.Health/Check"))
        .header(header::CONTENT_TYPE, "application/grpc+proto")
        .header(header::TE, "trailers")
        .body(())
        .unwrap();
    let mut client = client.ready().await.unwrap();
    let (response, mut body) = client.send_request(request, false).unwrap();
    // An uncompressed message of no bytes. It may be refused as no longer wanted.
    let _ = body.send_data(Bytes::from_static(&[0; 5]), true);
    let (head, body) = response.await.unwrap().into_parts();
    (Response::from_parts(head, ()), body.is_end_stream())
}

#[tokio::test]
async fn a_refusal_is_headers_and_nothing_else() {
    let server = AuthServer::start().await;
    let misconfigured = without_session_auth().await;
    for (address, status) in [
        (on_tonic(&server).await, "16"),
        (on_axum(&server).await, "16"),
        (misconfigured, "13"),
    ] {
        let (response, is_over) = raw_call(address).await;
        let headers = response.headers();
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(headers[header::CONTENT_TYPE], "application/grpc+proto");
        assert_eq!(headers["grpc-status"], status);
        assert_eq!(headers[header::CACHE_CONTROL], "no-store");
        assert!(headers.contains_key("grpc-message"), "{headers:?}");
        assert!(is_over, "no data and no trailers follow: {headers:?}");
    }
}
