//! Better Auth's rate limiter in production: 100 calls per address, and 100 for all who send none.

use http::header;
use serde_json::json;

use super::{app, default_app};
use crate::support::{
    app::{App, Seen},
    node::{BetterAuthServer, SignedIn},
};

const BUDGET: usize = 100;

async fn production() -> (BetterAuthServer, SignedIn) {
    let server = BetterAuthServer::start(json!({"production": true}));
    let ada = server.sign_up("ada").await;
    (server, ada)
}

fn with_client_ip(server: &BetterAuthServer) -> App {
    app(server, |builder| {
        builder.client_ip(|headers, _| headers.get("x-real-ip")?.to_str().ok()?.parse().ok())
    })
}

async fn get_from(app: &App, address: &str, cookie: &str) -> Seen {
    app.get("/me", &[("cookie", cookie), ("x-real-ip", address)])
        .await
}

#[tokio::test]
async fn without_client_ip_the_budget_is_shared_and_past_it_the_server_is_unavailable() {
    let (server, ada) = production().await;
    let app = default_app(&server);
    for _ in 0..BUDGET {
        app.get_as(&ada.cookie, "/me")
            .await
            .assert_user(&ada.user_id);
    }

    let limited = app.get_as(&ada.cookie, "/me").await;

    limited.assert_unavailable();
    let retry_after: u64 = limited.headers[header::RETRY_AFTER]
        .to_str()
        .unwrap()
        .parse()
        .unwrap();
    assert!((1..=30).contains(&retry_after), "{retry_after}");
}

#[tokio::test]
async fn with_client_ip_every_address_has_a_budget_of_its_own() {
    let (server, ada) = production().await;
    let app = with_client_ip(&server);
    for _ in 0..BUDGET * 3 / 4 {
        for address in ["203.0.113.7", "203.0.113.8"] {
            get_from(&app, address, &ada.cookie)
                .await
                .assert_user(&ada.user_id);
        }
    }
}

#[tokio::test]
async fn who_uses_up_the_budget_of_one_address_takes_it_from_nobody_else() {
    let (server, ada) = production().await;
    let app = with_client_ip(&server);
    for _ in 0..BUDGET {
        get_from(&app, "203.0.113.7", &ada.cookie).await.assert_ok();
    }

    get_from(&app, "203.0.113.7", &ada.cookie)
        .await
        .assert_unavailable();
    get_from(&app, "203.0.113.8", &ada.cookie)
        .await
        .assert_user(&ada.user_id);
}
