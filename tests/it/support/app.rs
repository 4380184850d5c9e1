//! A small application, called without a socket.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use axum::{Extension, Json, Router, body::Body, routing::get};
use http::{HeaderMap, HeaderName, HeaderValue, Request, StatusCode, header};
use http_body_util::BodyExt;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tower::ServiceExt;
use tower_better_auth::{BetterAuth, CurrentSession, CurrentUser, Require, SessionAuth};

pub(crate) const NO_HEADERS: &[(&str, &str)] = &[];

/// The application under test.
#[derive(Clone)]
pub(crate) struct App {
    router: Router,
}

/// What the client saw, and whether a handler ran for it.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
    pub(crate) handler_ran: bool,
}

/// Set by the handler of one request.
#[derive(Clone, Default)]
struct Ran(Arc<AtomicBool>);

impl Ran {
    fn note(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// The user in the types of an application.
#[derive(Serialize, Deserialize)]
pub(crate) struct Profile {
    id: String,
    plan: String,
    seats: Option<u32>,
}

/// What no user of the server fits.
#[derive(Serialize, Deserialize)]
struct Misfit {
    plan: u32,
}

async fn me(Extension(ran): Extension<Ran>, user: CurrentUser) -> Json<CurrentUser> {
    ran.note();
    Json(user)
}

async fn session(Extension(ran): Extension<Ran>, session: CurrentSession) -> Json<CurrentSession> {
    ran.note();
    Json(session)
}

async fn profile<T: Serialize + 'static>(
    Extension(ran): Extension<Ran>,
    user: CurrentUser<T>,
) -> Json<CurrentUser<T>> {
    ran.note();
    Json(user)
}

async fn home(Extension(ran): Extension<Ran>, user: Option<CurrentUser>) -> Json<Value> {
    ran.note();
    Json(user.map_or(Value::Null, |user| user.id.clone().into()))
}

async fn ok(Extension(ran): Extension<Ran>) -> Json<Value> {
    ran.note();
    Json("ok".into())
}

impl App {
    /// Every route needs a session.
    pub(crate) fn required(auth: BetterAuth) -> Self {
        let router = Router::new()
            .route("/profile", get(profile::<Profile>))
            .route("/misfit", get(profile::<Misfit>))
            .merge(members())
            .layer(SessionAuth::new(auth));
        Self { router }
    }

    /// The same below an optional layer, with `/home` for everybody and `/ping` that never asks.
    pub(crate) fn optional(auth: BetterAuth) -> Self {
        let router = Router::new()
            .route("/home", get(home))
            .route("/ping", get(ok))
            .merge(members())
            .layer(SessionAuth::new(auth).optional());
        Self { router }
    }

    pub(crate) async fn get<V: AsRef<[u8]>>(&self, path: &str, headers: &[(&str, V)]) -> Seen {
        let ran = Ran::default();
        let mut request = Request::new(Body::empty());
        *request.uri_mut() = path.parse().expect("the path is one");
        request.extensions_mut().insert(ran.clone());
        for (name, value) in headers {
            let name: HeaderName = name.parse().expect("the name is one");
            let value = HeaderValue::from_bytes(value.as_ref()).expect("the value is one");
            request.headers_mut().append(name, value);
        }
        let Ok(response) = self.router.clone().oneshot(request).await;
        let (head, body) = response.into_parts();
        let body = body.collect().await.expect("the body has an end");
        Seen {
            status: head.status,
            headers: head.headers,
            body: serde_json::from_slice(&body.to_bytes()).expect("every body is JSON"),
            handler_ran: ran.0.load(Ordering::Relaxed),
        }
    }

    /// `GET` with one `Cookie` line.
    pub(crate) async fn get_as(&self, cookie: &str, path: &str) -> Seen {
        self.get(path, &[("cookie", cookie)]).await
    }
}

fn members() -> Router {
    let own_or_admin = Require::user_id("user_id").or(Require::role("admin"));
    Router::new()
        .route("/me", get(me))
        .route("/session", get(session))
        .route("/live", get(me).route_layer(Require::live()))
        .route("/admin", get(ok).route_layer(Require::role("admin")))
        .route("/users/{user_id}/notes", get(ok).route_layer(own_or_admin))
        .route(
            "/any",
            get(ok).route_layer(Require::any_role(["editor", "admin"])),
        )
        .route(
            "/all",
            get(ok).route_layer(Require::all_roles(["admin", "user"])),
        )
}

impl Seen {
    pub(crate) fn code(&self) -> &str {
        self.body["code"].as_str().unwrap_or_default()
    }

    #[track_caller]
    pub(crate) fn assert_ok(&self) {
        assert_eq!(self.status, StatusCode::OK, "{self:?}");
        assert!(self.handler_ran, "{self:?}");
    }

    /// For routes that answer with the user.
    #[track_caller]
    pub(crate) fn assert_user(&self, id: &str) {
        self.assert_ok();
        assert_eq!(self.body["id"], id);
    }

    /// Everything that holds for every refusal: no handler ran, and the client is told in the stable form.
    #[track_caller]
    pub(crate) fn assert_refused(&self, status: u16, code: &str) {
        assert_eq!(
            (self.status.as_u16(), self.code()),
            (status, code),
            "{self:?}"
        );
        assert!(!self.handler_ran, "a handler ran: {self:?}");
        assert_eq!(self.body["success"], false);
        assert_eq!(self.headers[header::CACHE_CONTROL], "no-store");
        let has = |name| self.headers.contains_key(name);
        assert_eq!(has(header::WWW_AUTHENTICATE), status == 401, "{self:?}");
        assert_eq!(has(header::RETRY_AFTER), status == 503, "{self:?}");
        assert!(!has(header::SET_COOKIE), "{self:?}");
    }

    #[track_caller]
    pub(crate) fn assert_unauthenticated(&self) {
        self.assert_refused(401, "UNAUTHENTICATED");
    }

    #[track_caller]
    pub(crate) fn assert_invalid(&self) {
        self.assert_refused(401, "INVALID_SESSION");
    }

    #[track_caller]
    pub(crate) fn assert_unavailable(&self) {
        self.assert_refused(503, "AUTH_SERVICE_UNAVAILABLE");
    }
}
