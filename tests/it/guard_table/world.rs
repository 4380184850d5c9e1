//! An auth server on which somebody has all that guards ask for, and somebody else nothing.

use std::sync::Arc;

use axum::{Router, body::Body, routing::get};
use http::Request;
use serde_json::{Value, json};
use tower::util::MapRequestLayer;
use tower_better_auth::{
    BetterAuth, CircuitBreaker, Require, SessionAuth,
    testing::{AuthServer, Fault, SignedIn, UserBuilder, user},
};

use super::{Layer, Situation, rules::Rule};
use crate::support::probe::{Counter, Seen, send};

/// The path parameter that names the organization.
pub(super) const ORGANIZATION: &str = "organization";
/// The header from which the guards of this table learn the client's address.
pub(super) const PEER: &str = "x-peer";

pub(super) struct World {
    server: Arc<AuthServer>,
    auth: BetterAuth,
    ada: SignedIn,
    signed_out: SignedIn,
    banned: SignedIn,
}

/// Everything that any guard asks for.
fn blessed(server: &AuthServer, id: &str) -> UserBuilder {
    server.set_member_role("acme", id, "member,owner");
    server.permit(id, "note", "read");
    server.permit(id, "note", "write");
    server.permit_in("acme", id, "note", "read");
    let session = json!({"ipAddress": "192.0.2.7", "userAgent": "Firefox"});
    user(id)
        .role("admin,editor")
        .field("plan", "pro")
        .field("session", session)
}

/// Nothing of it.
fn cursed() -> UserBuilder {
    let session = json!({
        "createdAt": "2020-01-01T00:00:00.000Z",
        "impersonatedBy": "root",
        "ipAddress": "192.0.2.8",
        "userAgent": "Chrome",
    });
    user("eve")
        .role("user")
        .field("emailVerified", false)
        .field("session", session)
}

impl World {
    pub(super) async fn new() -> Self {
        let server = Arc::new(AuthServer::start().await);
        let ada = server.sign_in(blessed(&server, "ada"));
        let signed_out = server.sign_in(blessed(&server, "ada"));
        server.revoke(&signed_out);
        let banned = server.sign_in(blessed(&server, "mallory").banned());
        Self {
            auth: handle(server.url()),
            server,
            ada,
            signed_out,
            banned,
        }
    }

    /// What the client sees, how often the handler ran, and how many calls were made.
    pub(super) async fn visit(
        &self,
        rule: Rule,
        situation: Situation,
        layer: Layer,
    ) -> (Seen, usize, usize) {
        let eve = self.server.sign_in(cursed());
        let (owner, visitor) = match situation {
            Situation::Anonymous => ("ada", None),
            Situation::SignedOut => ("ada", Some(&self.signed_out)),
            Situation::Banned => ("mallory", Some(&self.banned)),
            Situation::Denied => ("ada", Some(&eve)),
            Situation::Allowed
            | Situation::Unavailable
            | Situation::LayerMissing
            | Situation::LayerInside => ("ada", Some(&self.ada)),
        };
        let mut request = Request::get(format!("/{owner}/acme"))
            .header(PEER, "192.0.2.7")
            .header("user-agent", "Firefox");
        if let Some(visitor) = visitor {
            request = request.header("cookie", visitor.cookie());
        }
        if situation == Situation::Unavailable {
            self.server.fail_with(Fault::DatabaseDown);
        }
        let (app, runs) = self.app(rule, situation, layer, eve);
        let before = self.server.requests().len();
        let seen = send(app, request.body(Body::empty()).unwrap()).await;
        self.server.recover();
        let calls = self.server.requests().len() - before;
        (seen, runs.get(), calls)
    }

    fn app(
        &self,
        rule: Rule,
        situation: Situation,
        layer: Layer,
        eve: SignedIn,
    ) -> (Router, Counter) {
        let runs = Counter::default();
        let counter = runs.clone();
        let handler = get(async move || counter.increment());
        let route = |handler| Router::new().route("/{user_id}/{organization}", handler);
        let guard = rule.require();
        let app = match situation {
            Situation::LayerMissing => route(handler.route_layer(guard)),
            Situation::LayerInside => route(handler).layer(self.session_auth(layer)).layer(guard),
            _ => route(self.behind(rule, guard, handler, eve)).layer(self.session_auth(layer)),
        };
        (app, runs)
    }

    /// Only `live` sees that `eve` signs out between the layer and the guard.
    fn behind(
        &self,
        rule: Rule,
        guard: Require,
        handler: axum::routing::MethodRouter,
        eve: SignedIn,
    ) -> axum::routing::MethodRouter {
        let handler = handler.route_layer(guard);
        if rule != Rule::Live {
            return handler;
        }
        let server = Arc::clone(&self.server);
        handler.route_layer(MapRequestLayer::new(move |request: Request<Body>| {
            server.revoke(&eve);
            request
        }))
    }

    fn session_auth(&self, layer: Layer) -> SessionAuth {
        let required = SessionAuth::new(self.auth.clone());
        match layer {
            Layer::Required => required,
            Layer::Optional => required.optional(),
        }
    }
}

/// The server knows no browsers, addresses or old sessions: a user brings the fields of the session along.
fn handle(url: &str) -> BetterAuth {
    let builder = BetterAuth::builder(url)
        .circuit_breaker(CircuitBreaker::off())
        .decode_with(|body| {
            let mut answer: Value = serde_json::from_slice(body)?;
            if let Some(Value::Object(fields)) = answer.pointer("/user/session").cloned() {
                answer["session"].as_object_mut().unwrap().extend(fields);
            }
            Ok(serde_json::from_value(answer)?)
        });
    builder.build().unwrap()
}
