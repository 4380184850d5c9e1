//! The calls of a check, and what is made of their answers.

use std::time::{Duration, SystemTime};

use tokio::time::Instant;

use super::{
    CheckError, CheckErrorKind, Diagnosis, Warning, WarningKind,
    cookie_name::{self, CookieName},
    judge::{self, Base, Seen},
};
use crate::{
    better_auth::BetterAuth,
    client::{Client, Probe},
    credential::Acceptance,
    observe,
    validate::Validator,
};

/// Where Better Auth servers are found when they are not where they were looked for.
const USUAL_BASE_PATHS: [&str; 4] = ["/api/auth", "/auth", "/api/v1/auth", "/api/better-auth"];

/// Sessions last for days, and `fresh` guards ask for minutes.
const CLOCK_TOLERANCE: Duration = Duration::from_secs(30);

impl BetterAuth {
    /// Asks the auth server whether sessions can be checked with it, and says what is wrong and what to do. For the start
    /// of a service.
    ///
    /// One to six calls, with no credential of anybody, all of them within one
    /// [`deadline`](crate::BetterAuthBuilder::deadline): a session check, which has to answer `null`; Better Auth's `/ok`;
    /// and a sign-out without a session, which ends nothing and says what the cookies are called. That one is sent only to
    /// a server that answered `/ok` as Better Auth does, and hooks of that server see it. Nothing is retried, and breaker,
    /// pause and cache neither hold a check up nor learn from it: they go by what happens to users.
    ///
    /// What is worth a warning and no more is logged, and stands in [`Diagnosis::warnings`]: a rate limiter that refuses,
    /// a clock that is off, a cookie name that could not be learnt. The limiter cannot be seen before it refuses; see the
    /// [guide](crate::guide::operating).
    ///
    /// # Errors
    ///
    /// [`CheckError`] when sessions cannot be checked. Where it [is transient](CheckError::is_transient), the auth
    /// server may just not be up yet.
    ///
    /// # Panics
    ///
    /// When polled outside a Tokio runtime, or in one without a timer.
    ///
    /// # Examples
    ///
    /// Starts also when the auth server is not up yet, and not when a setting is wrong:
    ///
    /// ```
    /// use tower_better_auth::{BetterAuth, CheckError};
    ///
    /// async fn checked(auth: &BetterAuth) -> Result<(), CheckError> {
    ///     match auth.check().await {
    ///         Err(error) if error.is_transient() => eprintln!("starting without the auth server: {error}"),
    ///         result => drop(result?),
    ///     }
    ///     Ok(())
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use tower_better_auth::testing::AuthServer;
    ///
    /// let server = AuthServer::start().await;
    /// checked(&BetterAuth::new(server.url())?).await?;
    ///
    /// let error = BetterAuth::new(format!("{}/auth", server.url()))?.check().await.unwrap_err();
    /// assert!(error.to_string().ends_with(
    ///     "/auth/get-session answers 404 Not Found, and a Better Auth server answers at `/api/auth`: \
    ///      let the URL end with that path, or set `base_path` to it"
    /// ));
    /// # Ok(())
    /// # }
    /// ```
    pub async fn check(&self) -> Result<Diagnosis, CheckError> {
        let diagnosis = check(&self.validator()).await?;
        for warning in &diagnosis.warnings {
            observe::advice(warning);
        }
        Ok(diagnosis)
    }
}

async fn check(validator: &Validator) -> Result<Diagnosis, CheckError> {
    let (client, begun) = (validator.client(), Instant::now());
    let end = client.end_of_check(begun);
    let (url, base_path) = (
        client.questions().session_url(),
        client.questions().base_path(),
    );

    let answer = client.probe(Probe::Session, end).await;
    let round_trip = begun.elapsed();
    let seen = judge::see(answer.as_ref(), &url, client.decoder());
    let mut warnings = Vec::new();
    if seen == Seen::RateLimited {
        warnings.push(rate_limited(validator));
    }
    let base = find_base(client, &seen, end).await;
    judge::conclude(seen, base, &url, base_path)?;

    let clock_skew = answer
        .ok()
        .and_then(|response| judge::clock_skew(response.headers(), SystemTime::now()));
    warnings.extend(
        clock_skew
            .filter(|skew| *skew > CLOCK_TOLERANCE)
            .map(clock_is_off),
    );
    let session_cookie = match learn_cookie_name(validator, base, end).await {
        CookieName::Fits(name) => Some(name),
        CookieName::Differs(message) if accepts_no_more_than_cookies(validator) => {
            return Err(CheckError::new(CheckErrorKind::CookieName, message));
        }
        CookieName::Differs(message) => {
            warnings.push(Warning::new(WarningKind::CookieName, message));
            None
        }
        CookieName::Unknown => {
            warnings.push(name_is_unknown());
            None
        }
    };
    Ok(Diagnosis {
        round_trip,
        session_cookie,
        clock_skew,
        warnings,
    })
}

async fn find_base(client: &Client, seen: &Seen, end: Instant) -> Base {
    if matches!(seen, Seen::Wrong(..)) {
        return Base::Nowhere;
    }
    match client.probe(Probe::Ok { base_path: None }, end).await {
        Ok(response) if judge::is_ok(&response) => return Base::Configured,
        Ok(response) if judge::is_refusal(response.status()) => return Base::Refused,
        _ if !matches!(seen, Seen::Stranger(_) | Seen::BadRequest(_)) => return Base::Nowhere,
        _ => {}
    }
    for path in USUAL_BASE_PATHS {
        let base_path = Some(path).filter(|path| *path != client.questions().base_path());
        if base_path.is_none() {
            continue;
        }
        let answer = client.probe(Probe::Ok { base_path }, end).await;
        if answer.is_ok_and(|response| judge::is_ok(&response)) {
            return Base::At(path);
        }
    }
    Base::Nowhere
}

async fn learn_cookie_name(validator: &Validator, base: Base, end: Instant) -> CookieName {
    if base != Base::Configured {
        return CookieName::Unknown;
    }
    match validator.client().probe(Probe::SignOut, end).await {
        Ok(response) => cookie_name::read(response.headers(), &validator.policy.cookies),
        Err(_) => CookieName::Unknown,
    }
}

fn accepts_no_more_than_cookies(validator: &Validator) -> bool {
    let policy = &validator.policy;
    [policy.bearer, policy.api_key] == [Acceptance::Ignored; 2]
}

fn rate_limited(validator: &Validator) -> Warning {
    let client_ip = match validator.client_ip {
        Some(_) => "",
        None => ", or set `client_ip`, so that not all users share one budget",
    };
    let message = format!(
        "the auth server's rate limiter refuses calls at this moment, so that sessions cannot be checked: exempt this \
         service with `customRules: {{ \"/get-session\": false }}`{client_ip}"
    );
    Warning::new(WarningKind::RateLimited, message)
}

fn clock_is_off(skew: Duration) -> Warning {
    let message = format!(
        "the auth server's clock and this machine's are {skew:?} apart, and the end of a session is read on this machine's: \
         synchronise both"
    );
    Warning::new(WarningKind::ClockSkew, message)
}

fn name_is_unknown() -> Warning {
    Warning::new(
        WarningKind::CookieNameUnknown,
        "what the auth server calls its session cookie could not be learnt: compare `cookie_prefix` with the auth server's \
         `advanced.cookiePrefix`, and sign in once",
    )
}
