//! Checks per second of a router with `SessionAuth`, a guard and `CurrentUser`, by sessions and tasks.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{Router, body::Body, routing::get};
use http::{Request, StatusCode, header};
use tokio::{runtime::Runtime, task::JoinSet};
use tower::ServiceExt;
use tower_better_auth::{BetterAuth, Cache, CurrentUser, Require, SessionAuth};

use crate::upstream::{self, Calls, Cookie};

const SESSIONS: [u64; 4] = [100, 1_000, 10_000, 62_500];
const TASKS: [u64; 5] = [1, 4, 16, 64, 256];
const TTL: Duration = Duration::from_secs(60 * 60);
const CAPACITY: u64 = 100_000;

pub(crate) fn print_table(is_quick: bool) {
    let time = Duration::from_millis(if is_quick { 200 } else { 1_000 });
    println!(
        "| sessions | tasks | cached: checks/s | upstream calls/1000 | no cache: checks/s | upstream calls/1000 |"
    );
    println!(
        "| -------: | ----: | ---------------: | ------------------: | -----------------: | ------------------: |"
    );
    for sessions in SESSIONS {
        for tasks in TASKS {
            let cached = measure(Kept::Cached, sessions, tasks, time);
            let uncached = measure(Kept::Nothing, sessions, tasks, time);
            println!(
                "| {sessions:8} | {tasks:5} | {:16.0} | {:19.1} | {:18.0} | {:19.1} |",
                cached.checks_per_second, cached.calls, uncached.checks_per_second, uncached.calls,
            );
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kept {
    Cached,
    Nothing,
}

struct Measured {
    checks_per_second: f64,
    /// That reached the auth server, of 1,000 checks.
    calls: f64,
}

fn measure(kept: Kept, sessions: u64, tasks: u64, time: Duration) -> Measured {
    let runtime = Runtime::new().expect("a runtime");
    let (builder, calls) = upstream::builder();
    let builder = match kept {
        Kept::Cached => builder.cache(Cache::ttl(TTL).capacity(CAPACITY)),
        Kept::Nothing => builder,
    };
    let auth = builder.build().expect("a valid configuration");
    runtime.block_on(async {
        if kept == Kept::Cached {
            fill(&auth, sessions).await;
        }
        race(&router(auth), &calls, sessions, tasks, time).await
    })
}

async fn fill(auth: &BetterAuth, sessions: u64) {
    for number in 0..sessions {
        let headers = Cookie::SignedIn(number).headers();
        auth.validate(&headers).await.expect("signed in");
    }
}

fn router(auth: BetterAuth) -> Router {
    Router::new()
        .route("/me", get(me))
        .route("/admin", get(me).route_layer(Require::role("admin")))
        .layer(SessionAuth::new(auth))
}

async fn me(user: CurrentUser) -> String {
    user.id.clone()
}

async fn race(
    app: &Router,
    calls: &Arc<Calls>,
    sessions: u64,
    tasks: u64,
    time: Duration,
) -> Measured {
    let (before, start) = (calls.all(), Instant::now());
    let end = start + time;
    let mut running = JoinSet::new();
    for task in 0..tasks {
        running.spawn(check_until(end, app.clone(), Mix::new(task, sessions)));
    }
    let checks = running.join_all().await.into_iter().sum::<u64>() as f64;
    Measured {
        checks_per_second: checks / start.elapsed().as_secs_f64(),
        calls: (calls.all() - before) as f64 / checks * 1_000.0,
    }
}

async fn check_until(end: Instant, app: Router, mut mix: Mix) -> u64 {
    let mut checks = 0;
    while Instant::now() < end {
        let check = mix.next();
        let request = Request::get(check.path).header(header::COOKIE, check.cookie.header());
        let request = request.body(Body::empty()).expect("a request");
        let response = app.clone().oneshot(request).await.expect("infallible");
        assert_eq!(response.status(), check.expected, "{:?}", check.cookie);
        checks += 1;
        // A task whose checks never wait would have its thread for itself.
        tokio::task::consume_budget().await;
    }
    checks
}

struct Check {
    path: &'static str,
    cookie: Cookie,
    expected: StatusCode,
}

/// 90 % signed in, 9 % denied (5 % signed out, 4 % without the role), 1 % that the server fails to answer.
struct Mix {
    random: u64,
    sessions: u64,
}

impl Mix {
    fn new(seed: u64, sessions: u64) -> Self {
        Self {
            random: seed,
            sessions,
        }
    }

    fn next(&mut self) -> Check {
        let random = self.random();
        let number = (random >> 8) % self.sessions;
        let (path, cookie, expected) = match random % 100 {
            0..90 => ("/me", Cookie::SignedIn(number), StatusCode::OK),
            90..95 => ("/me", Cookie::SignedOut(number), StatusCode::UNAUTHORIZED),
            95..99 => ("/admin", Cookie::SignedIn(number), StatusCode::FORBIDDEN),
            _ => (
                "/me",
                Cookie::Broken(number),
                StatusCode::SERVICE_UNAVAILABLE,
            ),
        };
        Check {
            path,
            cookie,
            expected,
        }
    }

    /// `SplitMix64`.
    fn random(&mut self) -> u64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.random ^ (self.random >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}
