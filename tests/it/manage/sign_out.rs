//! A sign-out takes the cookies from the browser, and no other.

use axum::response::IntoResponse;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, StatusCode, header};
use tower::{ServiceBuilder, ServiceExt, service_fn};
use tower_better_auth::{
    AuditEventKind,
    testing::{AuthServer, user},
};

use super::{DELETED, House, SESSION, SIGN_OUT, headers};

#[tokio::test]
async fn it_ends_the_session_and_gives_the_servers_own_lines() {
    let house = House::open();
    assert!(house.is_in(&house.laptop).await);
    house.asked();
    let signed_out = house.auth.sign_out(&headers(&house.laptop)).await.unwrap();
    let lines: Vec<_> = signed_out.set_cookies().collect();
    assert_eq!(lines, DELETED);
    assert_eq!(house.asked(), [SESSION, SIGN_OUT, SESSION]);
    assert!(!house.is_in(&house.laptop).await);
    assert!(house.is_in(&house.phone).await);
}

#[tokio::test]
async fn a_response_gets_the_lines_beside_its_own_and_stays_out_of_caches() {
    let house = House::open();
    let signed_out = house.auth.sign_out(&headers(&house.laptop)).await.unwrap();
    let own = [
        (header::SET_COOKIE, "theme=dark"),
        (header::CACHE_CONTROL, "public, max-age=60"),
    ];
    let response = (own, signed_out, StatusCode::SEE_OTHER).into_response();
    let headers = response.headers();
    let lines: Vec<_> = headers.get_all(header::SET_COOKIE).iter().collect();
    assert_eq!(lines[0], "theme=dark");
    assert_eq!(lines[1..], DELETED);
    assert_eq!(headers[header::CACHE_CONTROL], "private, no-store");
}

#[tokio::test]
async fn the_audit_trail_has_what_was_revoked_and_no_refusal() {
    let (sender, events) = std::sync::mpsc::channel();
    let house = House::with(|builder| builder.audit(move |event| Ok(sender.send(event)?)));
    let laptop = headers(&house.laptop);
    let id_of_phone = house.phone.session_id().to_owned();
    house
        .auth
        .revoke_session(&laptop, &id_of_phone)
        .await
        .unwrap();
    house.auth.revoke_other_sessions(&laptop).await.unwrap();
    let _ = house.auth.sign_out(&laptop).await.unwrap();
    let own = Some(house.laptop.session_id().to_owned());
    // Its queue ends with the last handle.
    drop(house);
    let events = events.iter().map(|event| {
        assert_eq!(event.event, AuditEventKind::SessionRevoked);
        (event.session_id, event.user_id)
    });
    let expected = [
        (Some(id_of_phone), None),
        (None, Some("ada".to_owned())),
        (own, None),
    ];
    assert_eq!(events.collect::<Vec<_>>(), expected);
}

/// A server that, at a sign-out, sets and deletes what is not its to touch.
#[tokio::test]
async fn no_other_cookie_is_set_or_deleted() {
    const MORE: [&str; 6] = [
        "cart=; Max-Age=0; Path=/",
        "better-auth.session_token=planted; Path=/",
        "better-auth.theme=; Max-Age=0",
        "theme=dark",
        "better-auth.session_data.0=; Max-Age=0; Path=/",
        "__Secure-better-auth.session_token=; Max-Age=0; Path=/; Secure",
    ];
    let server = AuthServer::in_process();
    let ada = server.sign_in(user("ada"));
    let inner = server.transport();
    let transport = service_fn(move |request: Request<Bytes>| {
        let is_sign_out = request.uri().path().ends_with(SIGN_OUT);
        let answer = inner.clone().oneshot(request);
        async move {
            let mut response = answer.await?;
            for line in MORE.into_iter().filter(|_| is_sign_out) {
                let headers: &mut HeaderMap = response.headers_mut();
                headers.append(header::SET_COOKIE, HeaderValue::from_static(line));
            }
            Ok::<_, std::io::Error>(response)
        }
    });
    let auth = server
        .builder()
        .transport(ServiceBuilder::new().service(transport));
    let auth = auth.build().unwrap();
    let signed_out = auth.sign_out(&headers(&ada)).await.unwrap();
    let lines: Vec<_> = signed_out.set_cookies().collect();
    assert_eq!(lines[..3], DELETED);
    assert_eq!(lines[3..], MORE[4..]);
}

#[tokio::test]
async fn with_another_cookie_name_that_one_is_deleted_and_its_siblings_by_their_prefix() {
    let server = AuthServer::in_process().with_session_cookie("sid");
    let ada = server.sign_in(user("ada"));
    let auth = server.builder().session_cookie("sid").build().unwrap();
    let signed_out = auth.sign_out(&headers(&ada)).await.unwrap();
    let names = signed_out.set_cookies();
    let names: Vec<_> = names
        .map(|line| line.to_str().unwrap().split('=').next().unwrap())
        .collect();
    let expected = [
        "sid",
        "better-auth.session_data",
        "better-auth.dont_remember",
    ];
    assert_eq!(names, expected);
}
