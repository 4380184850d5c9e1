//! Pages rendered by the server: whoever is not signed in is sent to the sign-in page, and back afterwards.
//!
//! Browsers get a redirect and programs a 401. The sign-in page asks the auth server and hands its cookies on to the
//! browser. Starts an auth server of its own, or asks the one at `BETTER_AUTH_URL`; signs Ada up there.
//!
//! ```sh
//! cargo run --example redirect_to_sign_in   # prints the address to open in a browser, and curl lines to try
//! ```
#![allow(clippy::print_stdout)]

use std::{env, error::Error};

use axum::{
    Form, Router,
    extract::{Query, State},
    response::{Html, IntoResponse, Redirect, Response},
    routing::get,
};
use http::{StatusCode, header};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::net::TcpListener;
use tower_better_auth::{BetterAuth, CurrentUser, SessionAuth, testing::AuthServer};

const PASSWORD: &str = "correct-horse-battery";

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .init();
    let (url, _embedded) = if let Ok(url) = env::var("BETTER_AUTH_URL") {
        (url, None)
    } else {
        let server = AuthServer::start().await;
        (server.url().to_owned(), Some(server))
    };
    let sign_up = format!("{url}/api/auth/sign-up/email");
    let ada = json!({"name": "Ada", "email": "ada@example.com", "password": PASSWORD});
    let request = reqwest::Client::new().post(sign_up).json(&ada);
    request.send().await?; // She may be there already.

    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let address = format!("http://{}", listener.local_addr()?);
    println!("Open {address}/notes and sign in as ada@example.com, {PASSWORD}. Or try:\n");
    let back = "/sign-in?redirect_to=/notes";
    let form = format!("-d email=ada@example.com -d password={PASSWORD}");
    println!("curl -i {address}/notes -H 'accept: text/html'  # 303 to {back}");
    println!("curl -i -c jar '{address}{back}' {form}  # 303 to /notes");
    println!("curl -i -b jar {address}/notes  # 200");
    axum::serve(listener, app(BetterAuth::new(&url)?, url)).await?;
    Ok(())
}

fn app(auth: BetterAuth, url: String) -> Router {
    let pages = Router::new()
        .route("/notes", get(notes))
        .route_layer(SessionAuth::new(auth).redirect_to_sign_in("/sign-in"));
    // The sign-in page stays outside: it has to be there for whoever is not signed in.
    Router::new()
        .route("/sign-in", get(sign_in_page).post(sign_in))
        .with_state(url)
        .merge(pages)
}

async fn notes(user: CurrentUser) -> Html<String> {
    // Better Auth lets users choose any name.
    let name = user.name.replace('&', "&amp;").replace('<', "&lt;");
    Html(format!("<h1>The notes of {name}</h1>\n"))
}

/// Posts to its own address, so that the return path stays where it is.
async fn sign_in_page() -> Html<&'static str> {
    Html("<form method=post><input name=email><input name=password type=password><button>Sign in")
}

/// As the browser would do it at the auth server itself.
async fn sign_in(
    State(url): State<String>,
    Query(back): Query<Back>,
    Form(form): Form<SignIn>,
) -> Result<Response, StatusCode> {
    let url = format!("{url}/api/auth/sign-in/email");
    let request = reqwest::Client::new().post(url).json(&form).send();
    let answer = request.await.map_err(|_| StatusCode::SERVICE_UNAVAILABLE)?;
    if !answer.status().is_success() {
        return Err(answer.status());
    }
    let no_store = [(header::CACHE_CONTROL, "no-store")];
    let mut response = (no_store, Redirect::to(back.path())).into_response();
    for cookie in answer.headers().get_all(header::SET_COOKIE) {
        response
            .headers_mut()
            .append(header::SET_COOKIE, cookie.clone());
    }
    Ok(response)
}

#[derive(Deserialize)]
struct Back {
    redirect_to: Option<String>,
}

impl Back {
    /// Whoever writes a link to the sign-in page can write what they like into it: only a path of our own will do.
    fn path(&self) -> &str {
        let is_odd = |character: char| character == '\\' || character.is_control();
        let is_own = |path: &&str| {
            path.starts_with('/') && !path.starts_with("//") && !path.contains(is_odd)
        };
        let path = self.redirect_to.as_deref().filter(is_own);
        path.unwrap_or("/notes")
    }
}

#[derive(Deserialize, Serialize)]
struct SignIn {
    email: String,
    password: String,
}
