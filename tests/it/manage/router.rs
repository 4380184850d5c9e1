//! The same over HTTP.

use axum::{Router, body::Body};
use http::{Method, Request, header};
use serde_json::{Value, json};
use tower_better_auth::{
    SessionAuth, rejection,
    testing::{AsUser, Fault, SignedIn, user},
};

use super::{DELETED, House, headers};
use crate::support::probe::{Seen, send};

async fn call(app: &Router, method: Method, path: &str, as_whom: Option<&SignedIn>) -> Seen {
    let mut request = Request::builder().method(method).uri(path);
    if let Some(somebody) = as_whom {
        request = request.as_user(somebody);
    }
    send(app.clone(), request.body(Body::empty()).unwrap()).await
}

fn app(house: &House) -> Router {
    Router::new().nest("/account", house.auth.sessions_router())
}

#[tokio::test]
async fn the_list_is_json_for_nobody_else() {
    let house = House::open();
    let seen = call(
        &app(&house),
        Method::GET,
        "/account/sessions",
        Some(&house.laptop),
    )
    .await;
    assert_eq!(seen.summary(), "200");
    assert_eq!(seen.header("content-type"), Some("application/json"));
    assert_eq!(seen.header("cache-control"), Some("private, no-store"));
    assert_eq!(seen.header("vary"), Some("Cookie"));
    let body: Value = serde_json::from_str(&seen.body).unwrap();
    let laptop = &body[0];
    assert_eq!(laptop["id"], house.laptop.session_id());
    assert_eq!(laptop["userAgent"], "Laptop");
    assert_eq!(laptop["ipAddress"], "192.0.2.7");
    assert_eq!(
        (&laptop["current"], &body[1]["current"]),
        (&json!(true), &json!(false))
    );
    assert_eq!(laptop.as_object().unwrap().len(), 7);
}

#[tokio::test]
async fn one_device_is_signed_out_then_the_others_then_the_own() {
    let house = House::open();
    let app = app(&house);
    let tablet = house.server.sign_in(user("ada"));
    let one = format!("/account/sessions/{}", house.phone.session_id());

    let seen = call(&app, Method::DELETE, &one, Some(&house.laptop)).await;
    assert_eq!((seen.summary().as_str(), seen.body.as_str()), ("204", ""));
    assert!(!house.is_in(&house.phone).await && house.is_in(&tablet).await);

    let seen = call(
        &app,
        Method::DELETE,
        "/account/sessions",
        Some(&house.laptop),
    )
    .await;
    assert_eq!(seen.summary(), "204");
    assert!(!house.is_in(&tablet).await && house.is_in(&house.laptop).await);

    let seen = call(&app, Method::POST, "/account/sign-out", Some(&house.laptop)).await;
    assert_eq!(seen.summary(), "204");
    assert_eq!(seen.set_cookies(), DELETED);
    assert_eq!(seen.header("cache-control"), Some("private, no-store"));
    assert!(!house.is_in(&house.laptop).await && house.is_in(&house.eve).await);
}

#[tokio::test]
async fn an_id_that_is_none_of_the_users_is_404_whatever_it_looks_like() {
    let house = House::open();
    for id in [house.eve.session_id(), "unknown", "%ff", "a%2Fb", "%20"] {
        let path = format!("/account/sessions/{id}");
        let seen = call(&app(&house), Method::DELETE, &path, Some(&house.laptop)).await;
        assert_eq!(seen.summary(), "404 SESSION_NOT_FOUND", "{id}");
        assert_eq!(seen.header("cache-control"), Some("no-store"), "{id}");
    }
    assert!(house.is_in(&house.eve).await && house.is_in(&house.phone).await);
}

#[tokio::test]
async fn a_path_above_may_have_parameters_of_its_own() {
    let house = House::open();
    let app = Router::new().nest("/{locale}", house.auth.sessions_router());
    let path = format!("/en/sessions/{}", house.phone.session_id());
    let seen = call(&app, Method::DELETE, &path, Some(&house.laptop)).await;
    assert_eq!(seen.summary(), "204");
    assert!(!house.is_in(&house.phone).await);
}

const ROUTES: [(Method, &str); 4] = [
    (Method::GET, "/account/sessions"),
    (Method::DELETE, "/account/sessions/s"),
    (Method::DELETE, "/account/sessions"),
    (Method::POST, "/account/sign-out"),
];

#[tokio::test]
async fn every_route_refuses_whoever_is_not_signed_in_and_everybody_in_an_outage() {
    let house = House::open();
    let app = app(&house);
    for (method, path) in ROUTES {
        let seen = call(&app, method.clone(), path, None).await;
        assert_eq!(seen.summary(), "401 UNAUTHENTICATED", "{method} {path}");
    }
    house.server.fail_with(Fault::DatabaseDown);
    for (method, path) in ROUTES {
        let seen = call(&app, method.clone(), path, Some(&house.laptop)).await;
        assert_eq!(
            seen.summary(),
            "503 AUTH_SERVICE_UNAVAILABLE",
            "{method} {path}"
        );
        assert!(seen.header("retry-after").is_some());
        assert!(seen.set_cookies().is_empty());
    }
    house.server.recover();
    assert!(house.auth.validate(&headers(&house.laptop)).await.is_ok());
}

#[tokio::test]
async fn below_a_session_layer_refusals_have_its_form() {
    let house = House::open();
    let layer = SessionAuth::new(house.auth.clone()).respond_with(rejection::problem);
    let app = app(&house).layer(layer);
    let path = "/account/sessions/unknown";
    let seen = call(&app, Method::DELETE, path, Some(&house.laptop)).await;
    assert_eq!(seen.summary(), "404 SESSION_NOT_FOUND");
    assert_eq!(
        seen.header("content-type"),
        Some("application/problem+json")
    );
}

#[tokio::test]
async fn the_clients_address_is_found_in_the_request() {
    let house = House::with(|builder| {
        builder.client_ip(|_, extensions| extensions.get::<std::net::IpAddr>().copied())
    });
    let mut request = Request::get("/account/sessions")
        .as_user(&house.laptop)
        .body(Body::empty())
        .unwrap();
    let address: std::net::IpAddr = "192.0.2.9".parse().unwrap();
    request.extensions_mut().insert(address);
    assert_eq!(send(app(&house), request).await.summary(), "200");
    for request in house.server.requests() {
        assert_eq!(request.headers["x-forwarded-for"], "192.0.2.9");
        assert!(request.headers.get(header::ORIGIN).is_none());
    }
}
