//! Steady traffic of good, forged, revoked and expired cookies, while the real server is killed, stopped, slowed down
//! and loses its database at random. `tests/chaos` runs it for minutes; its seed replays the schedule.

mod cookies;
mod dice;
mod faults;
mod figures;
mod oracle;

use std::{
    env, fs,
    path::{Path, PathBuf},
    process,
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

use axum::{Json, Router, routing::get};
use http::StatusCode;
use serde_json::{Value, json};
use tower_better_auth::{BetterAuth, Cache, CurrentUser, Require, SessionAuth};

use self::{
    cookies::{Cookies, Shown},
    dice::Dice,
    faults::{Episode, Outages},
    figures::Figures,
    oracle::{Answer, Route, Seen},
};
use crate::support::{
    node::{BetterAuthServer, SignedIn},
    probe::{send, with_cookie},
};

const TTL: Duration = Duration::from_secs(2);
const DEADLINE: Duration = Duration::from_secs(1);
const WORKERS: u64 = 8;

/// Everything that a run needs, shared by all its tasks.
struct Run {
    server: BetterAuthServer,
    app: Router,
    cookies: Cookies,
    churning: SignedIn,
    outages: Outages,
    figures: Figures,
    end: Instant,
}

fn app(url: &str) -> Router {
    let handle = || BetterAuth::builder(url).deadline(DEADLINE);
    let cached = handle().cache(Cache::ttl(TTL)).build().unwrap();
    let uncached = handle().build().unwrap();
    let me = || get(async |user: CurrentUser| Json(json!({"id": user.id})));
    let remembered = Router::new()
        .route("/Cached", me())
        .route("/Live", me().route_layer(Require::live()))
        .layer(SessionAuth::new(cached));
    let asked = Router::new()
        .route("/Uncached", me())
        .layer(SessionAuth::new(uncached));
    remembered.merge(asked)
}

impl Run {
    async fn ask(&self, shown: &Shown, route: Route) -> (Seen, String) {
        let began = Instant::now();
        let request = with_cookie(&format!("/{route:?}"), &shown.cookie);
        let response = send(self.app.clone(), request).await;
        let body: Value = serde_json::from_str(&response.body).unwrap_or_default();
        let answer = match (response.status, &*response.code()) {
            (StatusCode::OK, _) => Answer::Admitted {
                as_whom_it_is: body["id"] == *shown.user_id,
            },
            (StatusCode::UNAUTHORIZED, "INVALID_SESSION") => Answer::SignedOut,
            (StatusCode::SERVICE_UNAVAILABLE, "AUTH_SERVICE_UNAVAILABLE") => Answer::Unavailable,
            _ => Answer::Other,
        };
        let seen = Seen {
            route,
            truth: shown.truth(),
            began,
            ended: Instant::now(),
            answer,
            in_outage: self.outages.met_since(began),
        };
        (seen, response.text())
    }

    /// Sends one request after another.
    async fn traffic(&self, mut dice: Dice) {
        while Instant::now() < self.end {
            let (shown, any) = (self.cookies.pick(&mut dice), *dice.one_of(&Route::ALL));
            let route = shown.only.unwrap_or(any);
            let ask = self.ask(&shown, route);
            let patience = match dice.number(0..50) {
                0 => dice.millis(0..20),
                _ => 10 * DEADLINE,
            };
            match tokio::time::timeout(patience, ask).await {
                Ok((seen, text)) => self.note(seen, &text),
                Err(_) => drop(self.figures.hung_up.fetch_add(1, Ordering::Relaxed)),
            }
            tokio::time::sleep(dice.millis(5..30)).await;
        }
    }

    fn note(&self, seen: Seen, text: &str) {
        self.figures.count(seen.answer);
        if let Err(promise) = seen.judge() {
            self.figures.broken(promise, format!("{seen:?} {text}"));
        }
    }

    /// People come and go.
    async fn churn(&self, dice: &mut Dice) {
        let (server, churning) = (&self.server, &self.churning);
        for only in [None, Some(Route::Cached)] {
            self.cookies.sign_in(server, churning, only).await;
        }
        let rest = dice.millis(300..6000);
        self.cookies.sign_in_for(server, churning, rest).await;
    }

    #[expect(
        clippy::print_stdout,
        reason = "the schedule of a failure is worth reading"
    )]
    async fn faults(&self, mut dice: Dice) {
        while Instant::now() < self.end {
            let episode = Episode::next(&mut dice);
            let left = self.end.duration_since(Instant::now());
            self.churn(&mut dice).await;
            tokio::time::sleep(episode.peace / 2).await;
            self.cookies.revoke(&self.server).await;
            tokio::time::sleep(episode.peace / 2).await;

            println!("{left:>6.1?} to go: {episode:?}");
            let meanwhile = async || {
                tokio::time::sleep(episode.span / 2).await;
                self.cookies.revoke(&self.server).await;
            };
            let strike = episode
                .fault
                .strike(&self.server, episode.span, &self.outages, meanwhile);
            let arrived = strike.await;
            self.figures.upstream.fetch_add(arrived, Ordering::Relaxed);
            self.recovery().await;
        }
    }

    /// Asks until somebody is let in, as somebody was before.
    async fn recovery(&self) {
        let back = Instant::now();
        let shown = self.cookies.good()[0].clone();
        loop {
            let (seen, text) = self.ask(&shown, Route::Uncached).await;
            self.note(seen, &text);
            let is_in = matches!(seen.answer, Answer::Admitted { .. });
            if is_in || back.elapsed() > 10 * TTL {
                return self.figures.recovered(back.elapsed());
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    async fn scales(&self) {
        while Instant::now() < self.end {
            self.figures.weigh();
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }
}

/// The server's database, which outlives its process and is gone with this.
struct DatabaseFile(PathBuf);

impl DatabaseFile {
    fn new() -> Self {
        let name = format!("chaos-{}.db", process::id());
        Self(Path::new(env!("CARGO_TARGET_TMPDIR")).join(name))
    }
}

impl Drop for DatabaseFile {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

#[expect(clippy::print_stdout, reason = "the figures are what a run is for")]
async fn run(span: Duration, seed: u64) {
    println!("chaos for {span:?} with seed {seed}");
    let file = DatabaseFile::new();
    let server = BetterAuthServer::start(json!({"database": "sqlite", "databaseFile": file.0}));
    let (cookies, churning) = Cookies::sign_up(&server).await;
    let run: &'static Run = Box::leak(Box::new(Run {
        app: app(server.url()),
        server,
        cookies,
        churning,
        outages: Outages::default(),
        figures: Figures::default(),
        end: Instant::now() + span,
    }));
    let traffic =
        (1..=WORKERS).map(|number| tokio::spawn(run.traffic(Dice::new(seed ^ (number << 32)))));
    let traffic: Vec<_> = traffic.chain([tokio::spawn(run.scales())]).collect();
    let faults = tokio::spawn(run.faults(Dice::new(seed)));
    for task in traffic.into_iter().chain([faults]) {
        task.await.unwrap();
    }
    run.figures
        .upstream
        .fetch_add(run.server.take_count().await, Ordering::Relaxed);
    run.server.kill();
    let outages = run.outages.count.load(Ordering::Relaxed);
    let last = format!(
        "chaos: seed {seed}, {span:?}, {outages} outages, {}",
        run.figures
    );
    let broken = run.figures.faults();
    println!("{last}");
    assert!(broken.is_empty(), "{}\n{last}", broken.join("\n"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn ten_seconds_of_outages_let_nobody_in_and_log_nobody_out() {
    // A seed that begins with five kinds of outages.
    run(Duration::from_secs(10), 23).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[ignore = "takes minutes: `tests/chaos` runs it"]
async fn minutes_of_outages_let_nobody_in_and_log_nobody_out() {
    let number = |name: &str| env::var(name).unwrap().parse::<u64>().unwrap();
    run(
        Duration::from_secs(number("CHAOS_SECONDS")),
        number("CHAOS_SEED"),
    )
    .await;
}
