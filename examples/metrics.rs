//! Metrics for Prometheus: how many were let in, how the auth server is doing, what the cache spares it.
//!
//! Needs the feature `metrics`. Starts an auth server of its own unless `BETTER_AUTH_URL` is set. Run with
//!
//! ```text
//! cargo run --example metrics --features metrics
//! curl http://127.0.0.1:8080/me
//! curl http://127.0.0.1:8080/metrics
//! ```
//!
//! The second answers with lines such as `better_auth_verdicts_total{outcome="anonymous"} 1`. Import
//! `examples/grafana-dashboard.json` into Grafana to see them drawn.

#![allow(clippy::print_stdout)]

use std::{env, error::Error, time::Duration};

use axum::{Json, Router, extract::State, routing::get};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tokio::net::TcpListener;
use tower_better_auth::{
    BetterAuth, Cache, CurrentUser, SessionAuth,
    testing::{AuthServer, user},
};

/// The upper bounds of the buckets of `better_auth_fetch_seconds`: from a millisecond to ten seconds.
const SECONDS: &[f64] = &[
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
];

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    // Before the handle, so that the descriptions arrive.
    let name = Matcher::Full("better_auth_fetch_seconds".to_owned());
    let prometheus = PrometheusBuilder::new()
        .set_buckets_for_metric(name, SECONDS)?
        .install_recorder()?;

    let server = AuthServer::start().await;
    let url = env::var("BETTER_AUTH_URL").unwrap_or_else(|_| server.url().to_owned());
    let auth = BetterAuth::builder(url)
        .cache(Cache::ttl(Duration::from_secs(10)))
        .build()?;

    let listener = TcpListener::bind("127.0.0.1:8080").await?;
    println!("listening on http://{}", listener.local_addr()?);
    let ada = server.sign_in(user("ada"));
    println!(
        "signed in: curl -H 'Cookie: {}' http://127.0.0.1:8080/me",
        ada.cookie().to_str()?
    );
    axum::serve(listener, app(auth, prometheus)).await?;
    Ok(())
}

fn app(auth: BetterAuth, prometheus: PrometheusHandle) -> Router {
    Router::new()
        .route("/me", get(me))
        .route_layer(SessionAuth::new(auth))
        // Keep it on an address that only Prometheus reaches.
        .route("/metrics", get(render))
        .with_state(prometheus)
}

async fn me(user: CurrentUser) -> Json<CurrentUser> {
    Json(user)
}

async fn render(State(prometheus): State<PrometheusHandle>) -> String {
    // Without it, what was observed piles up until somebody asks.
    prometheus.run_upkeep();
    prometheus.render()
}
