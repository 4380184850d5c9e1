//! What the application says is over is over at once, and nothing older brings it back.

use tower_better_auth::{BetterAuth, Cache};

use super::{TTL, cookie_of, get, session_of, start};
use crate::support::{
    answer,
    app::App,
    mock::{Act, Mock, settle},
};

/// The three ways to forget the session `s1` of the user `u1`.
const WAYS: [&str; 3] = ["session", "user", "all"];

async fn invalidate(auth: &BetterAuth, way: &str) {
    match way {
        "session" => auth.invalidate_session("s1").await,
        "user" => auth.invalidate_user("u1").await,
        _ => auth.invalidate_all().await,
    }
}

fn cached(mock: &Mock) -> (BetterAuth, App) {
    let auth = mock.builder().cache(Cache::ttl(TTL)).build().unwrap();
    (auth.clone(), App::required(auth))
}

#[tokio::test(start_paused = true)]
async fn what_is_invalidated_is_asked_for_at_the_next_request() {
    for way in WAYS {
        let mock = Mock::new();
        let (auth, app) = cached(&mock);
        get(&app).await.assert_ok();
        mock.does(Act::signed_out());
        get(&app).await.assert_ok();
        invalidate(&auth, way).await;
        get(&app).await.assert_invalid();
        assert_eq!(mock.count(), 2, "{way}");
    }
}

#[tokio::test(start_paused = true)]
async fn only_what_is_meant_is_forgotten() {
    // Two sessions of u1, one of u2, and which of them are asked for anew.
    let sessions = [("s1", "u1"), ("s2", "u1"), ("u1", "u2")];
    for (way, expected) in [("session", 1), ("user", 2), ("all", 3)] {
        let mock = Mock::new();
        mock.plays(move |request| {
            let cookie = &request.headers()["cookie"];
            let number = (0..3).find(|number| *cookie == cookie_of(*number));
            let (session, user) = sessions[number.unwrap()];
            Act::session(&session_of(session, user))
        });
        let (auth, app) = cached(&mock);
        for number in (0..3).chain(0..3) {
            app.get_as(&cookie_of(number), "/me").await.assert_ok();
        }
        assert_eq!(mock.count(), 3);
        invalidate(&auth, way).await;
        for number in (0..3).chain(0..3) {
            app.get_as(&cookie_of(number), "/me").await.assert_ok();
        }
        assert_eq!(mock.count(), 3 + expected, "{way}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_began_before_does_not_put_its_answer_back() {
    for way in WAYS {
        let mock = Mock::new();
        let (auth, app) = cached(&mock);
        let gate = mock.hold();
        let older = start(&app, &answer::cookie(), "/me").await;
        invalidate(&auth, way).await;
        mock.hold_no_more();
        mock.does(Act::signed_out());
        gate.open();
        // It was under way, so its own answer is the old one.
        older.await.unwrap().assert_ok();
        get(&app).await.assert_invalid();
        assert_eq!(mock.count(), 2, "{way}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_invalidated_of_others_keeps_no_answer_out_of_the_cache() {
    let mock = Mock::new();
    let (auth, app) = cached(&mock);
    let gate = mock.hold();
    let first = start(&app, &answer::cookie(), "/me").await;
    auth.invalidate_user("u2").await;
    auth.invalidate_session("s2").await;
    mock.hold_no_more();
    gate.open();
    first.await.unwrap().assert_ok();
    get(&app).await.assert_ok();
    assert_eq!(mock.count(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_renewal_that_began_before_does_not_put_its_answer_back() {
    for way in WAYS {
        let mock = Mock::new();
        let (auth, app) = cached(&mock);
        get(&app).await.assert_ok();
        tokio::time::advance(super::AGING).await;
        let gate = mock.hold();
        get(&app).await.assert_ok();
        settle().await;
        assert_eq!(mock.count(), 2, "{way}");
        invalidate(&auth, way).await;
        mock.hold_no_more();
        mock.does(Act::signed_out());
        gate.open();
        settle().await;
        get(&app).await.assert_invalid();
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_comes_after_does_not_join_a_call_that_began_before() {
    for way in WAYS {
        for has_cache in [true, false] {
            let mock = Mock::new();
            let auth = if has_cache {
                cached(&mock).0
            } else {
                mock.handle()
            };
            let app = App::required(auth.clone());
            let gate = mock.hold();
            let older = start(&app, &answer::cookie(), "/me").await;
            invalidate(&auth, way).await;
            mock.hold_no_more();
            mock.does(Act::signed_out());
            get(&app).await.assert_invalid();
            assert_eq!(mock.count(), 2, "{way}");
            gate.open();
            older.await.unwrap().assert_ok();
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_invalidation_is_about_what_was_before_and_not_about_what_comes() {
    for way in WAYS {
        let mock = Mock::new();
        let (auth, app) = cached(&mock);
        invalidate(&auth, way).await;
        get(&app).await.assert_ok();
        get(&app).await.assert_ok();
        assert_eq!(mock.count(), 1, "{way}");
    }
}

#[tokio::test(start_paused = true)]
async fn clones_of_a_handle_forget_together() {
    let mock = Mock::new();
    let (auth, app) = cached(&mock);
    let clone = auth.clone();
    get(&app).await.assert_ok();
    clone.invalidate_user("u1").await;
    get(&app).await.assert_ok();
    assert_eq!(mock.count(), 2);
}
