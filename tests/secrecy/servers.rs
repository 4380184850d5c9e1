//! Auth servers, and ways to them, that say more than others.

use std::convert::Infallible;

use bytes::Bytes;
use http::{Request, Response, header};
use http_body_util::{BodyExt, Full};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    service::TowerToHyperService,
};
use serde_json::json;
use tokio::net::TcpListener;
use tower::{Service, ServiceExt, service_fn};

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Knows everybody, and sets everybody this cookie.
pub(crate) fn knows_everybody(
    token: &str,
) -> impl Service<Request<Bytes>, Response = Response<Full<Bytes>>, Error = Infallible, Future: Send>
+ Clone
+ Send
+ 'static {
    let response = session(token);
    service_fn(move |_: Request<Bytes>| {
        let response = response.clone();
        async move { Ok(response) }
    })
}

fn session(token: &str) -> Response<Full<Bytes>> {
    let session = json!({
        "session": {"id": "s1", "userId": "u1", "token": token, "expiresAt": "2099-11-27T09:32:22.106Z"},
        "user": {"id": "u1", "email": "ada@example.com"},
    });
    Response::builder()
        .header(header::CONTENT_TYPE, "application/json")
        .header(
            header::SET_COOKIE,
            format!("better-auth.session_token={token}"),
        )
        .body(Full::new(session.to_string().into()))
        .unwrap()
}

/// Where this service is reached over HTTP/2 alone.
pub(crate) async fn over_http2<S, B>(service: S) -> String
where
    S: Service<Request<Bytes>, Response = Response<B>> + Clone + Send + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send,
    B: http_body::Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<BoxError>,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let service = service.clone();
            let serve = service_fn(move |request: Request<hyper::body::Incoming>| {
                let service = service.clone();
                async move {
                    let (head, body) = request.into_parts();
                    let body = body.collect().await?.to_bytes();
                    let answer = service.oneshot(Request::from_parts(head, body)).await;
                    answer.map_err(Into::<BoxError>::into)
                }
            });
            let server = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
            let serve = TowerToHyperService::new(serve);
            tokio::spawn(server.serve_connection(TokioIo::new(stream), serve));
        }
    });
    url
}

pub(crate) fn http2_client() -> reqwest::Client {
    let client = reqwest::Client::builder().http2_prior_knowledge();
    client.build().unwrap()
}

/// Logs what passes here, as many tower layers do: its head. In the body of a question there can be a token, because
/// Better Auth takes it nowhere else.
pub(crate) fn talkative<S>(
    service: S,
) -> impl Service<Request<Bytes>, Response = S::Response, Error = S::Error, Future = S::Future>
+ Clone
+ Send
+ 'static
where
    S: Service<Request<Bytes>> + Clone + Send + 'static,
{
    tower::ServiceBuilder::new()
        .map_request(|request: Request<Bytes>| {
            let (head, body) = request.into_parts();
            tracing::trace!(?head, headers = ?head.headers, "calling");
            Request::from_parts(head, body)
        })
        .service(service)
}
