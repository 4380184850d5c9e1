//! axum-login with its guard and the memory store of tower-sessions, as in its own examples. `POST /sign-in` with the id
//! of a user as body signs them in.

use std::{
    collections::HashMap,
    convert::Infallible,
    sync::{Arc, RwLock},
};

use axum::{
    Router,
    http::StatusCode,
    routing::{get, post},
};
use axum_login::{AuthManagerLayerBuilder, AuthUser, AuthnBackend, login_required};
use tower_sessions::{MemoryStore, SessionManagerLayer};

pub fn app() -> Router {
    let sessions = SessionManagerLayer::new(MemoryStore::default()).with_secure(false);
    let layer = AuthManagerLayerBuilder::new(Backend::default(), sessions).build();
    Router::new()
        .route("/me", get(me))
        .route_layer(login_required!(Backend))
        .route("/sign-in", post(sign_in))
        .layer(layer)
}

type AuthSession = axum_login::AuthSession<Backend>;

#[derive(Clone, Debug)]
struct User {
    id: String,
    password_hash: Arc<[u8]>,
}

impl AuthUser for User {
    type Id = String;

    fn id(&self) -> String {
        self.id.clone()
    }

    fn session_auth_hash(&self) -> &[u8] {
        &self.password_hash
    }
}

/// The users in memory, which costs less than any database.
#[derive(Clone, Default)]
struct Backend {
    users: Arc<RwLock<HashMap<String, User>>>,
}

impl AuthnBackend for Backend {
    type User = User;
    type Credentials = String;
    type Error = Infallible;

    /// Signs everybody up.
    async fn authenticate(&self, id: String) -> Result<Option<User>, Infallible> {
        let user = User {
            id: id.clone(),
            password_hash: Arc::from(id.as_bytes()),
        };
        let mut users = self.users.write().expect("nothing panics while it is held");
        users.insert(id, user.clone());
        Ok(Some(user))
    }

    async fn get_user(&self, id: &String) -> Result<Option<User>, Infallible> {
        let users = self.users.read().expect("nothing panics while it is held");
        Ok(users.get(id).cloned())
    }
}

async fn sign_in(mut auth: AuthSession, id: String) -> Result<(), StatusCode> {
    let user = auth.authenticate(id).await;
    let user = user.ok().flatten().ok_or(StatusCode::UNAUTHORIZED)?;
    auth.login(&user)
        .await
        .map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)
}

async fn me(auth: AuthSession) -> Result<String, StatusCode> {
    let user = auth.user.ok_or(StatusCode::UNAUTHORIZED)?;
    Ok(user.id)
}
