//! Sessions that end elsewhere, and how soon that is noticed although they are remembered for five minutes.

pub(crate) mod acts;
mod receiver;
mod real_server;
mod sending;
#[cfg(feature = "redis")]
mod watch;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::body::Body;
use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use http::Request;
use serde_json::{Value, json};
use sha2::Sha256;

pub(crate) const TTL: Duration = Duration::from_secs(5 * 60);

/// The secret of the example's server.
pub(crate) const SECRET: &str = "whsec_ZXhhbXBsZSBzZWNyZXQsIG1ha2UgeW91ciBvd24h";

const OTHER_SECRET: &str = "whsec_YW5vdGhlciBzZWNyZXQgb2YgdGhpcnR5LXR3byBieXRlcw==";

/// A message as a sender makes it, by its own reading of the standard.
#[derive(Clone)]
pub(crate) struct Sent {
    id: String,
    at: SystemTime,
    secret: &'static str,
    body: Vec<u8>,
}

impl Sent {
    pub(crate) fn of(kind: &str, data: Value) -> Self {
        let body = json!({"type": kind, "timestamp": "2026-11-20T09:32:22.106Z", "data": data});
        Self {
            id: "msg_1".to_owned(),
            at: SystemTime::now(),
            secret: SECRET,
            body: body.to_string().into_bytes(),
        }
    }

    fn seconds(&self) -> u64 {
        self.at.duration_since(UNIX_EPOCH).unwrap().as_secs()
    }

    fn signature(&self) -> String {
        let key = STANDARD.decode(&self.secret["whsec_".len()..]).unwrap();
        let mut mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
        mac.update(format!("{}.{}.", self.id, self.seconds()).as_bytes());
        mac.update(&self.body);
        format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
    }

    pub(crate) fn request(&self) -> Request<Body> {
        Request::post("/hooks/better-auth")
            .header("webhook-id", &self.id)
            .header("webhook-timestamp", self.seconds())
            .header("webhook-signature", self.signature())
            .body(Body::from(self.body.clone()))
            .unwrap()
    }
}
