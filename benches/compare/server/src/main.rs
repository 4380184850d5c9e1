//! The Rust servers that `benches/compare/run` measures: `tower-better-auth-compare <variant>`.
//!
//! All answer `GET /me` with the id of the user as text. A server prints one line when it is ready,
//! `{"url":"http://127.0.0.1:PORT"}`, and ends when its standard input closes.
//!
//! The environment says the rest: `THREADS` (workers of the runtime), `BETTER_AUTH_URL`, `JWT_SECRET`, `USER_ID`.

mod axum_login;
mod bare;
mod from_fn;
mod guarded;
mod hs256;

use std::{env, error::Error, io, process, thread};

use axum::{Router, serve::ListenerExt};
use tokio::{net::TcpListener, runtime};

type Failure = Box<dyn Error + Send + Sync>;

fn main() -> Result<(), Failure> {
    thread::spawn(end_with_standard_input);
    let variant = env::args().nth(1).unwrap_or_default();
    let threads = setting("THREADS")?.parse()?;
    let runtime = runtime::Builder::new_multi_thread()
        .worker_threads(threads)
        .enable_all()
        .build()?;
    // On a worker, so that accepting costs the same thread as answering.
    runtime.block_on(async move { tokio::spawn(serve(app(&variant)?)).await? })
}

fn app(variant: &str) -> Result<Router, Failure> {
    Ok(match variant {
        "bare" => bare::app(&setting("USER_ID")?),
        "guarded" => guarded::app(&setting("BETTER_AUTH_URL")?)?,
        "guarded-cached" => guarded::app_with_cache(&setting("BETTER_AUTH_URL")?)?,
        "from-fn" => from_fn::app(&setting("BETTER_AUTH_URL")?)?,
        "hs256" => hs256::app(&setting("JWT_SECRET")?),
        "axum-login" => axum_login::app(),
        unknown => return Err(format!("there is no variant `{unknown}`").into()),
    })
}

async fn serve(app: Router) -> Result<(), Failure> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!(r#"{{"url":"http://{}"}}"#, listener.local_addr()?);
    let listener = listener.tap_io(|connection| {
        let _ = connection.set_nodelay(true);
    });
    axum::serve(listener, app).await?;
    Ok(())
}

fn setting(name: &str) -> Result<String, Failure> {
    env::var(name).map_err(|_| format!("set {name}").into())
}

/// Whoever started this server holds the other end: when they are gone, so is it.
fn end_with_standard_input() {
    let _ = io::copy(&mut io::stdin(), &mut io::sink());
    process::exit(0);
}
