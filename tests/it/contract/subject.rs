//! A Better Auth server, real or not, and what a test does to it behind its back.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode, header};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::ServiceExt;
use tower_better_auth::{
    BetterAuth,
    testing::{AuthServer, Fault, SignedIn, user},
};

use crate::support::node::{self, BetterAuthServer, Database, Jar};

/// Somebody signed in, and their session cookie.
pub(crate) struct Person {
    pub(crate) user_id: String,
    pub(crate) token: String,
    /// The `Cookie` line with the session cookie.
    pub(crate) cookie: String,
    fake: Option<SignedIn>,
    real: Option<node::SignedIn>,
}

impl Person {
    /// What stands in the session cookie.
    pub(crate) fn value(&self) -> &str {
        let (_, value) = self.cookie.split_once('=').unwrap();
        value
    }
}

pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

pub(crate) enum Subject {
    Real(BetterAuthServer),
    Fake(AuthServer, Way),
}

pub(crate) enum Way {
    Socket,
    InProcess,
}

impl Subject {
    pub(crate) fn real() -> Self {
        Self::Real(BetterAuthServer::start(json!({})))
    }

    pub(crate) async fn on_a_socket() -> Self {
        Self::Fake(AuthServer::start().await, Way::Socket)
    }

    pub(crate) fn in_process() -> Self {
        Self::Fake(AuthServer::in_process(), Way::InProcess)
    }

    pub(crate) fn origin(&self) -> &str {
        match self {
            Self::Real(server) => server.url(),
            Self::Fake(server, _) => server.url(),
        }
    }

    /// A handle that asks it in the way in which it is asked.
    pub(crate) fn handle(&self) -> BetterAuth {
        match self {
            Self::Fake(server, Way::InProcess) => server.builder().build().unwrap(),
            Self::Real(_) | Self::Fake(_, Way::Socket) => BetterAuth::new(self.origin()).unwrap(),
        }
    }

    /// Sends a request below `/api/auth` as it is.
    pub(crate) async fn send(&self, mut request: Request<Bytes>) -> Answer {
        let uri = format!("{}/api/auth{}", self.origin(), request.uri());
        *request.uri_mut() = uri.parse().unwrap();
        if let Self::Fake(server, Way::InProcess) = self {
            let response = server.transport().oneshot(request).await.unwrap();
            let (head, body) = response.into_parts();
            return Answer {
                status: head.status,
                headers: head.headers,
                body: body.collect().await.unwrap().to_bytes(),
            };
        }
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let request = reqwest::Request::try_from(request).unwrap();
        let response = client.execute(request).await.unwrap();
        Answer {
            status: response.status(),
            headers: response.headers().clone(),
            body: response.bytes().await.unwrap(),
        }
    }

    pub(crate) async fn get(&self, path: &str, cookie: Option<&str>) -> Answer {
        let mut request = Request::get(path);
        if let Some(cookie) = cookie {
            request = request.header(header::COOKIE, cookie);
        }
        self.send(request.body(Bytes::new()).unwrap()).await
    }

    /// With an origin that the server knows.
    pub(crate) async fn post(&self, path: &str, cookie: &str, body: &Value) -> Answer {
        let mut request = Request::new(Bytes::from(body.to_string()));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = path.parse().unwrap();
        let headers = request.headers_mut();
        if !cookie.is_empty() {
            headers.insert(header::COOKIE, cookie.parse().unwrap());
        }
        headers.insert(header::ORIGIN, self.origin().parse().unwrap());
        let json = HeaderValue::from_static("application/json");
        headers.insert(header::CONTENT_TYPE, json);
        self.send(request).await
    }

    pub(crate) async fn sign_up(&self, name: &str) -> Person {
        match self {
            Self::Real(server) => server.sign_up(name).await.into(),
            Self::Fake(server, _) => {
                let role = match name {
                    "admin" => "admin",
                    _ => "user",
                };
                server.sign_in(user(name).role(role)).into()
            }
        }
    }

