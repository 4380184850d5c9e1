//! In front of a real Better Auth process, with a browser's cookie jar.

use std::{net::SocketAddr, time::Duration};

use axum::{Json, Router, routing::get};
use http::{StatusCode, header};
use serde_json::{Value, json};
use tower_better_auth::{BetterAuth, Cache, CurrentUser, SessionAuth};

use super::{MOUNT, builder, serve_app};
use crate::support::node::{BetterAuthServer, SignedIn};

const APP: &str = "http://app.example";

/// The server believes that it lives at the origin of the app.
fn config() -> Value {
    json!({"baseURL": APP, "plugins": ["admin", "organization", "bearer", "multiSession"]})
}

async fn me(user: CurrentUser) -> Json<CurrentUser> {
    Json(user)
}

async fn app(auth: &BetterAuth) -> SocketAddr {
    let app = Router::new()
        .route("/me", get(me))
        .layer(SessionAuth::new(auth.clone()))
        .route_service(MOUNT, auth.proxy());
    serve_app(app).await
}

fn cached(server: &BetterAuthServer) -> BetterAuth {
    let cache = Cache::ttl(Duration::from_secs(300));
    builder(server.url()).cache(cache).build().unwrap()
}

struct Browser {
    client: reqwest::Client,
    app: SocketAddr,
}

impl Browser {
    fn new(app: SocketAddr) -> Self {
        let client = reqwest::Client::builder().cookie_store(true).no_proxy();
        let client = client
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .unwrap();
        Self { client, app }
    }

    async fn post(&self, path: &str, body: Value) -> (StatusCode, Value) {
        let request = self
            .client
            .post(format!("http://{}/api/auth/{path}", self.app));
        let answer = request
            .header(header::ORIGIN, APP)
            .json(&body)
            .send()
            .await
            .unwrap();
        (answer.status(), answer.json().await.unwrap_or_default())
    }

    async fn sign_up(&self, name: &str) -> String {
        let user = json!({"name": name, "email": format!("{name}@proxy.example"), "password": "correct horse"});
        let (status, answer) = self.post("sign-up/email", user).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
        answer["user"]["id"].as_str().unwrap().to_owned()
    }

    async fn sign_in(&self, name: &str) -> StatusCode {
        let user = json!({"email": format!("{name}@proxy.example"), "password": "correct horse"});
        self.post("sign-in/email", user).await.0
    }

    async fn me(&self) -> StatusCode {
        let answer = self
            .client
            .get(format!("http://{}/me", self.app))
            .send()
            .await;
        answer.unwrap().status()
    }
}

#[tokio::test]
async fn a_browser_signs_up_in_and_out_on_the_origin_of_the_app() {
    let server = BetterAuthServer::shared(config());
    let app = app(&cached(server)).await;
    let ada = Browser::new(app);
    assert_eq!(ada.me().await, StatusCode::UNAUTHORIZED);
    ada.sign_up("ada").await;
    assert_eq!(ada.me().await, StatusCode::OK);
    assert_eq!(ada.post("sign-out", json!({})).await.0, StatusCode::OK);
    assert_eq!(ada.me().await, StatusCode::UNAUTHORIZED);
    assert_eq!(ada.sign_in("ada").await, StatusCode::OK);
    assert_eq!(ada.me().await, StatusCode::OK);
}

#[tokio::test]
async fn what_one_browser_ends_another_feels_at_once() {
    let server = BetterAuthServer::shared(config());
    let app = app(&cached(server)).await;
    let (laptop, phone) = (Browser::new(app), Browser::new(app));
    laptop.sign_up("grace").await;
    phone.sign_in("grace").await;
    assert_eq!(
        (laptop.me().await, phone.me().await),
        (StatusCode::OK, StatusCode::OK)
    );
    assert_eq!(
        laptop.post("revoke-other-sessions", json!({})).await.0,
        StatusCode::OK
    );
    assert_eq!(
        (laptop.me().await, phone.me().await),
        (StatusCode::OK, StatusCode::UNAUTHORIZED)
    );
}

