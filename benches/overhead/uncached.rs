//! A check without a cache, and a plain call with reqwest to the same server.

use std::{
    fmt, hint,
    net::{SocketAddr, TcpListener},
    thread,
    time::{Duration, Instant},
};

use axum::{Router, body::Body, extract::State, routing::get};
use http::{HeaderMap, Request, StatusCode, header};
use serde::Deserialize;
use tower::Service;
use tower_better_auth::{BetterAuth, CurrentUser, SessionAuth};

use crate::{
    apps::{COOKIES, answer},
    measure::quantile,
};

const CALLS: usize = 4_000;

/// What the server computes for each answer: no more than Better Auth itself takes at best.
const WORK: Duration = Duration::from_millis(1);

/// The medians, in microseconds.
pub(crate) struct Uncached {
    bare: f64,
    reqwest: f64,
    checked: f64,
}

impl Uncached {
    /// What each adds over the bare router, divided.
    pub(crate) fn ratio(&self) -> f64 {
        (self.checked - self.bare) / (self.reqwest - self.bare)
    }
}

impl fmt::Display for Uncached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            bare,
            reqwest,
            checked,
        } = self;
        write!(
            f,
            "bare {bare:.0} us, a call with reqwest {reqwest:.0} us, a check {checked:.0} us"
        )
    }
}

pub(crate) async fn measure() -> Uncached {
    let url = format!("http://{}", serve());
    let auth = BetterAuth::new(&url).expect("a handle");
    let mut apps = [bare(), by_hand(&url), checked(auth)].map(|app| app.with_state(()));
    let mut times = [const { Vec::new() }; 3];
    for round in 0..CALLS {
        for (app, times) in apps.iter_mut().zip(&mut times) {
            let time = time(app).await;
            if round > CALLS / 10 {
                times.push(time);
            }
        }
    }
    let [bare, reqwest, checked] = times.map(|times| quantile(times, 50));
    Uncached {
        bare,
        reqwest,
        checked,
    }
}

async fn time(app: &mut Router) -> f64 {
    let request = Request::get("/").header(header::COOKIE, COOKIES);
    let request = request.body(Body::empty()).expect("a request");
    let start = Instant::now();
    let response = app.call(request).await;
    let elapsed = start.elapsed();
    let status = response.map(|response| response.status());
    assert_eq!(status, Ok(StatusCode::OK));
    elapsed.as_secs_f64() * 1e6
}

/// An auth server in a thread of its own, which computes as Node does: one answer at a time.
fn serve() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    listener.set_nonblocking(true).expect("a socket");
    let answer = answer();
    let work = async move || {
        let start = Instant::now();
        while start.elapsed() < WORK {
            hint::spin_loop();
        }
        ([(header::CONTENT_TYPE, "application/json")], answer)
    };
    let app = Router::new().route("/api/auth/get-session", get(work));
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        runtime.expect("a runtime").block_on(async {
            let listener = tokio::net::TcpListener::from_std(listener).expect("a socket");
            axum::serve(listener, app).await.expect("a server");
        });
    });
    address
}

fn bare() -> Router {
    Router::new().route("/", get(|| async { "ada" }))
}

fn checked(auth: BetterAuth) -> Router {
    Router::new()
        .route("/", get(async |user: CurrentUser| user.id.clone()))
        .layer(SessionAuth::new(auth))
}

/// What one writes by hand for a start: it forwards the cookie, and reads the answer.
fn by_hand(origin: &str) -> Router {
    let client = reqwest::Client::new();
    let url = format!("{origin}/api/auth/get-session");
    Router::new().route("/", get(ask)).with_state((client, url))
}

#[derive(Deserialize)]
struct Answer {
    user: User,
}

#[derive(Deserialize)]
struct User {
    id: String,
}

async fn ask(
    State((client, url)): State<(reqwest::Client, String)>,
    headers: HeaderMap,
) -> Result<String, StatusCode> {
    let cookie = headers
        .get(header::COOKIE)
        .ok_or(StatusCode::UNAUTHORIZED)?;
    let call = client.get(url).header(header::COOKIE, cookie).send().await;
    let response = call.map_err(|_| StatusCode::SERVICE_UNAVAILABLE)?;
    let answer = response.json::<Option<Answer>>().await;
    let answer = answer.map_err(|_| StatusCode::SERVICE_UNAVAILABLE)?;
    answer
        .map(|answer| answer.user.id)
        .ok_or(StatusCode::UNAUTHORIZED)
}