    /// A further session of the same user.
    pub(crate) async fn sign_in_again(&self, person: &Person) -> Person {
        match self {
            Self::Real(server) => {
                let user = person.real.as_ref().expect("a person of a real server");
                server.sign_in(user, Jar::default()).await.into()
            }
            Self::Fake(server, _) => server.sign_in(user(&person.user_id)).into(),
        }
    }

    /// Moves a sign-in so far into the past.
    pub(crate) async fn age(&self, person: &Person, age: Duration) {
        let then = SystemTime::now() - age;
        match self {
            Self::Real(server) => {
                let then = humantime::format_rfc3339_millis(then).to_string();
                let then = json!({"createdAt": then});
                server.update("session", by_token(person), then).await;
            }
            Self::Fake(server, _) => {
                server.change_session(person.fake(), |session| session.created_at = Some(then));
            }
        }
    }

    /// The value of a session cookie, well signed, for a token that nobody has.
    pub(crate) async fn signed_for_nobody(&self) -> String {
        match self {
            Self::Real(server) => server.sign("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA").await,
            Self::Fake(server, _) => {
                let nobody = server.sign_in(user("nobody"));
                server.revoke(&nobody);
                Person::from(nobody).value().to_owned()
            }
        }
    }

    pub(crate) async fn revoke(&self, person: &Person) {
        match self {
            Self::Real(server) => server.delete("session", by_token(person)).await,
            Self::Fake(server, _) => server.revoke(person.fake()),
        }
    }

    /// Leaves so much of a session.
    pub(crate) async fn leave(&self, person: &Person, rest: Duration) {
        let end = SystemTime::now() + rest;
        match self {
            Self::Real(server) => {
                let end = humantime::format_rfc3339_millis(end).to_string();
                let end = json!({"expiresAt": end});
                server.update("session", by_token(person), end).await;
            }
            Self::Fake(server, _) => {
                server.change_session(person.fake(), |session| session.expires_at = end);
            }
        }
    }

    pub(crate) async fn expire(&self, person: &Person) {
        match self {
            Self::Real(server) => {
                let past = json!({"expiresAt": "2020-01-01T00:00:00.000Z"});
                server.update("session", by_token(person), past).await;
            }
            Self::Fake(server, _) => server.expire(person.fake()),
        }
    }

    pub(crate) async fn delete_user(&self, person: &Person) {
        match self {
            Self::Real(server) => server.delete("user", by_id(person)).await,
            Self::Fake(server, _) => server.delete_user(&person.user_id),
        }
    }

    pub(crate) async fn ban_in_the_database(&self, person: &Person) {
        match self {
            Self::Real(server) => {
                let banned = json!({"banned": true});
                server.update("user", by_id(person), banned).await;
            }
            Self::Fake(server, _) => server.change_user(&person.user_id, |user| user.banned = true),
        }
    }

    pub(crate) async fn set_role(&self, person: &Person, role: &str) {
        match self {
            Self::Real(server) => {
                let role = json!({"role": role});
                server.update("user", by_id(person), role).await;
            }
            Self::Fake(server, _) => {
                server.change_user(&person.user_id, |user| user.role = Some(role.to_owned()));
            }
        }
    }

    pub(crate) async fn break_the_database(&self) {
        match self {
            Self::Real(server) => server.database(Database::Throw).await,
            Self::Fake(server, _) => server.fail_with(Fault::DatabaseDown),
        }
    }

    pub(crate) async fn mend_the_database(&self) {
        match self {
            Self::Real(server) => server.database(Database::Ok).await,
            Self::Fake(server, _) => server.recover(),
        }
    }

    /// Founds an organization with that owner, who may update it there; an admin may list users everywhere. Gives its id.
    pub(crate) async fn found(&self, owner: &Person) -> String {
        match self {
            Self::Real(_) => {
                let body = json!({"name": "Acme", "slug": "acme"});
                let founded = self
                    .post("/organization/create", &owner.cookie, &body)
                    .await;
                founded.json()["id"].as_str().unwrap().to_owned()
            }
            Self::Fake(server, _) => {
                server.set_member_role("acme", &owner.user_id, "owner");
                server.permit_in("acme", &owner.user_id, "organization", "update");
                server.permit("admin", "user", "list");
                "acme".to_owned()
            }
        }
    }

