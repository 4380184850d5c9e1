//! Without axum: plain tower stacks, bodies of other crates, hyper on a socket.

use std::{convert::Infallible, time::Duration};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Empty, Full};
use hyper::{body::Incoming, server::conn::http1};
use hyper_util::{rt::TokioIo, service::TowerToHyperService};
use tokio::{net::TcpListener, task::JoinSet};
use tower::{ServiceBuilder, ServiceExt, service_fn};
use tower_better_auth::{Require, SessionAuth};
use tower_http::timeout::TimeoutLayer;

use crate::support::{answer, recorder::Recorder};

fn request<B>(cookie: bool, body: B) -> Request<B> {
    let mut request = Request::new(body);
    if cookie {
        let value = answer::cookie().parse().unwrap();
        request.headers_mut().insert("cookie", value);
    }
    request
}

#[tokio::test]
async fn a_tower_stack_keeps_its_own_bodies() {
    let service = ServiceBuilder::new()
        .layer(SessionAuth::new(Recorder::signed_in().handle()))
        .service(service_fn(async |request: Request<Full<Bytes>>| {
            let body = request.into_body().collect().await?.to_bytes();
            Ok::<_, Infallible>(Response::new(Full::new(body)))
        }));
    for (cookie, status, body) in [(true, 200, "hello"), (false, 401, "UNAUTHENTICATED")] {
        let request = request(cookie, Full::from("hello"));
        let response = service.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status(), status);
        let text = response.into_body().collect().await.unwrap().to_bytes();
        assert!(
            text.windows(body.len()).any(|part| part == body.as_bytes()),
            "{text:?}"
        );
    }
}

#[tokio::test]
async fn a_tower_stack_may_have_empty_bodies_guards_and_errors() {
    let stack = |role: &'static str| {
        ServiceBuilder::new()
            .layer(SessionAuth::new(
                Recorder::signed_in_as(serde_json::json!({"id": "u1", "role": "admin"})).handle(),
            ))
            .layer(Require::role(role))
            .service(service_fn(
                async |request: Request<Empty<Bytes>>| match request.uri().path() {
                    "/fails" => Err(std::io::Error::other("the inner service's own")),
                    _ => Ok(Response::new(Empty::<Bytes>::new())),
                },
            ))
    };
    let ask = async |role, cookie, path: &'static str| {
        let mut request = request(cookie, Empty::new());
        *request.uri_mut() = http::Uri::from_static(path);
        let response = stack(role).oneshot(request).await;
        response
            .map(|response| response.status().as_u16())
            .map_err(|error| error.to_string())
    };
    assert_eq!(ask("admin", true, "/").await, Ok(200));
    assert_eq!(ask("owner", true, "/").await, Ok(403));
    assert_eq!(ask("admin", false, "/").await, Ok(401));
    assert_eq!(
        ask("admin", true, "/fails").await,
        Err("the inner service's own".to_owned())
    );
    assert_eq!(ask("owner", true, "/fails").await, Ok(403));
}

/// A layer that answers on its own has to make a body.
#[tokio::test(start_paused = true)]
async fn a_layer_that_answers_in_its_own_words_may_stand_around_it() {
    let limit = Duration::from_secs(30);
    let service = ServiceBuilder::new()
        .layer(TimeoutLayer::with_status_code(
            StatusCode::GATEWAY_TIMEOUT,
            limit,
        ))
        .layer(SessionAuth::new(Recorder::signed_in().handle()))
        .layer(TimeoutLayer::with_status_code(
            StatusCode::GATEWAY_TIMEOUT,
            2 * limit,
        ))
        .layer(Require::when(|_| true))
        .service(service_fn(async |request: Request<Full<Bytes>>| {
            if request.uri().path() == "/slow" {
                std::future::pending::<()>().await;
            }
            Ok::<_, Infallible>(Response::new(request.into_body()))
        }));
    for (path, cookie, status, body) in [
        ("/", true, 200, "hello"),
        ("/slow", true, 504, ""),
        ("/slow", false, 401, "UNAUTHENTICATED"),
    ] {
        let mut request = request(cookie, Full::from("hello"));
        *request.uri_mut() = http::Uri::from_static(path);
        let response = service.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status(), status, "{path}");
        let text = response.into_body().collect().await.unwrap().to_bytes();
        let text = String::from_utf8_lossy(&text);
        assert!(text.contains(body), "{path}: {text}");
        assert_eq!(text.is_empty(), body.is_empty(), "{path}: {text}");
    }
}

#[tokio::test]
async fn hyper_serves_it_on_a_socket() {
    let service = ServiceBuilder::new()
        .layer(SessionAuth::new(Recorder::signed_in().handle()))
        .service(service_fn(async |_: Request<Incoming>| {
            Ok::<_, Infallible>(Response::new(Full::new(Bytes::from_static(b"hyper"))))
        }));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let mut serving = JoinSet::new();
    serving.spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let service = TowerToHyperService::new(service);
        let _ = http1::Builder::new()
            .serve_connection(TokioIo::new(stream), service)
            .await;
    });
    let client = reqwest::Client::builder().no_proxy().build().unwrap();

    let response = client
        .get(&url)
        .header("cookie", answer::cookie())
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.text().await.unwrap(), "hyper");

    let response = client.get(&url).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(response.headers()["content-length"], "76");
    assert!(response.text().await.unwrap().contains("UNAUTHENTICATED"));
}
