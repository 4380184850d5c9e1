//! The same route behind a JSON Web Token, verified with jsonwebtoken in an extractor.

use std::sync::Arc;

use axum::{
    Router,
    extract::{FromRef, FromRequestParts},
    routing::get,
};
use http::{StatusCode, header, request::Parts};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};

use super::USER_ID;

pub(crate) const HS256: Algorithm = Algorithm::HS256;
pub(crate) const EDDSA: Algorithm = Algorithm::EdDSA;

const SECRET: &[u8] = b"a-secret-of-thirty-two-bytes-123";

#[derive(Serialize, Deserialize)]
struct Claims {
    sub: String,
    email: String,
    name: String,
    role: String,
    exp: u64,
}

#[derive(Clone)]
struct Verifier(Arc<(DecodingKey, Validation)>);

pub(crate) fn router(algorithm: Algorithm) -> Router {
    let verifier = Verifier(Arc::new((verifying(algorithm), Validation::new(algorithm))));
    Router::new()
        .route("/", get(|claims: Claims| async { claims.sub }))
        .with_state(verifier)
}

/// An `Authorization` header that is accepted.
pub(crate) fn bearer(algorithm: Algorithm) -> String {
    let claims = Claims {
        sub: USER_ID.to_owned(),
        email: "ada@example.com".to_owned(),
        name: "Ada Lovelace".to_owned(),
        role: "admin".to_owned(),
        exp: 32_472_144_000,
    };
    let token = jsonwebtoken::encode(&Header::new(algorithm), &claims, &signing(algorithm));
    format!("Bearer {}", token.expect("a token"))
}

impl<S: Send + Sync> FromRequestParts<S> for Claims
where
    Verifier: FromRef<S>,
{
    type Rejection = StatusCode;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, StatusCode> {
        let Verifier(verifier) = Verifier::from_ref(state);
        let header = parts.headers.get(header::AUTHORIZATION);
        let token = header.and_then(|header| header.to_str().ok()?.strip_prefix("Bearer "));
        let token = token.ok_or(StatusCode::UNAUTHORIZED)?;
        let (key, validation) = &*verifier;
        match jsonwebtoken::decode(token, key, validation) {
            Ok(token) => Ok(token.claims),
            Err(_) => Err(StatusCode::UNAUTHORIZED),
        }
    }
}

fn signing(algorithm: Algorithm) -> EncodingKey {
    match algorithm {
        Algorithm::EdDSA => EncodingKey::from_ed_der(ED25519),
        _ => EncodingKey::from_secret(SECRET),
    }
}

fn verifying(algorithm: Algorithm) -> DecodingKey {
    match algorithm {
        Algorithm::EdDSA => DecodingKey::from_ed_der(ED25519_PUBLIC),
        _ => DecodingKey::from_secret(SECRET),
    }
}

/// A key pair made up for this benchmark, as PKCS #8.
#[rustfmt::skip]
const ED25519: &[u8] = &[
    0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20, 0xf9, 0xb4, 0x6f, 0xc6, 0xfd, 0x9d, 0x4e, 0x21, 0xc5, 0xc0, 0x23, 0x90, 0xe7, 0x2f, 0xd8, 0xcb, 0xfa, 0xe9, 0xe5, 0x65, 0x13, 0xba, 0x00, 0xd0, 0xfc, 0x26, 0x80, 0xf0, 0xae, 0x88, 0xf9, 0x01,
];
#[rustfmt::skip]
const ED25519_PUBLIC: &[u8] = &[
    0xc9, 0xa4, 0x68, 0xe8, 0x76, 0x82, 0x62, 0xde, 0x33, 0xc1, 0xc0, 0x29, 0xe5, 0xe3, 0xf5, 0xa1, 0x84, 0x02, 0x52, 0xd5, 0x73, 0xc6, 0x10, 0x93, 0xc1, 0x6e, 0x4c, 0x5a, 0xe0, 0x25, 0xb0, 0x22,
];
