//! The app, called through every verdict there is.

use std::{error::Error, net::SocketAddr, process::ExitCode};

use axum::{Router, routing::get};
use reqwest::{Client, Response, header};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tower_better_auth::{BetterAuth, CurrentUser, testing::AuthServer};

use crate::app;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

pub(crate) async fn run(url: &str, embedded: Option<AuthServer>) -> Result<ExitCode> {
    let tour = Tour::new(url, embedded).await?;
    let steps = tour.walk().await?;

    println!("{:<46} {:<32} seen", "request", "expected");
    for step in &steps {
        let mark = if step.is_as_expected() {
            ""
        } else {
            "  <-- not as expected"
        };
        println!(
            "{:<46} {:<32} {}{mark}",
            step.request, step.expected, step.seen
        );
    }
    let wrong = steps.iter().filter(|step| !step.is_as_expected()).count();
    println!("\n{} requests, {wrong} not as expected", steps.len());
    Ok(if wrong == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

struct Tour {
    client: Client,
    auth: String,
    embedded: Option<AuthServer>,
    app: SocketAddr,
    /// The same app, with an auth server that is not there.
    app_in_outage: SocketAddr,
    /// A route that nobody put inside a `SessionAuth`.
    app_without_layer: SocketAddr,
}

struct Step {
    request: String,
    expected: String,
    seen: String,
}

struct Account {
    id: String,
    cookie: String,
}

impl Tour {
    async fn new(url: &str, embedded: Option<AuthServer>) -> Result<Self> {
        let nobody = free_port().await?;
        let unlayered = Router::new().route(
            "/me",
            get(|user: CurrentUser| async move { user.id.clone() }),
        );
        Ok(Self {
            client: Client::new(),
            auth: url.trim_end_matches('/').to_owned(),
            embedded,
            app: serve(app(BetterAuth::new(url)?)).await?,
            app_in_outage: serve(app(BetterAuth::new(format!("http://{nobody}"))?)).await?,
            app_without_layer: serve(unlayered).await?,
        })
    }

    async fn walk(&self) -> Result<Vec<Step>> {
        let ada = self.sign_up("ada").await?;
        let admin = self.sign_up("admin").await?;
        let mut steps = self.strangers(&ada).await?;
        steps.extend(self.members(&ada, &admin).await?);
        steps.extend(self.failures(&ada).await?);
        self.sign_out(&ada).await?;
        let signed_out = "401 INVALID_SESSION";
        steps.push(
            self.step("Ada, signed out", "/me", Some(&ada), signed_out)
                .await?,
        );
        Ok(steps)
    }

    async fn strangers(&self, ada: &Account) -> Result<Vec<Step>> {
        let made_up = Account::with_cookie("better-auth.session_token=made.up".to_owned());
        let tampered = Account::with_cookie(format!("{}x", ada.cookie));
        let signed_out = "401 INVALID_SESSION";
        Ok(vec![
            self.step("nobody", "/", None, "200").await?,
            self.step("nobody", "/me", None, "401 UNAUTHENTICATED")
                .await?,
            self.step("made-up cookie", "/me", Some(&made_up), signed_out)
                .await?,
            self.step("tampered cookie", "/me", Some(&tampered), signed_out)
                .await?,
        ])
    }

    async fn members(&self, ada: &Account, admin: &Account) -> Result<Vec<Step>> {
        if let Some(server) = &self.embedded {
            server.change_user(&admin.id, |user| user.role = Some("admin".to_owned()));
        }
        let (admin_page, notes_page) = self.expected_of_admins(admin).await?;
        let notes = format!("/users/{}/notes", ada.id);
        let others = format!("/users/{}/notes", admin.id);
        let mut steps = vec![
            self.step("Ada", "/", Some(ada), "200").await?,
            self.step("Ada", "/me", Some(ada), "200").await?,
            self.step("Ada", &notes, Some(ada), "200").await?,
            self.step("Ada", &others, Some(ada), "403 USER_ID_MISMATCH")
                .await?,
            self.step("Ada", "/admin", Some(ada), "403 INSUFFICIENT_ROLE")
                .await?,
            self.step("admin", "/admin", Some(admin), admin_page)
                .await?,
            self.step("admin", &notes, Some(admin), notes_page).await?,
        ];
        if let Some(server) = &self.embedded {
            server.change_user(&admin.id, |user| user.banned = true);
            steps.push(
                self.step("banned", "/me", Some(admin), "403 USER_BANNED")
                    .await?,
            );
        }
        Ok(steps)
    }

    async fn failures(&self, ada: &Account) -> Result<Vec<Step>> {
        let (outage, unavailable) = (self.app_in_outage, "503 AUTH_SERVICE_UNAVAILABLE");
        let (unlayered, misconfigured) = (self.app_without_layer, "500 AUTH_MISCONFIGURED");
        Ok(vec![
            self.step_at(outage, "Ada, in an outage", "/me", Some(ada), unavailable)
                .await?,
            self.step_at(outage, "Ada, in an outage", "/", Some(ada), unavailable)
                .await?,
            self.step_at(outage, "nobody, in an outage", "/", None, "200")
                .await?,
            self.step_at(
                unlayered,
                "Ada, layer forgotten",
                "/me",
                Some(ada),
                misconfigured,
            )
            .await?,
        ])
    }

    async fn step(
        &self,
        who: &str,
        path: &str,
        account: Option<&Account>,
        expected: &str,
    ) -> Result<Step> {
        self.step_at(self.app, who, path, account, expected).await
    }

    async fn step_at(
        &self,
        app: SocketAddr,
        who: &str,
        path: &str,
        account: Option<&Account>,
        expected: &str,
    ) -> Result<Step> {
        let mut request = self.client.get(format!("http://{app}{path}"));
        if let Some(account) = account {
            request = request.header(header::COOKIE, &account.cookie);
        }
        Ok(Step {
            request: format!("{who}: GET {}", shorten(path)),
            expected: expected.to_owned(),
            seen: describe(request.send().await?).await?,
        })
    }

    /// A real server decides itself who is an admin, so it is asked.
    async fn expected_of_admins(&self, admin: &Account) -> Result<(&'static str, &'static str)> {
        let me = self.client.get(format!("http://{}/me", self.app));
        let me: Value = me
            .header(header::COOKIE, &admin.cookie)
            .send()
            .await?
            .json()
            .await?;
        let roles = me["role"].as_str().unwrap_or_default();
        Ok(if roles.split(',').any(|role| role == "admin") {
            ("200", "200")
        } else {
            ("403 INSUFFICIENT_ROLE", "403 USER_ID_MISMATCH")
        })
    }

    /// As a browser does it, at the auth server itself.
    async fn sign_up(&self, name: &str) -> Result<Account> {
        let unique = std::time::UNIX_EPOCH.elapsed()?.as_nanos();
        let form = json!({
            "email": format!("{name}-{unique}@example.com"),
            "password": "correct horse battery staple",
            "name": name,
        });
        let url = format!("{}/api/auth/sign-up/email", self.auth);
        let response = self
            .client
            .post(url)
            .json(&form)
            .send()
            .await?
            .error_for_status()?;
        let cookie = session_cookie(&response).ok_or("the auth server set no session cookie")?;
        let answer: Value = response.json().await?;
        let id = answer["user"]["id"]
            .as_str()
            .ok_or("the auth server gave no user id")?;
        Ok(Account {
            id: id.to_owned(),
            cookie,
        })
    }

    async fn sign_out(&self, account: &Account) -> Result<()> {
        let request = self
            .client
            .post(format!("{}/api/auth/sign-out", self.auth))
            .header(header::ORIGIN, &self.auth)
            .header(header::COOKIE, &account.cookie)
            .json(&json!({}));
        request.send().await?.error_for_status()?;
        Ok(())
    }
}

impl Account {
    fn with_cookie(cookie: String) -> Self {
        let id = String::new();
        Self { id, cookie }
    }
}

impl Step {
    fn is_as_expected(&self) -> bool {
        self.expected == self.seen
    }
}

/// `200`, or the status and code of a refusal.
async fn describe(response: Response) -> Result<String> {
    let status = response.status();
    if status.is_success() {
        return Ok(status.as_str().to_owned());
    }
    let body: Value = response.json().await?;
    let code = body["code"].as_str().unwrap_or("(no code)");
    Ok(format!("{} {code}", status.as_str()))
}

/// Name and value as they were set, which is all that a browser sends back.
fn session_cookie(response: &Response) -> Option<String> {
    let lines = response.headers().get_all(header::SET_COOKIE).iter();
    lines
        .filter_map(|line| line.to_str().ok()?.split(';').next())
        .find(|pair| {
            pair.split('=')
                .next()
                .is_some_and(|name| name.ends_with(".session_token"))
        })
        .map(ToOwned::to_owned)
}

fn shorten(path: &str) -> String {
    let cut = |segment: &str| {
        let start: String = segment.chars().take(8).collect();
        if start.len() < segment.len() {
            format!("{start}…")
        } else {
            start
        }
    };
    path.split('/').map(cut).collect::<Vec<_>>().join("/")
}

async fn serve(app: Router) -> Result<SocketAddr> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move { axum::serve(listener, app).await });
    Ok(address)
}

/// An address at which nobody listens.
async fn free_port() -> Result<SocketAddr> {
    Ok(TcpListener::bind(("127.0.0.1", 0)).await?.local_addr()?)
}
