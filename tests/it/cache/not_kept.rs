//! What is not remembered, or for a moment only.

use tokio::time::advance;
use tower_better_auth::{AuthSession, Cache};

use super::{FRESH, SECOND, TTL, cached, cookie_of, get};
use crate::support::{
    app::App,
    mock::{Act, Mock},
};

#[tokio::test(start_paused = true)]
async fn unavailable_is_never_remembered() {
    for failure in [
        Act::status(500),
        Act::status(404),
        Act::status(403),
        Act::Refuse,
    ] {
        let mock = Mock::doing(failure);
        let app = cached(&mock);
        get(&app).await.assert_unavailable();
        mock.does(Act::signed_in());
        get(&app).await.assert_ok();
    }
}

#[tokio::test(start_paused = true)]
async fn while_the_auth_server_is_down_remembered_sessions_go_on_and_no_further_than_to_their_end()
{
    let mock = Mock::new();
    let app = cached(&mock);
    get(&app).await.assert_ok();
    mock.does(Act::Refuse);
    // Enough to open the circuit breaker too.
    for number in 0..40 {
        app.get_as(&cookie_of(number), "/me")
            .await
            .assert_unavailable();
        get(&app).await.assert_ok();
    }
    advance(FRESH).await;
    get(&app).await.assert_ok();
    advance(TTL - FRESH).await;
    get(&app).await.assert_unavailable();
    mock.does(Act::signed_in());
    advance(2 * SECOND).await;
    get(&app).await.assert_ok();
}

#[tokio::test(start_paused = true)]
async fn signed_out_is_remembered_for_a_second_and_no_longer() {
    let mock = Mock::doing(Act::signed_out());
    let app = cached(&mock);
    for _ in 0..10 {
        get(&app).await.assert_invalid();
    }
    assert_eq!(mock.count(), 1);
    advance(SECOND).await;
    mock.does(Act::signed_in());
    get(&app).await.assert_ok();
    assert_eq!(mock.count(), 2);
}

#[tokio::test(start_paused = true)]
async fn signed_out_is_not_remembered_without_a_cache() {
    let mock = Mock::doing(Act::signed_out());
    let app = super::uncached(&mock);
    get(&app).await.assert_invalid();
    mock.does(Act::signed_in());
    get(&app).await.assert_ok();
}

#[tokio::test(start_paused = true)]
async fn signed_out_by_a_decoder_of_ones_own_is_not_remembered() {
    let mock = Mock::doing(Act::signed_out());
    let builder = mock.builder().cache(Cache::ttl(TTL));
    let builder =
        builder.decode_with(|body| Ok(serde_json::from_slice::<Option<AuthSession>>(body)?));
    let app = App::required(builder.build().unwrap());
    get(&app).await.assert_invalid();
    mock.does(Act::signed_in());
    get(&app).await.assert_ok();
    get(&app).await.assert_ok();
    assert_eq!(mock.count(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_new_cookie_works_at_once_after_signing_in() {
    let mock = Mock::new();
    mock.plays(|request| match &request.headers()["cookie"] {
        cookie if *cookie == cookie_of(2) => Act::signed_in(),
        _ => Act::signed_out(),
    });
    let app = cached(&mock);
    app.get_as(&cookie_of(1), "/me").await.assert_invalid();
    app.get_as(&cookie_of(2), "/me").await.assert_ok();
    app.get_as(&cookie_of(1), "/me").await.assert_invalid();
    assert_eq!(mock.count(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_flood_of_made_up_cookies_pushes_out_nobody() {
    let mock = Mock::new();
    let cache = Cache::ttl(TTL).capacity(100);
    let app = App::required(mock.builder().cache(cache).build().unwrap());
    for number in 0..50 {
        app.get_as(&cookie_of(number), "/me").await.assert_ok();
    }
    mock.does(Act::signed_out());
    for number in 1000..4000 {
        app.get_as(&cookie_of(number), "/me").await.assert_invalid();
    }
    for number in 0..50 {
        app.get_as(&cookie_of(number), "/me").await.assert_ok();
    }
}
