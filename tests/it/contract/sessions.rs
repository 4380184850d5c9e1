//! `GET /get-session`: who it is.

use bytes::Bytes;
use http::{Request, header};
use percent_encoding::percent_decode_str;
use serde_json::json;

use super::subject::{DELETED, Subject};

const PATH: &str = "/get-session";

pub(crate) async fn no_session_cookie_is_null_and_sets_nothing(server: &Subject) {
    let ada = server.sign_up("ada").await;
    let secure = format!("__Secure-{}", ada.cookie);
    for cookie in [None, Some(""), Some("theme=dark"), Some(secure.as_str())] {
        server.get(PATH, cookie).await.assert_null(&[]);
    }
}

pub(crate) async fn a_session_is_described_with_its_user(server: &Subject) {
    let ada = server.sign_up("ada").await;
    let answer = server.get(PATH, Some(&ada.cookie)).await;
    answer.assert_session_of(&ada);
    assert_eq!(answer.headers[header::CACHE_CONTROL], "no-store");
    assert!(answer.set_cookies().is_empty());
    let body = answer.json();
    let session = body["session"].as_object().unwrap();
    assert_eq!(session["token"], ada.token.as_str());
    for name in [
        "id",
        "expiresAt",
        "createdAt",
        "updatedAt",
        "ipAddress",
        "userAgent",
    ] {
        assert!(session[name].is_string(), "{name} in {body}");
    }
    for time in ["expiresAt", "createdAt", "updatedAt"] {
        let text = session[time].as_str().unwrap();
        assert!(text.len() == 24 && text.ends_with('Z'), "{time} in {body}");
    }
    let user = &body["user"];
    assert_eq!(
        (&user["name"], &user["role"]),
        (&json!("ada"), &json!("user"))
    );
    assert!(user["email"].as_str().unwrap().ends_with("@example.com"));
    assert!(user["emailVerified"].is_boolean());
}

pub(crate) async fn a_cookie_is_taken_decoded_and_in_quotes_as_well(server: &Subject) {
    let ada = server.sign_up("ada").await;
    let decoded = percent_decode_str(ada.value()).decode_utf8().unwrap();
    for value in [decoded.into_owned(), format!("\"{}\"", ada.value())] {
        let cookie = format!("theme=dark; better-auth.session_token={value}");
        server
            .get(PATH, Some(&cookie))
            .await
            .assert_session_of(&ada);
    }
}

pub(crate) async fn what_the_server_did_not_sign_is_null_and_sets_nothing(server: &Subject) {
    let ada = server.sign_up("ada").await;
    let eve = server.sign_up("eve").await;
    let (_, signature) = eve.value().split_once('.').unwrap();
    let unpadded = ada.value().trim_end_matches("%3D");
    let doubly_encoded = ada.value().replace('%', "%25");
    for value in [
        format!("{}.{signature}", ada.token),
        ada.token.clone(),
        format!("{}.", ada.token),
        unpadded.to_owned(),
        doubly_encoded,
        "made-up".to_owned(),
    ] {
        let cookie = format!("better-auth.session_token={value}");
        server.get(PATH, Some(&cookie)).await.assert_null(&[]);
    }
}

pub(crate) async fn a_signed_token_that_nobody_has_is_null_and_is_deleted(server: &Subject) {
    let value = server.signed_for_nobody().await;
    let cookie = format!("better-auth.session_token={value}");
    server.get(PATH, Some(&cookie)).await.assert_null(&DELETED);
}

pub(crate) async fn of_two_cookies_the_first_counts(server: &Subject) {
    let ada = server.sign_up("ada").await;
    let eve = server.sign_up("eve").await;
    let both = format!("{}; {}", ada.cookie, eve.cookie);
    server.get(PATH, Some(&both)).await.assert_session_of(&ada);
    let forged_first = format!("better-auth.session_token=x; {}", ada.cookie);
    server.get(PATH, Some(&forged_first)).await.assert_null(&[]);
}

pub(crate) async fn a_revoked_session_is_null_and_its_cookies_are_deleted(server: &Subject) {
    let ada = server.sign_up("ada").await;
    server.revoke(&ada).await;
    for _ in 0..2 {
        let answer = server.get(PATH, Some(&ada.cookie)).await;
        answer.assert_null(&DELETED);
    }
}

pub(crate) async fn an_expired_session_is_null_and_its_cookies_are_deleted(server: &Subject) {
    let ada = server.sign_up("ada").await;
    server.expire(&ada).await;
    for _ in 0..2 {
        let answer = server.get(PATH, Some(&ada.cookie)).await;
        answer.assert_null(&DELETED);
    }
}

