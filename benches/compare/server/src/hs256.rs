//! Verification of an HS256 JSON Web Token in an extractor, as in axum's own example `jwt`.

use std::sync::Arc;

use axum::{
    RequestPartsExt, Router,
    extract::{FromRef, FromRequestParts},
    http::{StatusCode, request::Parts},
    routing::get,
};
use axum_extra::{
    TypedHeader,
    headers::{Authorization, authorization::Bearer},
};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::Deserialize;

pub fn app(secret: &str) -> Router {
    let verifier = Verifier {
        key: DecodingKey::from_secret(secret.as_bytes()),
        validation: Validation::new(Algorithm::HS256),
    };
    Router::new()
        .route("/me", get(me))
        .with_state(Arc::new(verifier))
}

struct Verifier {
    key: DecodingKey,
    validation: Validation,
}

/// What Better Auth says of a user, as claims.
#[derive(Deserialize)]
#[allow(dead_code)]
struct Claims {
    sub: String,
    name: String,
    email: String,
    role: String,
    exp: u64,
}

impl<S> FromRequestParts<S> for Claims
where
    Arc<Verifier>: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = StatusCode;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, StatusCode> {
        let verifier = Arc::<Verifier>::from_ref(state);
        let TypedHeader(Authorization(bearer)) = parts
            .extract::<TypedHeader<Authorization<Bearer>>>()
            .await
            .map_err(|_| StatusCode::UNAUTHORIZED)?;
        let token =
            jsonwebtoken::decode::<Self>(bearer.token(), &verifier.key, &verifier.validation)
                .map_err(|_| StatusCode::UNAUTHORIZED)?;
        Ok(token.claims)
    }
}

async fn me(claims: Claims) -> String {
    claims.sub
}
