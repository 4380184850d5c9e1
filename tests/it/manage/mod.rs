//! Devices and sign-out: what users do with their own sessions.

mod cache;
mod devices;
mod outages;
mod refusals;
mod router;
mod sign_out;

use std::{
    io,
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderMap, Request, Response, header};
use tower::{ServiceExt, service_fn};
use tower_better_auth::{
    BetterAuth, BetterAuthBuilder, Cache, CircuitBreaker, Rejection,
    testing::{AnswerBody, AuthServer, SignedIn, session, user},
};

const SESSION: &str = "/get-session";
const LIST: &str = "/list-sessions";
const REVOKE: &str = "/revoke-session";
const REVOKE_OTHERS: &str = "/revoke-other-sessions";
const SIGN_OUT: &str = "/sign-out";

/// What `POST /sign-out` deletes.
const DELETED: [&str; 3] = [
    "better-auth.session_token=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax",
    "better-auth.session_data=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax",
    "better-auth.dont_remember=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax",
];

/// Ada with two devices, Eve with one, and a service that remembers sessions for five minutes.
struct House {
    server: Arc<AuthServer>,
    auth: BetterAuth,
    phone: SignedIn,
    laptop: SignedIn,
    eve: SignedIn,
    meanwhile: Meanwhile,
}

type Happening = Box<dyn FnOnce() + Send>;

/// What happens as soon as the auth server is asked for a path.
#[derive(Clone, Default)]
struct Meanwhile(Arc<Mutex<Option<(&'static str, Happening)>>>);

impl Meanwhile {
    fn on(&self, path: &'static str, happens: impl FnOnce() + Send + 'static) {
        *self.0.lock().unwrap() = Some((path, Box::new(happens)));
    }

    fn note(&self, path: &str) {
        let mut planned = self.0.lock().unwrap();
        let is_now = planned
            .as_ref()
            .is_some_and(|(planned, _)| path.ends_with(planned));
        let happens = if is_now { planned.take() } else { None };
        drop(planned);
        if let Some((_, happens)) = happens {
            happens();
        }
    }
}

impl House {
    fn open() -> Self {
        Self::with(|builder| builder)
    }

    fn with(set: impl FnOnce(BetterAuthBuilder) -> BetterAuthBuilder) -> Self {
        let server = AuthServer::in_process();
        let of_ada = |device| session().user(user("ada")).user_agent(device);
        let phone = server.sign_in(of_ada("Phone"));
        let laptop = server.sign_in(of_ada("Laptop").ip_address("192.0.2.7"));
        let eve = server.sign_in(user("eve"));
        let server = Arc::new(server);
        let meanwhile = Meanwhile::default();
        let builder = server
            .builder()
            .circuit_breaker(CircuitBreaker::off())
            .retries(0)
            .cache(Cache::ttl(Duration::from_secs(300)))
            .transport(watched(&server, &meanwhile));
        Self {
            auth: set(builder).build().unwrap(),
            server,
            phone,
            laptop,
            eve,
            meanwhile,
        }
    }

    async fn is_in(&self, device: &SignedIn) -> bool {
        self.auth.validate(&headers(device)).await.is_ok()
    }

    /// The paths that were asked for since the last look.
    fn asked(&self) -> Vec<String> {
        let requests = self.server.requests();
        self.server.forget_requests();
        let path = |uri: &http::Uri| uri.path().strip_prefix("/api/auth").unwrap().to_owned();
        requests.iter().map(|request| path(&request.uri)).collect()
    }
}

/// The way to the server, past what happens meanwhile.
fn watched(
    server: &AuthServer,
    meanwhile: &Meanwhile,
) -> impl tower::Service<
    Request<Bytes>,
    Response = Response<AnswerBody>,
    Error = io::Error,
    Future: Send,
> + Clone
+ Send
+ Sync
+ 'static {
    let (transport, meanwhile) = (server.transport(), meanwhile.clone());
    service_fn(move |request: Request<Bytes>| {
        meanwhile.note(request.uri().path());
        transport.clone().oneshot(request)
    })
}

fn headers(device: &SignedIn) -> HeaderMap {
    HeaderMap::from_iter([(header::COOKIE, device.cookie())])
}

/// `ok`, or status and code.
fn outcome<T>(result: Result<T, Rejection>) -> String {
    match result {
        Ok(_) => "ok".to_owned(),
        Err(rejection) => format!("{} {}", rejection.status().as_u16(), rejection.code()),
    }
}

/// Everything that can be done, by somebody on their laptop, to their phone and to the laptop itself.
async fn everything(house: &House, headers: &HeaderMap) -> [(&'static str, String); 4] {
    let auth = &house.auth;
    let phone = house.phone.session_id();
    [
        ("list", outcome(auth.list_sessions(headers).await)),
        ("revoke", outcome(auth.revoke_session(headers, phone).await)),
        (
            "revoke others",
            outcome(auth.revoke_other_sessions(headers).await),
        ),
        ("sign out", outcome(auth.sign_out(headers).await)),
    ]
}