pub(crate) async fn a_session_of_a_deleted_user_is_null_and_its_cookies_are_deleted(
    server: &Subject,
) {
    let ada = server.sign_up("ada").await;
    server.delete_user(&ada).await;
    let answer = server.get(PATH, Some(&ada.cookie)).await;
    answer.assert_null(&DELETED);
}

pub(crate) async fn a_user_who_is_banned_in_the_database_is_described_as_banned(server: &Subject) {
    let ada = server.sign_up("ada").await;
    server.ban_in_the_database(&ada).await;
    let answer = server.get(PATH, Some(&ada.cookie)).await;
    answer.assert_session_of(&ada);
    assert_eq!(answer.json()["user"]["banned"], true);
}

pub(crate) async fn a_new_role_is_in_the_next_answer(server: &Subject) {
    let ada = server.sign_up("ada").await;
    for role in ["user,admin", "user"] {
        server.set_role(&ada, role).await;
        let answer = server.get(PATH, Some(&ada.cookie)).await;
        assert_eq!(answer.json()["user"]["role"], role);
    }
}

pub(crate) async fn a_bearer_token_counts_before_the_cookie_and_one_that_is_forged_does_not_count(
    server: &Subject,
) {
    let ada = server.sign_up("ada").await;
    let eve = server.sign_up("eve").await;
    let decoded = percent_decode_str(ada.value()).decode_utf8().unwrap();
    for (bearer, whose) in [
        (ada.token.clone(), &ada),
        (ada.value().to_owned(), &ada),
        (decoded.into_owned(), &ada),
        ("abc.def".to_owned(), &eve),
    ] {
        for scheme in ["Bearer", "bearer"] {
            let request = Request::get(PATH)
                .header("authorization", format!("{scheme} {bearer}"))
                .header("cookie", &eve.cookie);
            let answer = server.send(request.body(Bytes::new()).unwrap()).await;
            answer.assert_session_of(whose);
        }
    }
}

pub(crate) async fn a_database_that_is_down_is_an_error_for_signed_cookies_only(server: &Subject) {
    let ada = server.sign_up("ada").await;
    server.break_the_database().await;
    let answer = server.get(PATH, Some(&ada.cookie)).await;
    assert_eq!(answer.refusal(), "500 FAILED_TO_GET_SESSION");
    assert!(answer.set_cookies().is_empty());
    for cookie in [None, Some("better-auth.session_token=made-up")] {
        server.get(PATH, cookie).await.assert_null(&[]);
    }
}

pub(crate) async fn a_path_or_method_that_is_unknown_is_404_without_a_body(server: &Subject) {
    let ada = server.sign_up("ada").await;
    for (method, path) in [
        ("HEAD", PATH),
        ("OPTIONS", PATH),
        ("GET", "/get-session/"),
        ("GET", "//get-session"),
        ("GET", "/session"),
        ("GET", "/Get-Session"),
    ] {
        let request = Request::builder().method(method).uri(path);
        let request = request.header("cookie", &ada.cookie);
        let answer = server.send(request.body(Bytes::new()).unwrap()).await;
        assert_eq!(answer.status, 404, "{method} {path}");
        assert!(answer.body.is_empty(), "{method} {path}");
    }
}

pub(crate) async fn a_post_with_a_cookie_needs_a_known_origin_and_is_not_allowed_with_it(
    server: &Subject,
) {
    let ada = server.sign_up("ada").await;
    for (origin, expected) in [
        (None, "403 MISSING_OR_NULL_ORIGIN"),
        (Some("null"), "403 MISSING_OR_NULL_ORIGIN"),
        (Some("https://evil.example"), "403 INVALID_ORIGIN"),
        (
            Some(server.origin()),
            "405 METHOD_NOT_ALLOWED_DEFER_SESSION_REQUIRED",
        ),
    ] {
        let mut request = Request::post(PATH).header("cookie", &ada.cookie);
        if let Some(origin) = origin {
            request = request.header("origin", origin);
        }
        let answer = server.send(request.body(Bytes::new()).unwrap()).await;
        assert_eq!(answer.refusal(), expected, "{origin:?}");
    }
}

pub(crate) async fn signing_out_ends_the_session_and_deletes_the_cookies(server: &Subject) {
    let ada = server.sign_up("ada").await;
    let answer = server.post("/sign-out", &ada.cookie, &json!({})).await;
    assert_eq!(answer.json(), json!({"success": true}));
    assert_eq!(answer.set_cookies(), DELETED);
    server
        .get(PATH, Some(&ada.cookie))
        .await
        .assert_null(&DELETED);
}
