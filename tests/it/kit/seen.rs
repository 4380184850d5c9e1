use http::{HeaderMap, header};
use tower_better_auth::{
    BetterAuth, Require,
    testing::{AuthServer, Fault, session, user},
};

use super::{app, me, steady};

#[tokio::test]
async fn calls_are_counted_by_session_and_recorded_as_they_were_sent() {
    let server = AuthServer::in_process();
    let app = app(steady(server.builder()));
    let (ada, eve) = (server.sign_in(user("ada")), server.sign_in(user("eve")));
    for who in [&ada, &eve, &ada] {
        me(&app, who).await;
    }
    assert_eq!(server.session_calls(), 3);
    assert_eq!(
        (server.session_calls_of(&ada), server.session_calls_of(&eve)),
        (2, 1)
    );
    let requests = server.requests();
    let last = requests.last().unwrap();
    assert_eq!(
        (last.method.as_str(), last.uri.path()),
        ("GET", "/api/auth/get-session")
    );
    let cookie = ada.cookie();
    let (name, value) = cookie.to_str().unwrap().split_once('=').unwrap();
    assert_eq!(
        (last.cookie(name), last.cookie("theme")),
        (Some(value), None)
    );
    assert!(last.body.is_empty());

    server.forget_requests();
    assert_eq!((server.session_calls(), server.requests().len()), (0, 0));
    server.fail_with(Fault::Disconnect);
    me(&app, &ada).await;
    assert_eq!(server.session_calls_of(&ada), 1, "it arrived, and failed");
}

#[tokio::test]
async fn sessions_and_users_can_be_ended_one_by_one_and_all_together() {
    let server = AuthServer::in_process();
    let app = app(steady(server.builder()));
    let [phone, laptop, other] = ["ada", "ada", "eve"].map(|id| server.sign_in(user(id)));
    let seen = async || {
        let mut seen = Vec::new();
        for who in [&phone, &laptop, &other] {
            seen.push(me(&app, who).await.status.as_u16());
        }
        seen
    };
    assert_eq!(seen().await, [200, 200, 200]);
    server.revoke(&phone);
    assert_eq!(seen().await, [401, 200, 200]);
    server.revoke_user("ada");
    assert_eq!(seen().await, [401, 401, 200]);
    server.ban("eve");
    assert_eq!(seen().await, [401, 401, 401]);
}

#[tokio::test]
async fn a_session_with_more_to_say_says_it() {
    let server = AuthServer::in_process();
    let auth = steady(server.builder());
    let who = session()
        .user(user("eve").build())
        .impersonated_by("root")
        .user_agent("Firefox")
        .field("theme", "dark");
    let eve = server.sign_in(who);
    server.change_session(&eve, |session| {
        session.active_organization_id = Some("acme".into());
    });
    let headers = HeaderMap::from_iter([(header::COOKIE, eve.cookie())]);
    let seen = auth.validate(&headers).await.unwrap();
    assert_eq!(seen.session.impersonated_by.as_deref(), Some("root"));
    assert_eq!(seen.session.user_agent.as_deref(), Some("Firefox"));
    assert_eq!(seen.session.active_organization_id.as_deref(), Some("acme"));
    assert_eq!(
        seen.session.field::<String>("theme").unwrap().as_deref(),
        Some("dark")
    );
    assert_eq!(
        (seen.session.id.as_str(), seen.user.id.as_str()),
        (eve.session_id(), "eve")
    );
    let again = server.sign_in((*seen).clone());
    assert_eq!(again.session_id(), eve.session_id(), "taken as it is");
}

#[tokio::test]
async fn a_bearer_token_is_one_that_a_handle_can_accept() {
    let server = AuthServer::in_process();
    let auth = steady(server.builder().accept_bearer());
    let ada = server.sign_in(user("ada"));
    let headers = HeaderMap::from_iter([(header::AUTHORIZATION, ada.bearer())]);
    assert_eq!(auth.validate(&headers).await.unwrap().user.id, "ada");
    assert_eq!(server.session_calls_of(&ada), 1);
}

#[tokio::test]
async fn cookies_and_paths_can_have_the_names_that_the_app_is_configured_with() {
    let server = AuthServer::start()
        .await
        .with_session_cookie("__Secure-shop.session_token")
        .with_base_path("/auth");
    let ada = server.sign_in(user("ada"));
    let builder = BetterAuth::builder(format!("{}/auth", server.url())).cookie_prefix("shop");
    let over_the_socket = app(steady(builder));
    let in_process = app(steady(server.builder().cookie_prefix("shop")));
    for app in [over_the_socket, in_process] {
        assert_eq!(me(&app, &ada).await.summary(), "200");
    }
    let default = app(BetterAuth::new(server.url()).unwrap());
    assert_eq!(me(&default, &ada).await.summary(), "401 UNAUTHENTICATED");
}

#[tokio::test]
async fn a_guard_that_asks_is_answered_in_process_as_well() {
    use axum::{Router, routing::get};
    let server = AuthServer::in_process();
    let guard = Require::organization_member("org");
    let app = Router::new()
        .route("/{org}", get(async || "ok").route_layer(guard))
        .layer(tower_better_auth::SessionAuth::new(steady(
            server.builder(),
        )));
    let ada = server.sign_in(user("ada"));
    server.set_member_role("acme", "ada", "member");
    for (path, expected) in [
        ("/acme", "200"),
        ("/other", "403 NOT_AN_ORGANIZATION_MEMBER"),
    ] {
        let cookie = ada.cookie();
        let request = crate::support::probe::with_cookie(path, cookie.to_str().unwrap());
        let seen = crate::support::probe::send(app.clone(), request).await;
        assert_eq!(seen.summary(), expected);
    }
}