#[tokio::test]
async fn a_ban_and_a_role_hold_for_the_next_request() {
    let server = BetterAuthServer::shared(config());
    let auth = cached(server);
    let app = app(&auth).await;
    let (admin, eve) = (Browser::new(app), Browser::new(app));
    admin.sign_up("admin-proxy").await;
    let id = eve.sign_up("eve").await;
    assert_eq!(eve.me().await, StatusCode::OK);
    let role = |browser: &Browser| {
        let request = browser.client.get(format!("http://{app}/me"));
        async move { request.send().await.unwrap().json::<Value>().await.unwrap()["role"].clone() }
    };
    assert_eq!(role(&eve).await, "user");
    let (status, answer) = admin
        .post("admin/set-role", json!({"userId": id, "role": "admin"}))
        .await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    assert_eq!(role(&eve).await, "admin");
    assert_eq!(
        eve.post("admin/ban-user", json!({"userId": id})).await.0,
        StatusCode::BAD_REQUEST
    );
    assert_eq!(eve.me().await, StatusCode::OK);
    let (status, answer) = admin.post("admin/ban-user", json!({"userId": id})).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    assert_eq!(eve.me().await, StatusCode::UNAUTHORIZED);
}

/// Better Auth reads the body before it asks who it is, and fails over one that is not what it says.
#[tokio::test]
async fn a_stranger_who_makes_a_ban_fail_costs_nobody_a_check() {
    let server = BetterAuthServer::start(config());
    let app = app(&cached(&server)).await;
    let eve = Browser::new(app);
    let id = eve.sign_up("eve").await;
    assert_eq!(eve.me().await, StatusCode::OK);
    let ban = reqwest::Client::new().post(format!("http://{app}/api/auth/admin/ban-user"));
    let ban = ban
        .header(header::CONTENT_TYPE, "multipart/form-data+application/json")
        .body(json!({"userId": id}).to_string());
    let answer = ban.send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
    server.kill();
    assert_eq!(eve.me().await, StatusCode::OK);
    server.restart();
}

#[tokio::test]
async fn signing_out_of_several_accounts_ends_all_of_them() {
    let server = BetterAuthServer::shared(config());
    let auth = cached(server);
    let app = app(&auth).await;
    // The first account's own cookie, in a browser that has no other.
    let first = server.sign_up("several").await;
    let second = server.sign_up("second").await;
    let second = server.sign_in(&second, first.jar.clone()).await;
    let headers =
        |cookie: &str| http::HeaderMap::from_iter([(header::COOKIE, cookie.parse().unwrap())]);
    let alone = headers(&format!(
        "better-auth.session_token={}",
        first.session_token()
    ));
    auth.validate(&alone).await.unwrap();
    let request = reqwest::Client::new().post(format!("http://{app}/api/auth/sign-out"));
    let request = request
        .header(header::ORIGIN, APP)
        .header(header::COOKIE, &second.cookie);
    assert_eq!(request.send().await.unwrap().status(), StatusCode::OK);
    assert_eq!(
        auth.validate(&alone).await.unwrap_err().status(),
        StatusCode::UNAUTHORIZED
    );
}

/// Better Auth's sign-out knows no API keys. A bearer token takes the cookie's place, and its account's own cookie stays.
#[tokio::test]
async fn signing_out_with_a_second_credential_ends_here_what_it_ends_there() {
    let plugins = ["bearer", "multiSession", "apiKey"];
    let server = BetterAuthServer::shared(json!({"baseURL": APP, "plugins": plugins}));
    let auth = cached(server);
    let app = app(&auth).await;
    let shown = server.sign_up("shown").await;
    let key = server
        .post("api-key/create", &shown.cookie, &json!({"name": "key"}))
        .await;
    let key = key.body["key"].as_str().unwrap();
    let bearer = format!("Bearer {}", shown.token);
    for (name, value, shown_ends) in [("x-api-key", key, false), ("authorization", &bearer, true)] {
        let kept = server.sign_up(&format!("kept-beside-{name}")).await;
        let alone = |who: &SignedIn| {
            let cookie = format!("better-auth.session_token={}", who.session_token());
            http::HeaderMap::from_iter([(header::COOKIE, cookie.parse().unwrap())])
        };
        auth.validate(&alone(&shown)).await.unwrap();
        auth.validate(&alone(&kept)).await.unwrap();
        let request = reqwest::Client::new().post(format!("http://{app}/api/auth/sign-out"));
        let request = request
            .header(header::ORIGIN, APP)
            .header(header::COOKIE, &kept.cookie)
            .header(name, value);
        assert_eq!(request.send().await.unwrap().status(), StatusCode::OK);
        assert!(auth.validate(&alone(&kept)).await.is_err(), "{name}");
        let shown = auth.validate(&alone(&shown)).await;
        assert_eq!(shown.is_err(), shown_ends, "{name}");
    }
}

