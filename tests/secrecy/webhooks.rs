//! Webhooks: signed with the secret, signed too long ago, and signed by somebody else.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::body::Body;
use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use http::Request;
use serde_json::json;
use sha2::Sha256;
use tower::Service;
use tower_better_auth::{BetterAuth, webhooks::Revocations};

use super::{
    acts::House,
    seen::{Own, Seen},
};

const SECRET: &str = "whsec_d2ViaG9vayBzZWNyZXQgb2YgdGhlIHBsdWdpbg==";
const STRANGERS_SECRET: &str = "whsec_c29tZWJvZHkgZWxzZSBtYWRlIHRoaXMgb25lIHVw";

pub(crate) fn receiver(auth: &BetterAuth) -> Revocations {
    auth.revocations(SECRET).unwrap()
}

impl House<'_> {
    pub(crate) async fn webhooks(&self) {
        for (secret, part) in [(SECRET, 6..), (SECRET, 20..), (STRANGERS_SECRET, 8..)] {
            self.seen.keep(secret);
            let mistake = self.auth.revocations(&secret[part]);
            self.seen.error(&mistake.unwrap_err());
        }
        let hour = Duration::from_secs(3600);
        let now = SystemTime::now();
        for (secret, at) in [(SECRET, now), (SECRET, now - hour), (STRANGERS_SECRET, now)] {
            let request = webhook(secret, at, self.phone.session_id(), self.seen);
            let call = receiver(&self.auth).call(request);
            self.seen.debug(&call);
            self.seen
                .response(call.await.unwrap(), &Own::default())
                .await;
            let request = webhook(secret, at, self.phone.session_id(), self.seen);
            let response = self.send(request).await;
            self.seen.response(response, &Own::default()).await;
        }
    }
}

/// A message as the plugin sends it, whose signature is a secret as well.
fn webhook(secret: &str, at: SystemTime, session_id: &str, seen: &Seen) -> Request<Body> {
    let data = json!({"sessionId": session_id, "userId": "grace"});
    let body =
        json!({"type": "session.revoked", "timestamp": "2026-11-20T09:32:22.106Z", "data": data});
    let (id, body) = (format!("msg_{session_id}"), body.to_string());
    let seconds = at.duration_since(UNIX_EPOCH).unwrap().as_secs();
    let key = STANDARD
        .decode(secret.strip_prefix("whsec_").unwrap())
        .unwrap();
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
    mac.update(format!("{id}.{seconds}.{body}").as_bytes());
    let signature = STANDARD.encode(mac.finalize().into_bytes());
    seen.keep(signature.as_str());
    Request::post("/hooks")
        .header("webhook-id", id)
        .header("webhook-timestamp", seconds)
        .header("webhook-signature", format!("v1,{signature}"))
        .body(Body::from(body))
        .unwrap()
}
