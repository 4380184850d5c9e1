//! Where the sign-in page sends people back to: their own path, and never another site.

use std::net::SocketAddr;

use axum::{Router, routing::get};
use http::{HeaderName, HeaderValue, header};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use tower_better_auth::{CurrentUser, testing::AuthServer};

use super::{HTML, fetch, layer};

async fn page(_: CurrentUser) -> &'static str {
    "a page"
}

#[tokio::test]
async fn it_is_the_whole_path_also_in_nested_routers() {
    let server = AuthServer::start().await;
    let auth = layer(&server).redirect_to_sign_in("/sign-in");
    let leaf = || Router::new().route("/cart", get(page));
    let within = leaf().layer(auth.clone());
    let apps: [(&str, Router); 4] = [
        ("/shop/cart", Router::new().nest("/shop", within.clone())),
        (
            "/shop/cart",
            Router::new().nest("/shop", leaf()).layer(auth.clone()),
        ),
        (
            "/shop/cart",
            Router::new().nest("/shop", leaf()).layer(auth.optional()),
        ),
        (
            "/de/shop/cart",
            Router::new().nest("/{lang}", Router::new().nest("/shop", within)),
        ),
    ];
    for (path, app) in apps {
        let uri = format!("{path}?page=2&sort=a%20b");
        let seen = fetch(&app, &uri, &[(header::ACCEPT, HTML)]).await;
        let expected = format!("/sign-in?redirect_to={path}%3Fpage%3D2%26sort%3Da%2520b");
        assert_eq!(seen.header(header::LOCATION), Some(&*expected));
    }
}

/// The status and the `Location` that a request line gets, byte for byte as it is sent.
async fn raw(address: SocketAddr, target: &[u8]) -> (String, Option<String>) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let head =
        b" HTTP/1.1\r\nHost: app.example.com\r\nAccept: text/html\r\nConnection: close\r\n\r\n";
    let request = [b"GET ", target, head].concat();
    stream.write_all(&request).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    let answer = String::from_utf8(answer).unwrap();
    let status = answer.split(' ').nth(1).unwrap().to_owned();
    let location = answer
        .lines()
        .find_map(|line| line.strip_prefix("location: "));
    (status, location.map(ToOwned::to_owned))
}

#[tokio::test]
async fn no_request_line_leads_to_another_site() {
    let server = AuthServer::start().await;
    let app: Router = Router::new()
        .route("/", get(page))
        .layer(layer(&server).redirect_to_sign_in("/sign-in"));
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });

    let cases: [(&[u8], Option<&str>); 18] = [
        (b"/a", Some("/a")),
        (b"//evil.example", None),
        (b"//evil.example/a?b=c", None),
        (b"///evil.example", None),
        (b"/\\evil.example", None),
        (b"/\\/evil.example", None),
        (b"/a\\..\\b", None),
        (b"http://evil.example/a", Some("/a")),
        (b"http://evil.example//evil.example/a", None),
        (b"http://evil.example", Some("/")),
        (b"evil.example", None),
        (b"/%2F%2Fevil.example", Some("/%252F%252Fevil.example")),
        (b"/%5Cevil.example", Some("/%255Cevil.example")),
        (b"/%09/evil.example", Some("/%2509/evil.example")),
        (
            b"/a%0D%0ASet-Cookie:%20x=1",
            Some("/a%250D%250ASet-Cookie%3A%2520x%3D1"),
        ),
        (
            b"/a?redirect_to=//evil.example",
            Some("/a%3Fredirect_to%3D//evil.example"),
        ),
        (b"/@evil.example", Some("/%40evil.example")),
        (b"/a?b='(script)", Some("/a%3Fb%3D%27%28script%29")),
    ];
    for (target, expected) in cases {
        let target_text = String::from_utf8_lossy(target);
        let (status, location) = raw(address, target).await;
        assert_eq!(status, "303", "{target_text}");
        let expected = match expected {
            Some(path) => format!("/sign-in?redirect_to={path}"),
            None => "/sign-in".to_owned(),
        };
        assert_eq!(location, Some(expected), "{target_text}");
    }
    // hyper takes these for no target at all.
    for target in [
        &b"%2F%2Fevil.example"[..],
        b"/a?b=\"><script>",
        b"/a\r\nX-Evil: 1",
        b"/\t/evil.example",
        b"/\x0b/evil.example",
    ] {
        let refused = ("400".to_owned(), None);
        assert_eq!(raw(address, target).await, refused, "{target:?}");
    }
}

#[tokio::test]
async fn htmx_is_told_the_page_and_never_another_site() {
    let server = AuthServer::start().await;
    let app: Router = Router::new()
        .route("/fragment", get(page))
        .layer(layer(&server).redirect_to_sign_in("/sign-in"));
    for (current, expected) in [
        (
            "https://app.example.com/list?p=2",
            "/sign-in?redirect_to=/list%3Fp%3D2",
        ),
        ("https://evil.example//evil.example", "/sign-in"),
        ("https://evil.example/\\evil.example", "/sign-in"),
        ("javascript:alert(1)", "/sign-in"),
        ("//evil.example/a", "/sign-in"),
        ("", "/sign-in"),
    ] {
        let headers = [("hx-request", "true"), ("hx-current-url", current)];
        let headers = headers.map(|(name, value)| {
            let name = HeaderName::from_static(name);
            (name, HeaderValue::from_str(value).unwrap())
        });
        let seen = fetch(&app, "/fragment", &headers).await;
        assert_eq!(seen.status, 401);
        assert_eq!(seen.headers["hx-redirect"], expected, "{current}");
        assert_eq!(seen.header(header::CONTENT_TYPE), Some("application/json"));
    }
}
