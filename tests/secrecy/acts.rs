//! All that uses a credential beside the check: devices, sign-out, leases, guards that ask, the proxy, webhooks.

use std::{convert::Infallible, time::Duration};

use axum::{Router, body::Body, extract::State, routing::get};
use bytes::Bytes;
use futures_util::stream;
use http::{HeaderMap, Method, Request, Response, header, request};
use tokio::time::timeout;
use tower::{Layer, ServiceExt};
use tower_better_auth::{
    BetterAuth, BetterAuthBuilder, CurrentSession, Require, SessionAuth, SignedOut,
    cross_site::SameOrigin,
    testing::{AsUser, AuthServer, SignedIn, user},
};

use super::{
    seen::{Own, Seen},
    webhooks,
};

/// Much longer than a lease takes to notice.
const PATIENCE: Duration = Duration::from_secs(20);

/// An app that has all of it, and Grace with her devices.
pub(crate) struct House<'a> {
    pub(crate) server: &'a AuthServer,
    pub(crate) auth: BetterAuth,
    app: Router,
    pub(crate) laptop: SignedIn,
    pub(crate) phone: SignedIn,
    pub(crate) tablet: SignedIn,
    pub(crate) seen: &'a Seen,
}

/// Everything is done once, whatever comes of it.
pub(crate) async fn all(server: &AuthServer, builder: BetterAuthBuilder, seen: &Seen) {
    let house = House::open(server, builder, seen);
    house.guards_that_ask().await;
    house.proxied().await;
    house.eve_signs_up().await;
    house.webhooks().await;
    house.devices_and_leases().await;
    house.sign_outs().await;
    server.revoke_user("grace");
}

/// Somebody who signs in, whose cookie and token nobody is to see.
pub(crate) fn sign_in(server: &AuthServer, id: &str, seen: &Seen) -> SignedIn {
    let device = server.sign_in(user(id));
    seen.keep(value(&device));
    device
}

/// Of the session cookie: the token, a dot, and its signature.
fn value(device: &SignedIn) -> String {
    let cookie = device.cookie().to_str().unwrap().to_owned();
    cookie.split_once('=').unwrap().1.to_owned()
}

pub(crate) fn token(device: &SignedIn) -> String {
    value(device).split_once('.').unwrap().0.to_owned()
}

pub(crate) fn headers(device: &SignedIn) -> HeaderMap {
    HeaderMap::from_iter([(header::COOKIE, device.cookie())])
}

/// Goes on until the session ends.
async fn feed(State(seen): State<Seen>, session: CurrentSession) -> Body {
    let lease = session.lease();
    seen.debug(&lease);
    let feed = lease.guard(stream::pending::<Result<Bytes, Infallible>>());
    seen.debug(&feed);
    Body::from_stream(feed)
}

fn app(auth: &BetterAuth, seen: &Seen) -> Router {
    let create_tasks = Require::permission("task", ["create"]);
    let read_tasks = Require::permission("task", ["read"]);
    let in_organization = Require::organization_permission("org", "task", ["create"]);
    let (proxy, revocations) = (auth.proxy(), webhooks::receiver(auth));
    let same_origin = SameOrigin::new();
    seen.debug(&(&create_tasks, &in_organization, &proxy, &revocations));
    seen.debug(&(&same_origin, same_origin.layer(())));
    let app = Router::new()
        .route("/feed", get(feed))
        .route("/tasks", get(feed).route_layer(create_tasks))
        .route(
            "/tasks/all",
            get(|| async { "all tasks" }).route_layer(read_tasks),
        )
        .route("/orgs/{org}/tasks", get(feed).route_layer(in_organization))
        .layer(SessionAuth::new(auth.clone()))
        .with_state(seen.clone())
        .nest("/account", auth.sessions_router())
        .route_service("/api/auth/{*path}", proxy)
        .route_service("/hooks", revocations)
        .layer(same_origin);
    seen.debug(&app);
    app
}

impl<'a> House<'a> {
    fn open(server: &'a AuthServer, builder: BetterAuthBuilder, seen: &'a Seen) -> Self {
        // The proxy sends on what the browser says of itself, and this one is at the server's own origin.
        let auth = builder.origin(server.url()).build().unwrap();
        let device = || sign_in(server, "grace", seen);
        server.permit("grace", "task", "read");
        server.set_member_role("o1", "grace", "member");
        Self {
            app: app(&auth, seen),
            laptop: device(),
            phone: device(),
            tablet: device(),
            server,
            auth,
            seen,
        }
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Response<Body> {
        let Ok(response) = self.app.clone().oneshot(request).await;
        response
    }

    async fn ask(&self, method: Method, path: &str, device: &SignedIn) {
        let request = request::Builder::new().method(method).uri(path);
        let request = request.as_user(device).body(Body::empty()).unwrap();
        let response = self.send(request).await;
        self.seen.response(response, &Own::default()).await;
    }

    async fn guards_that_ask(&self) {
        for path in ["/tasks", "/tasks/all", "/orgs/o1/tasks", "/orgs/o2/tasks"] {
            self.ask(Method::GET, path, &self.laptop).await;
        }
    }

    async fn devices_and_leases(&self) {
        let (auth, seen) = (&self.auth, self.seen);
        let tablet = sign_in(self.server, "grace", seen);
        let laptop = headers(&self.laptop);
        let lease = auth.lease(&headers(&self.phone)).await;
        seen.outcome(&lease);
        let request = Request::get("/feed").as_user(&tablet).body(Body::empty());
        let feed = self.send(request.unwrap()).await;

        self.ask(Method::GET, "/account/sessions", &self.laptop)
            .await;
        seen.outcome(&auth.list_sessions(&laptop).await);
        let phone = format!("/account/sessions/{}", self.phone.session_id());
        for path in [phone.as_str(), "/account/sessions/unknown"] {
            self.ask(Method::DELETE, path, &self.laptop).await;
        }
        seen.outcome(&auth.revoke_session(&laptop, tablet.session_id()).await);
        if let Ok(mut lease) = lease {
            let ended = timeout(PATIENCE, lease.ended()).await;
            seen.debug(&ended.expect("the phone was signed out"));
            seen.debug(&lease);
        }
        let feed = timeout(PATIENCE, seen.response(feed, &Own::default())).await;
        feed.expect("the tablet was signed out");
    }

    async fn sign_outs(&self) {
        let others = sign_in(self.server, "grace", self.seen);
        self.ask(Method::DELETE, "/account/sessions", &others).await;
        let (auth, seen) = (&self.auth, self.seen);
        let laptop = sign_in(self.server, "grace", seen);
        seen.outcome(&auth.revoke_other_sessions(&headers(&laptop)).await);
        let evil = Request::post("/account/sign-out")
            .header(header::HOST, "app.example")
            .header(header::ORIGIN, "https://evil.example")
            .as_user(&laptop)
            .body(Body::empty());
        let response = self.send(evil.unwrap()).await;
        seen.response(response, &Own::default()).await;
        self.ask(Method::POST, "/account/sign-out", &laptop).await;
        let phone = sign_in(self.server, "grace", seen);
        let signed_out = auth.sign_out(&headers(&phone)).await;
        seen.outcome(&signed_out);
        for line in signed_out.iter().flat_map(SignedOut::set_cookies) {
            seen.note(line.to_str().unwrap());
        }
        self.ask(Method::POST, "/account/sign-out", &phone).await;
    }
}