/// As often as it is asked, also when that session is long over.
#[tokio::test]
async fn signing_out_of_one_account_of_several_ends_that_one() {
    let server = BetterAuthServer::start(config());
    let auth = cached(&server);
    let app = app(&auth).await;
    let first = server.sign_up("first").await;
    let second = server.sign_up("second").await;
    let both = server.sign_in(&second, first.jar.clone()).await;
    let bystander = Browser::new(app);
    bystander.sign_up("bystander").await;
    let headers = |token: &str| {
        let cookie = format!("better-auth.session_token={token}");
        http::HeaderMap::from_iter([(header::COOKIE, cookie.parse().unwrap())])
    };
    auth.validate(&headers(first.session_token()))
        .await
        .unwrap();
    auth.validate(&headers(both.session_token())).await.unwrap();
    assert_eq!(bystander.me().await, StatusCode::OK);
    for _ in 0..2 {
        let request =
            reqwest::Client::new().post(format!("http://{app}/api/auth/multi-session/revoke"));
        let request = request
            .header(header::ORIGIN, APP)
            .header(header::COOKIE, &both.cookie)
            .json(&json!({"sessionToken": first.token}));
        assert_eq!(request.send().await.unwrap().status(), StatusCode::OK);
    }
    let ended = auth
        .validate(&headers(first.session_token()))
        .await
        .unwrap_err();
    assert_eq!(ended.status(), StatusCode::UNAUTHORIZED);
    server.kill();
    auth.validate(&headers(both.session_token())).await.unwrap();
    assert_eq!(bystander.me().await, StatusCode::OK);
    server.restart();
}

/// The plugin writes the cookie of the one account a second time, as it does for further ones.
#[tokio::test]
async fn signing_out_of_the_only_account_costs_nobody_else_a_check() {
    let server = BetterAuthServer::start(config());
    let app = app(&cached(&server)).await;
    let (ada, grace) = (Browser::new(app), Browser::new(app));
    ada.sign_up("only").await;
    grace.sign_up("else").await;
    assert_eq!(
        (ada.me().await, grace.me().await),
        (StatusCode::OK, StatusCode::OK)
    );
    assert_eq!(ada.post("sign-out", json!({})).await.0, StatusCode::OK);
    server.kill();
    assert_eq!(
        (ada.me().await, grace.me().await),
        (StatusCode::UNAUTHORIZED, StatusCode::OK)
    );
    server.restart();
}

/// Better Auth counts by the address that is sent, and a client cannot choose it.
#[tokio::test]
async fn sign_ins_are_limited_by_address_whatever_a_client_claims() {
    let server = BetterAuthServer::start(json!({
        "baseURL": APP, "rateLimit": {"enabled": true}, "production": true,
    }));
    let app = app(&cached(&server)).await;
    let mut statuses = Vec::new();
    for number in 0..5 {
        let request = reqwest::Client::new().post(format!("http://{app}/api/auth/sign-in/email"));
        let request = request
            .header(header::ORIGIN, APP)
            .header("x-forwarded-for", format!("10.0.0.{number}"))
            .json(&json!({"email": "nobody@proxy.example", "password": "wrong horse"}));
        statuses.push(request.send().await.unwrap().status().as_u16());
    }
    assert_eq!(statuses, [401, 401, 401, 429, 429]);
}

#[tokio::test]
async fn another_origin_is_refused_by_better_auth_itself() {
    let server = BetterAuthServer::shared(config());
    let app = app(&cached(server)).await;
    let browser = Browser::new(app);
    browser.sign_up("origin").await;
    let request = browser
        .client
        .post(format!("http://{app}/api/auth/sign-out"));
    let answer = request
        .header(header::ORIGIN, "https://evil.example")
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), StatusCode::FORBIDDEN);
    assert_eq!(browser.me().await, StatusCode::OK);
}

#[tokio::test]
async fn while_it_is_gone_the_proxy_is_unavailable_and_nobody_is_logged_out() {
    let server = BetterAuthServer::start(config());
    let app = app(&cached(&server)).await;
    let browser = Browser::new(app);
    browser.sign_up("gone").await;
    assert_eq!(browser.me().await, StatusCode::OK);
    server.kill();
    let (status, answer) = browser.post("update-user", json!({"name": "x"})).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{answer}");
    assert_eq!(answer["code"], "AUTH_SERVICE_UNAVAILABLE");
    assert_eq!(browser.me().await, StatusCode::OK);
    server.restart();
}
