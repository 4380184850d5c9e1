//! Guards that ask the auth server: what is asked, when, how often, and what becomes of the answer.

mod live;
mod organizations;
mod outages;
mod parameters;
mod permissions;
mod thrift;

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use axum::{Router, body::Body, routing::get};
use http::Request;
use tower::util::MapRequestLayer;
use tower_better_auth::{
    BetterAuth, BetterAuthBuilder, CircuitBreaker, CurrentSession, CurrentUser, Require,
    SessionAuth,
    testing::{AuthServer, SignedIn, user},
};

use crate::support::probe::{Counter, Seen, send};

const NO_MEMBER: &str = "403 NOT_AN_ORGANIZATION_MEMBER";
const NO_PERMISSION: &str = "403 PERMISSION_REQUIRED";
const NO_ROLE: &str = "403 INSUFFICIENT_ROLE";
const UNAVAILABLE: &str = "503 AUTH_SERVICE_UNAVAILABLE";
const SIGNED_OUT: &str = "401 INVALID_SESSION";

/// The calls that are made, as [`Desk::asked`] writes them.
const SESSION: &str = "/get-session";
const MEMBER: &str = "/organization/get-active-member-role?organizationId=acme";
const PERMISSION: &str = "/admin/has-permission?disableRefresh=true";
const PERMISSION_IN: &str = "/organization/has-permission?disableRefresh=true";

/// An auth server, an application that asks it, and Ada, who has the role `user` and is signed in.
struct Desk {
    server: Arc<AuthServer>,
    auth: BetterAuth,
    ada: SignedIn,
    runs: Counter,
    looked_at: AtomicUsize,
}

impl Desk {
    async fn open() -> Self {
        Self::with(|builder| builder).await
    }

    async fn with(set: impl FnOnce(BetterAuthBuilder) -> BetterAuthBuilder) -> Self {
        let server = AuthServer::start().await;
        let ada = server.sign_in(user("ada").role("user"));
        Self {
            auth: set(BetterAuth::builder(server.url())
                .circuit_breaker(CircuitBreaker::off())
                .retries(0))
            .build()
            .unwrap(),
            server: Arc::new(server),
            ada,
            runs: Counter::default(),
            looked_at: AtomicUsize::new(0),
        }
    }

    /// Both kinds of layer.
    fn layers(&self) -> [SessionAuth; 2] {
        let required = SessionAuth::new(self.auth.clone());
        [required.clone(), required.optional()]
    }

    /// `/{organization}` behind this guard; its handler tells which roles the two extractors see.
    fn guarded(&self, require: Require) -> Router {
        let runs = self.runs.clone();
        let handler = async move |user: CurrentUser, all: CurrentSession| {
            runs.increment();
            let role = |role: &Option<String>| role.clone().unwrap_or_default();
            format!("{} {}", role(&user.role), role(&all.user.role))
        };
        Router::new().route("/{organization}", get(handler).route_layer(require))
    }

    /// What Ada sees at `path` of this application under a required layer.
    async fn visit(&self, app: Router, path: &str) -> Seen {
        let [required, _] = self.layers();
        send(app.layer(required), self.request(path)).await
    }

    /// What Ada sees at `/acme` behind this guard.
    async fn outcome(&self, require: Require) -> String {
        let seen = self.visit(self.guarded(require), "/acme").await;
        seen.summary()
    }

    fn request(&self, path: &str) -> Request<Body> {
        Request::get(path)
            .header("cookie", self.ada.cookie())
            .body(Body::empty())
            .unwrap()
    }

    /// Every call since the last look.
    fn asked(&self) -> Vec<String> {
        let calls = self.server.requests();
        let looked_at = self.looked_at.swap(calls.len(), Ordering::SeqCst);
        let write = |uri: String| {
            let uri = uri.strip_prefix("/api/auth").unwrap();
            match uri.split_once('?') {
                Some((SESSION, _)) => SESSION.to_owned(),
                _ => uri.to_owned(),
            }
        };
        let calls = calls[looked_at..].iter();
        calls.map(|call| write(call.uri.to_string())).collect()
    }
}

/// Something that happens between `SessionAuth` and the guard.
fn meanwhile(
    app: Router,
    happens: impl Fn(&mut Request<Body>) + Clone + Send + Sync + 'static,
) -> Router {
    app.layer(MapRequestLayer::new(move |mut request: Request<Body>| {
        happens(&mut request);
        request
    }))
}
