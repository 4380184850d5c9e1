//! One name twice, as a sibling subdomain can arrange: the server reads the first, and decides.

use tower_better_auth::BetterAuthBuilder;

use super::{app, plain, session_cookie};

#[tokio::test]
async fn of_two_valid_sessions_the_first_counts_in_both_orders() {
    let (server, app) = plain();
    let (ada, eve) = (server.sign_up("ada").await, server.sign_up("eve").await);
    let (first, second) = (
        session_cookie(eve.session_token()),
        session_cookie(ada.session_token()),
    );

    app.get_as(&format!("{first}; {second}"), "/me")
        .await
        .assert_user(&eve.user_id);
    app.get_as(&format!("{second}; {first}"), "/me")
        .await
        .assert_user(&ada.user_id);
    let lines = [("cookie", &first), ("cookie", &second)];
    app.get("/me", &lines).await.assert_user(&eve.user_id);
}

#[tokio::test]
async fn garbage_before_a_valid_session_is_invalid_as_the_server_says() {
    let (server, app) = plain();
    let ada = server.sign_up("ada").await;
    let valid = session_cookie(ada.session_token());

    for garbage in ["garbage", "", "\"\""] {
        let cookie = format!("{}; {valid}", session_cookie(garbage));
        app.get_as(&cookie, "/me").await.assert_invalid();
    }
}

#[tokio::test]
async fn garbage_behind_a_valid_session_changes_nothing() {
    let (server, app) = plain();
    let ada = server.sign_up("ada").await;
    let valid = session_cookie(ada.session_token());

    for garbage in ["garbage", ""] {
        let cookie = format!("{valid}; {}", session_cookie(garbage));
        app.get_as(&cookie, "/me").await.assert_user(&ada.user_id);
    }
}

#[tokio::test]
async fn both_are_forwarded_in_the_order_sent() {
    let (server, app) = plain();
    let (ada, eve) = (server.sign_up("ada").await, server.sign_up("eve").await);
    let cookie = format!(
        "{}; theme=dark; {}",
        session_cookie(eve.session_token()),
        session_cookie(ada.session_token())
    );

    app.get_as(&cookie, "/me").await.assert_ok();

    let checks = server.checks_with(ada.session_token()).await;
    let expected = cookie.replace("theme=dark; ", "");
    assert_eq!(checks[0].header("cookie"), Some(expected.as_str()));
}

#[tokio::test]
async fn whoever_rejects_ambiguous_cookies_makes_no_call_for_them() {
    let (server, _) = plain();
    let app = app(server, BetterAuthBuilder::reject_ambiguous_cookies);
    let (ada, eve) = (server.sign_up("ada").await, server.sign_up("eve").await);
    let [ada_cookie, eve_cookie] = [&ada, &eve].map(|user| session_cookie(user.session_token()));

    app.get_as(&format!("{eve_cookie}; {ada_cookie}"), "/me")
        .await
        .assert_invalid();
    let lines = [("cookie", &ada_cookie), ("cookie", &ada_cookie)];
    app.get("/me", &lines).await.assert_invalid();
    assert_eq!(server.checks_with(ada.session_token()).await.len(), 0);

    app.get_as(&ada.cookie, "/me")
        .await
        .assert_user(&ada.user_id);
}
