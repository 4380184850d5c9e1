//! The same route behind axum-login, with its memory store.

use std::{collections::HashMap, convert::Infallible, sync::Arc};

use axum::{Router, body::Body, routing::get};
use axum_login::{
    AuthManagerLayerBuilder, AuthUser, AuthnBackend, tower_sessions::SessionManagerLayer,
};
use http::{Request, StatusCode, header};
use tower::ServiceExt;
use tower_sessions::MemoryStore;

use super::USER_ID;

#[derive(Clone, Debug)]
struct User {
    id: String,
    hash: Vec<u8>,
}

impl AuthUser for User {
    type Id = String;

    fn id(&self) -> String {
        self.id.clone()
    }

    fn session_auth_hash(&self) -> &[u8] {
        &self.hash
    }
}

#[derive(Clone)]
struct Users(Arc<HashMap<String, User>>);

impl AuthnBackend for Users {
    type User = User;
    type Credentials = String;
    type Error = Infallible;

    async fn authenticate(&self, id: String) -> Result<Option<User>, Infallible> {
        Ok(self.0.get(&id).cloned())
    }

    async fn get_user(&self, id: &String) -> Result<Option<User>, Infallible> {
        Ok(self.0.get(id).cloned())
    }
}

type Session = axum_login::AuthSession<Users>;

/// The application, and the cookie of a session that has signed in there.
pub(crate) async fn signed_in() -> (Router, String) {
    let user = User {
        id: USER_ID.to_owned(),
        hash: vec![7; 32],
    };
    let users = Users(Arc::new([(user.id.clone(), user)].into()));
    let sessions = SessionManagerLayer::new(MemoryStore::default()).with_secure(false);
    let app = Router::new()
        .route("/", get(me))
        .route("/sign-in", get(sign_in))
        .layer(AuthManagerLayerBuilder::new(users, sessions).build());
    let request = Request::get("/sign-in").body(Body::empty());
    let response = app.clone().oneshot(request.expect("a request")).await;
    let response = response.expect("an answer");
    let cookie = response.headers()[header::SET_COOKIE].to_str();
    let pair = cookie.expect("text").split(';').next();
    (app, pair.expect("a cookie").to_owned())
}

async fn me(session: Session) -> Result<String, StatusCode> {
    let user = session.user.ok_or(StatusCode::UNAUTHORIZED)?;
    Ok(user.id)
}

async fn sign_in(mut session: Session) -> StatusCode {
    let user = session.authenticate(USER_ID.to_owned()).await;
    let user = user.expect("infallible").expect("the user");
    match session.login(&user).await {
        Ok(()) => StatusCode::OK,
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR,
    }
}