    /// A session that is not to be remembered, and all its cookies.
    pub(crate) async fn sign_in_for_a_day(&self) -> String {
        let user = json!({"email": "short@example.com", "password": "correct horse", "name": "s"});
        let signed_up = self.post("/sign-up/email", "", &user).await;
        assert_eq!(signed_up.status, 200);
        let form =
            json!({"email": "short@example.com", "password": "correct horse", "rememberMe": false});
        let signed_in = self.post("/sign-in/email", "", &form).await;
        assert_eq!(signed_in.status, 200);
        let pairs = signed_in.set_cookies().into_iter();
        let pairs = pairs.map(|line| line.split(';').next().unwrap().to_owned());
        pairs.collect::<Vec<_>>().join("; ")
    }
}

fn by_token(person: &Person) -> Value {
    json!({"token": person.token})
}

fn by_id(person: &Person) -> Value {
    json!({"id": person.user_id})
}

impl Person {
    fn fake(&self) -> &SignedIn {
        self.fake.as_ref().expect("a person of a fake server")
    }
}

impl From<node::SignedIn> for Person {
    fn from(person: node::SignedIn) -> Self {
        Self {
            cookie: format!("better-auth.session_token={}", person.session_token()),
            token: person.token.clone(),
            fake: None,
            user_id: person.user_id.clone(),
            real: Some(person),
        }
    }
}

impl From<SignedIn> for Person {
    fn from(person: SignedIn) -> Self {
        let cookie = person.cookie().to_str().unwrap().to_owned();
        let (_, value) = cookie.split_once('=').unwrap();
        let (token, _) = value.split_once('.').unwrap();
        Self {
            user_id: person.user_id().to_owned(),
            token: token.to_owned(),
            cookie,
            fake: Some(person),
            real: None,
        }
    }
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        assert_eq!(self.headers[header::CONTENT_TYPE], "application/json");
        serde_json::from_slice(&self.body).unwrap()
    }

    /// Status and `code`.
    pub(crate) fn refusal(&self) -> String {
        let body: Value = serde_json::from_slice(&self.body).unwrap_or_default();
        let code = body["code"].as_str().unwrap_or_default();
        format!("{} {code}", self.status.as_u16())
            .trim_end()
            .to_owned()
    }

    /// The lines of `Set-Cookie` that this crate knows, in order.
    pub(crate) fn set_cookies(&self) -> Vec<&str> {
        let lines = self.headers.get_all(header::SET_COOKIE).iter();
        lines
            .map(|line| line.to_str().unwrap())
            .filter(|line| !line.starts_with("better-auth.session_token_multi"))
            .collect()
    }

    /// The session is described, and is that of this user.
    #[track_caller]
    pub(crate) fn assert_session_of(&self, person: &Person) {
        assert_eq!(self.status, StatusCode::OK);
        let body = self.json();
        assert_eq!(body["user"]["id"], person.user_id.as_str(), "{body}");
        assert_eq!(body["session"]["userId"], person.user_id.as_str(), "{body}");
    }

    /// 200 and `null`, with these cookies.
    #[track_caller]
    pub(crate) fn assert_null(&self, set_cookies: &[&str]) {
        assert_eq!(
            (self.status, &self.body[..]),
            (StatusCode::OK, &b"null"[..])
        );
        assert_eq!(self.headers[header::CONTENT_TYPE], "application/json");
        assert_eq!(self.headers[header::CACHE_CONTROL], "no-store");
        assert_eq!(self.set_cookies(), set_cookies);
    }
}

/// What takes a session from the browser.
pub(crate) const DELETED: [&str; 3] = [
    "better-auth.session_token=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax",
    "better-auth.session_data=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax",
    "better-auth.dont_remember=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax",
];
