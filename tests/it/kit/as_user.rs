use http::{Request, header};
use tower_better_auth::testing::{AsUser, AuthServer, user};

use super::{app, steady};
use crate::support::probe;

#[tokio::test]
async fn a_request_and_one_in_the_making_are_sent_as_that_user() {
    let server = AuthServer::in_process();
    let app = app(steady(server.builder()));
    let ada = server.sign_in(user("ada"));
    let in_the_making = Request::get("/me").as_user(&ada);
    let whole = probe::anonymous("/me").as_user(&ada);
    for request in [
        in_the_making.body(axum::body::Body::empty()).unwrap(),
        whole,
    ] {
        let seen = probe::send(app.clone(), request).await;
        assert_eq!(
            (seen.summary().as_str(), seen.body.as_str()),
            ("200", "ada")
        );
    }
}

#[test]
fn other_cookies_are_kept_behind_it_on_one_line_and_the_last_user_counts() {
    let server = AuthServer::in_process();
    let (ada, eve) = (server.sign_in(user("ada")), server.sign_in(user("eve")));
    let request = Request::get("/")
        .header("cookie", "theme=dark")
        .header("cookie", &b"x=\xe9"[..])
        .as_user(&ada)
        .as_user(&eve)
        .body(())
        .unwrap();
    let lines: Vec<_> = request.headers().get_all(header::COOKIE).iter().collect();
    let (first, second) = (eve.cookie(), ada.cookie());
    let expected = [
        first.as_bytes(),
        second.as_bytes(),
        b"theme=dark",
        b"x=\xe9",
    ];
    assert_eq!(lines, [expected.join(&b"; "[..]).as_slice()]);
}

#[test]
fn a_request_that_cannot_be_made_stays_one() {
    let server = AuthServer::in_process();
    let ada = server.sign_in(user("ada"));
    let broken = Request::builder().uri("http://").as_user(&ada).body(());
    assert!(broken.is_err());
}

#[tokio::test]
async fn whoever_prints_a_signed_in_user_prints_no_credential() {
    let ada = AuthServer::in_process().sign_in(user("ada"));
    let printed = format!("{ada:?}");
    assert!(printed.contains(ada.user_id()), "{printed}");
    for secret in [ada.cookie(), ada.bearer()] {
        let (_, token) = secret.to_str().unwrap().split_once(['=', ' ']).unwrap();
        assert!(!printed.contains(&token[..8]), "{printed}");
    }
}
