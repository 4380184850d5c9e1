//! The layers around a service of hyper, without a router.

use std::{convert::Infallible, net::SocketAddr};

use bytes::Bytes;
use http::{Request, Response, header};
use http_body_util::Full;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tower::{ServiceBuilder, ServiceExt};
use tower_better_auth::{
    Require, SessionAuth, rejection,
    testing::{AuthServer, Fault, user},
};

use super::{cookie, layer, listen};

async fn hello(_: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    Ok(Response::new(Full::from("hello")))
}

async fn serve(session_auth: SessionAuth) -> SocketAddr {
    let (listener, address) = listen().await;
    let service = ServiceBuilder::new()
        .layer(session_auth)
        .layer(Require::role("admin"))
        .service_fn(hello);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let service = service.clone();
            let service = service_fn(move |request| service.clone().oneshot(request));
            tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
        }
    });
    address
}

#[tokio::test]
async fn every_refusal_has_its_form_without_a_router() {
    let server = AuthServer::start().await;
    let ada = cookie(&server.sign_in(user("ada")));
    let grace = cookie(&server.sign_in(user("grace").role("admin")));
    let client = reqwest::Client::new();
    for (form, content_type) in [
        (layer(&server), "application/json"),
        (
            layer(&server).respond_with(rejection::problem),
            "application/problem+json",
        ),
    ] {
        server.recover();
        let url = format!("http://{}/", serve(form).await);
        let get = async |cookie: &str| {
            let request = client.get(&url).header(header::COOKIE, cookie);
            request.send().await.unwrap()
        };
        let response = get(&grace).await;
        assert_eq!(response.text().await.unwrap(), "hello");

        for (cookie, status, code) in [
            ("", 401, "UNAUTHENTICATED"),
            (&*ada, 403, "INSUFFICIENT_ROLE"),
            (&*grace, 503, "AUTH_SERVICE_UNAVAILABLE"),
        ] {
            if status == 503 {
                server.fail_with(Fault::DatabaseDown);
            }
            let response = get(cookie).await;
            assert_eq!(response.status(), status);
            assert_eq!(response.headers()[header::CONTENT_TYPE], content_type);
            let length = response.content_length();
            let body = response.bytes().await.unwrap();
            assert_eq!(length, Some(body.len() as u64), "its length is announced");
            let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
            assert_eq!(body["code"], code);
        }
    }
}
