//! Guards: who may do what, route by route.
//!
//! Roles, the user in the path, combinations, rules of one's own, and a guard that asks the auth server at this very
//! moment. Starts an auth server of its own, or asks the one at `BETTER_AUTH_URL`.
//!
//! ```sh
//! cargo run --example guards   # serves the app and prints curl lines with the status that each one gets
//! ```
#![allow(clippy::print_stdout)]

use std::{env, error::Error, time::Duration};

use axum::{
    Router,
    routing::{delete, get, post},
};
use tokio::net::TcpListener;
use tower_better_auth::{
    Access, BetterAuth, CurrentUser, Denied, Guard, Rejection, Require, SessionAuth,
    testing::{AuthServer, user},
};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .init();
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let address = format!("http://{}", listener.local_addr()?);
    if env::var_os("BETTER_AUTH_URL").is_some() {
        println!("The app is at {address}. Send it the cookies of your auth server.");
        axum::serve(listener, app(BetterAuth::from_env()?)).await?;
        return Ok(());
    }
    let server = AuthServer::start().await;
    print_lines_to_try(&address, &server)?;
    axum::serve(listener, app(BetterAuth::new(server.url())?)).await?;
    Ok(())
}

fn app(auth: BetterAuth) -> Router {
    let oneself = Require::user_id("user_id");
    let admin = Require::role("admin");
    let writers = Require::any_role(["editor", "admin"]);
    let staff = Require::when(|access| access.user().email.ends_with("@example.com"));
    // Who has signed in within the last ten minutes may do what is hard to undo.
    let fresh = Require::fresh(Duration::from_secs(10 * 60));
    // A role that was taken away a moment ago is gone here, also where answers are cached.
    let admin_right_now = Require::live().and(Require::role("admin"));

    Router::new()
        .route("/admin", get(ok).route_layer(admin.clone()))
        .route("/articles", post(ok).route_layer(writers))
        .route("/intranet", get(ok).route_layer(staff))
        .route(
            "/export",
            get(ok).route_layer(Require::guard(Plan("pro")).and(fresh)),
        )
        .route("/users/{user_id}", get(ok).route_layer(oneself.or(admin)))
        .route("/users/{user_id}", delete(ok).route_layer(admin_right_now))
        .route("/handler", get(in_the_handler))
        .route_layer(SessionAuth::new(auth))
}

async fn ok(user: CurrentUser) -> String {
    format!("yes, {}\n", user.id)
}

/// The same check where it depends on what only the handler knows.
async fn in_the_handler(user: CurrentUser) -> Result<&'static str, Rejection> {
    user.require_role("admin")?;
    Ok("yes, admin\n")
}

/// A rule of our own, on a field that the application added to its users.
struct Plan(&'static str);

impl Guard for Plan {
    fn check(&self, access: &Access<'_>) -> Result<(), Denied> {
        match access.user().field::<String>("plan") {
            Ok(Some(plan)) if plan == self.0 => Ok(()),
            _ => Err(Denied::new("PLAN_REQUIRED").message("This needs another plan")),
        }
    }
}

fn print_lines_to_try(app: &str, server: &AuthServer) -> Result<(), Box<dyn Error>> {
    let ada = server.sign_in(user("ada").role("editor").field("plan", "pro"));
    let grace = server.sign_in(user("grace").role("admin").email("grace@navy.example"));
    let (ada, grace) = (ada.cookie(), grace.cookie());
    let (ada, grace) = (ada.to_str()?, grace.to_str()?);
    println!("Ada is an editor with a plan, and Grace an admin from elsewhere. Try:\n");
    println!("A='cookie: {ada}'\nG='cookie: {grace}'");
    for (line, expected) in [
        ("/admin", "401 UNAUTHENTICATED"),
        ("/admin          -H \"$A\"", "403 INSUFFICIENT_ROLE"),
        ("/admin          -H \"$G\"", "200"),
        ("/articles       -H \"$A\" -X POST", "200"),
        ("/intranet       -H \"$A\"", "200"),
        ("/intranet       -H \"$G\"", "403 FORBIDDEN"),
        ("/export         -H \"$A\"", "200"),
        ("/export         -H \"$G\"", "403 PLAN_REQUIRED"),
        ("/users/ada      -H \"$A\"", "200"),
        ("/users/grace    -H \"$A\"", "403 USER_ID_MISMATCH"),
        ("/users/ada      -H \"$G\"", "200"),
        (
            "/users/ada      -H \"$A\" -X DELETE",
            "403 INSUFFICIENT_ROLE",
        ),
        ("/users/ada      -H \"$G\" -X DELETE", "200"),
        ("/handler        -H \"$A\"", "403 INSUFFICIENT_ROLE"),
    ] {
        println!("curl -i {app}{line:<38} # {expected}");
    }
    Ok(())
}
