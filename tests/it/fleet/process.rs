//! One process of a fleet: this test binary again, which serves one application until its standard input closes.

use std::{
    env,
    io::{BufRead, BufReader, Read},
    net::TcpListener as StdListener,
    process::{Command, Stdio},
    time::Duration,
};

use axum::{Json, Router, routing::get};
use tokio::net::TcpListener;
use tower_better_auth::BetterAuth;

use super::sharing;
use crate::{
    revocation::{
        SECRET,
        acts::{Place, app},
    },
    support::leashed::Leashed,
};

const ADDRESS: &str = "FLEET_PROCESS_ADDRESS";
const BETTER_AUTH: &str = "FLEET_PROCESS_BETTER_AUTH";
const REDIS: &str = "FLEET_PROCESS_REDIS";

/// What stands before the URL in the line that says that it is ready.
const READY: &str = "fleet process: ";

/// Killed when it is dropped.
pub(super) struct Process {
    _process: Leashed,
    url: String,
}

impl Process {
    pub(super) fn start(better_auth: &str, redis: &str) -> Self {
        let process = Self::start_at("127.0.0.1:0", better_auth, redis);
        process.expect("the process gets ready")
    }

    /// `None` when it ends instead, as with a port that is taken.
    pub(super) fn start_at(address: &str, better_auth: &str, redis: &str) -> Option<Self> {
        let mut command = Command::new(env::current_exe().unwrap());
        command
            .args([
                "fleet::process::serves",
                "--exact",
                "--ignored",
                "--nocapture",
            ])
            .env(ADDRESS, address)
            .env(BETTER_AUTH, better_auth)
            .env(REDIS, redis)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mut process = Leashed::spawn(&mut command).unwrap();
        let mut lines = BufReader::new(process.stdout()).lines();
        let mut lines = std::iter::from_fn(move || lines.next()?.ok());
        let url = lines.find_map(|line| Some(line.split_once(READY)?.1.to_owned()))?;
        // It says something every minute, and ends when nobody listens.
        std::thread::spawn(move || lines.for_each(drop));
        Some(Self {
            _process: process,
            url,
        })
    }

    pub(super) fn place(&self) -> Place {
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let url = self.url.clone();
        Place::There { http, url }
    }
}

/// One that nobody listened at a moment ago.
pub(super) fn free_address() -> String {
    let listener = StdListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().to_string()
}

#[tokio::test]
#[ignore = "a process that other tests start"]
#[allow(clippy::print_stdout)]
async fn serves() {
    let Ok(address) = env::var(ADDRESS) else {
        return;
    };
    let builder = BetterAuth::builder(env::var(BETTER_AUTH).unwrap());
    let builder = sharing(builder, &env::var(REDIS).unwrap());
    let auth = builder.build().unwrap();
    let ear = auth.clone();
    let is_heard = move || {
        let silence = ear.readiness().last_heard;
        silence.is_some_and(|silence| silence < Duration::from_millis(600))
    };
    let app = Router::new()
        .route("/heard", get(async move || Json(is_heard())))
        .route_service("/hooks/better-auth", auth.revocations(SECRET).unwrap())
        .merge(app(auth.clone()));
    let listener = TcpListener::bind(address).await.unwrap();
    println!("{READY}http://{}", listener.local_addr().unwrap());
    // So that it never outlives whoever started it.
    std::thread::spawn(|| {
        let _ = std::io::stdin().read(&mut [0]);
        std::process::exit(0);
    });
    // What is shared begins with the first check.
    let nobody = [(
        http::header::COOKIE,
        "better-auth.session_token=nobody.s".parse().unwrap(),
    )];
    let _ = auth.validate(&nobody.into_iter().collect()).await;
    axum::serve(listener, app).await.unwrap();
}
