//! The auth server: a real one where Node and the project in `examples/better-auth` are there, else an embedded one.

use std::{path::Path, process::Command};

use reqwest::{
    Client,
    header::{self, HeaderValue},
};
use serde_json::{Value, json};
use tower_better_auth::testing::{AuthServer, user};

use crate::{Result, WEBHOOK_SECRET, child::Process};

pub(crate) enum AuthServerOfTheFleet {
    Real { url: String, _process: Process },
    Embedded(AuthServer),
}

/// Somebody signed in.
pub(crate) struct Member {
    pub(crate) user_id: String,
    pub(crate) cookie: HeaderValue,
}

impl AuthServerOfTheFleet {
    /// `receiver` is where a real one sends what it revokes.
    pub(crate) async fn start(receiver: &str) -> Result<Self> {
        let project = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/better-auth");
        if !project.join("node_modules/better-auth").is_dir() {
            println!(
                "Better Auth is not installed: the auth server is an embedded one, and an app revokes.\n\
                 For the real one: (cd examples/better-auth && npm install)\n"
            );
            return Ok(Self::Embedded(AuthServer::start().await));
        }
        let mut command = Command::new("node");
        command
            .arg("server.mjs")
            .current_dir(project)
            .env("PORT", "0")
            .env("RECEIVERS", receiver)
            .env("REVOCATIONS_SECRET", WEBHOOK_SECRET)
            .env("END_WITH_STDIN", "1");
        let (process, ready) = Process::start(&mut command)?;
        let ready: Value = serde_json::from_str(&ready)?;
        let url = ready["url"].as_str().ok_or("it does not say where it is")?;
        Ok(Self::Real {
            url: url.to_owned(),
            _process: process,
        })
    }

    pub(crate) fn url(&self) -> &str {
        match self {
            Self::Real { url, .. } => url,
            Self::Embedded(server) => server.url(),
        }
    }

    pub(crate) async fn sign_up(&self, http: &Client, name: &str) -> Result<Member> {
        match self {
            Self::Embedded(server) => {
                let session = server.sign_in(user(name));
                Ok(Member {
                    user_id: name.to_owned(),
                    cookie: session.cookie(),
                })
            }
            Self::Real { url, .. } => {
                let account = json!({
                    "name": name,
                    "email": format!("{name}@example.com"),
                    "password": "correct horse battery staple",
                });
                let response = http
                    .post(format!("{url}/api/auth/sign-up/email"))
                    .header(header::ORIGIN, url)
                    .json(&account)
                    .send()
                    .await?
                    .error_for_status()?;
                let cookies = response.headers().get_all(header::SET_COOKIE);
                let pairs = cookies
                    .iter()
                    .filter_map(|line| line.to_str().ok()?.split(';').next());
                let cookie = pairs.collect::<Vec<_>>().join("; ").parse()?;
                let answer: Value = response.json().await?;
                let id = answer["user"]["id"].as_str().ok_or("no user")?;
                Ok(Member {
                    user_id: id.to_owned(),
                    cookie,
                })
            }
        }
    }

    /// Ends the session where sessions live. `service` is a process of the fleet, for a server that tells nobody.
    pub(crate) async fn sign_out(
        &self,
        http: &Client,
        member: &Member,
        service: &str,
    ) -> Result<()> {
        let request = match self {
            Self::Real { url, .. } => http
                .post(format!("{url}/api/auth/sign-out"))
                .header(header::ORIGIN, url)
                .header(header::COOKIE, &member.cookie),
            Self::Embedded(server) => {
                server.revoke_user(&member.user_id);
                http.post(format!("{service}/users/{}/forget", member.user_id))
            }
        };
        request.send().await?.error_for_status()?;
        Ok(())
    }
}
