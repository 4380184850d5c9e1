//! An axum app whose users sign in at a Better Auth server.
//!
//! Starts an auth server of its own, or asks the one at `BETTER_AUTH_URL`.
//!
//! ```sh
//! cargo run --example quickstart             # serves the app and prints curl lines to try
//! cargo run --example quickstart -- --tour   # calls itself through every verdict and prints what it saw
//! BETTER_AUTH_URL=http://localhost:3000 cargo run --example quickstart -- --tour
//! ```
#![allow(clippy::print_stdout)]

use std::{env, error::Error, process::ExitCode};

use axum::{Json, Router, extract::Path, routing::get};
use tokio::net::TcpListener;
use tower_better_auth::{
    BetterAuth, CurrentUser, Require, SessionAuth,
    testing::{AuthServer, user},
};

#[path = "quickstart/tour.rs"]
mod tour;

#[tokio::main]
async fn main() -> Result<ExitCode, Box<dyn Error>> {
    tracing_subscriber::fmt()
        .with_max_level(tracing::Level::WARN)
        .with_writer(std::io::stderr)
        .init();
    let (url, embedded) = if let Ok(url) = env::var("BETTER_AUTH_URL") {
        (url, None)
    } else {
        let server = AuthServer::start().await;
        (server.url().to_owned(), Some(server))
    };
    let auth = BetterAuth::new(&url)?;
    // Says what is wrong with the auth server, and the fix, before anybody calls.
    auth.check().await?;
    if env::args().any(|argument| argument == "--tour") {
        return tour::run(&url, embedded).await;
    }

    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let address = format!("http://{}", listener.local_addr()?);
    print_lines_to_try(&address, &url, embedded.as_ref());
    axum::serve(listener, app(auth)).await?;
    Ok(ExitCode::SUCCESS)
}

fn app(auth: BetterAuth) -> Router {
    let public = Router::new()
        .route("/", get(home))
        .layer(SessionAuth::new(auth.clone()).optional());
    let members = Router::new()
        .route("/me", get(me))
        .route("/admin", get(admin).route_layer(Require::role("admin")))
        .route(
            "/users/{user_id}/notes",
            get(notes).route_layer(Require::user_id("user_id").or(Require::role("admin"))),
        )
        .route_layer(SessionAuth::new(auth));
    public.merge(members)
}

/// For everybody: asks who is there, and does without an answer.
async fn home(user: Option<CurrentUser>) -> String {
    match user {
        Some(user) => format!("Welcome back, {}", user.name),
        None => "Welcome, stranger".to_owned(),
    }
}

/// For whoever is signed in.
async fn me(user: CurrentUser) -> Json<CurrentUser> {
    Json(user)
}

/// For admins: the guard on the route has seen to that.
async fn admin(user: CurrentUser) -> String {
    format!("{} may do anything here", user.name)
}

/// For the user in the path, and for admins.
async fn notes(Path(user_id): Path<String>) -> Json<Vec<String>> {
    Json(vec![format!("the first note of {user_id}")])
}

fn print_lines_to_try(app: &str, auth: &str, embedded: Option<&AuthServer>) {
    println!("The app is at {app}, the auth server at {auth}. Try:\n");
    println!("  curl -i {app}/");
    println!("  curl -i {app}/me");
    if let Some(server) = embedded {
        let ada = server.sign_in(user("ada").name("Ada"));
        let grace = server.sign_in(user("grace").name("Grace").role("admin"));
        let [ada, grace] = [ada, grace].map(|session| {
            let cookie = session.cookie();
            cookie.to_str().unwrap_or_default().to_owned()
        });
        println!("  curl -i {app}/me -H 'cookie: {ada}'");
        println!("  curl -i {app}/users/ada/notes -H 'cookie: {ada}'");
        println!("  curl -i {app}/users/grace/notes -H 'cookie: {ada}'");
        println!("  curl -i {app}/admin -H 'cookie: {ada}'");
        println!("  curl -i {app}/admin -H 'cookie: {grace}'");
    } else {
        let form = r#"{"email":"ada@example.com","password":"correct horse","name":"Ada"}"#;
        println!("  curl -c jar {auth}/api/auth/sign-up/email --json '{form}'");
        println!("  curl -b jar -i {app}/me");
        println!("  curl -b jar -i {app}/admin");
    }
}
