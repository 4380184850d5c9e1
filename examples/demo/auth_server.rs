//! The auth server: Better Auth where it is installed, and the one of `testing` otherwise.

use std::{error::Error, sync::Arc};

use reqwest::Client;
use serde_json::{Value, json};
use tokio::sync::Mutex;
use tower_better_auth::testing::{self, Fault};

use super::node::{Missing, Node};

pub(crate) enum AuthServer {
    Node {
        node: Arc<Mutex<Node>>,
        url: String,
        admin: Box<Admin>,
    },
    MadeUp {
        server: testing::AuthServer,
        missing: Missing,
    },
}

impl AuthServer {
    /// `origin` is that of the app, from which browsers call it.
    pub(crate) async fn start(origin: &str) -> Result<Self, Box<dyn Error>> {
        match Node::find() {
            Ok(found) => {
                let node = Node::start(found, origin).await?;
                let url = node.url().to_owned();
                let admin = Admin::sign_up(&url, origin).await?;
                Ok(Self::Node {
                    node: Arc::new(Mutex::new(node)),
                    url,
                    admin: Box::new(admin),
                })
            }
            Err(missing) => {
                let server = testing::AuthServer::start().await;
                server.trust_origin(origin);
                Ok(Self::MadeUp { server, missing })
            }
        }
    }

    pub(crate) fn url(&self) -> &str {
        match self {
            Self::Node { url, .. } => url,
            Self::MadeUp { server, .. } => server.url(),
        }
    }

    /// What a reader of the page should know.
    pub(crate) fn note(&self) -> Option<String> {
        match self {
            Self::Node { .. } => None,
            Self::MadeUp { missing, .. } => Some(format!(
                "This is not Better Auth, but the server that tests use: {missing}"
            )),
        }
    }

    pub(crate) async fn make_admin(&self, user_id: &str) -> Result<(), Box<dyn Error>> {
        match self {
            Self::Node { admin, .. } => admin.promote(user_id).await,
            Self::MadeUp { server, .. } => {
                server.change_user(user_id, |user| user.role = Some("admin".to_owned()));
                Ok(())
            }
        }
    }

    /// Brings it down, as a crash does. Who is signed in is in its database.
    pub(crate) async fn stop(&self) {
        match self {
            Self::Node { node, .. } => node.lock().await.stop(),
            Self::MadeUp { server, .. } => server.fail_with(Fault::Refused),
        }
    }

    pub(crate) async fn resume(&self) -> Result<(), Box<dyn Error>> {
        match self {
            Self::Node { node, .. } => node.lock().await.resume().await,
            Self::MadeUp { server, .. } => {
                server.recover();
                Ok(())
            }
        }
    }
}

/// The first admin of the server, whom the demo signs up so that there is somebody to make others admins.
pub(crate) struct Admin {
    client: Client,
    base: String,
    origin: String,
}

impl Admin {
    async fn sign_up(url: &str, origin: &str) -> Result<Self, Box<dyn Error>> {
        let admin = Self {
            // Seldom used: Node would have closed a connection that waited.
            client: Client::builder()
                .cookie_store(true)
                .no_proxy()
                .pool_max_idle_per_host(0)
                .build()?,
            base: format!("{url}/api/auth"),
            origin: origin.to_owned(),
        };
        // The server makes admins of those whose address begins so.
        let email = format!("admin-{}@demo.example", super::node::random());
        let password = super::node::random();
        let user = json!({"name": "The demo", "email": email, "password": password});
        admin.post("/sign-up/email", &user).await?;
        Ok(admin)
    }

    async fn promote(&self, user_id: &str) -> Result<(), Box<dyn Error>> {
        let role = json!({"userId": user_id, "role": "admin"});
        self.post("/admin/set-role", &role).await
    }

    async fn post(&self, path: &str, body: &Value) -> Result<(), Box<dyn Error>> {
        let request = self.client.post(format!("{}{path}", self.base));
        let request = request.header("origin", &self.origin).json(body);
        request.send().await?.error_for_status()?;
        Ok(())
    }
}
