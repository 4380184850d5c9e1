//! What the processes of a fleet share.

use std::{sync::Arc, time::Duration};

use super::{BetterAuthBuilder, ConfigError};
use crate::{
    cache::{Hearing, Redis, Scope, Shared, Unusable},
    client::{Decoder, Questions},
};

impl BetterAuthBuilder {
    /// Shares the cache, and what is [invalidated](crate::BetterAuth::invalidate_session), with other processes.
    ///
    /// Needs a [`cache`](Self::cache) in this process, whose ttl then counts from the moment at which the auth server was
    /// asked, by whichever process. See [`Redis`] for its rules, and the [guide](crate::guide::fleet). Off by default.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// use std::{env, time::Duration};
    /// use tower_better_auth::{BetterAuth, Cache, Redis};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let redis = Redis::new(env::var("REDIS_URL")?, env::var("SESSION_CACHE_SECRET")?);
    /// let auth = BetterAuth::builder("http://localhost:3000")
    ///     .cache(Cache::ttl(Duration::from_secs(300)))
    ///     .redis(redis.namespace("shop"))
    ///     .build()?;
    /// # Ok(())
    /// # }
    /// ```
    #[cfg_attr(docsrs, doc(cfg(feature = "redis")))]
    pub fn redis(mut self, redis: Redis) -> Self {
        self.redis = Some(redis);
        self
    }

    pub(super) fn shared(&mut self, questions: &Questions, deadline: Duration) -> SharedParts {
        let Some(redis) = self.redis.take() else {
            return Ok((None, None));
        };
        let Some(cache) = self.cache.filter(|cache| cache.is_on()) else {
            return Err(ConfigError::redis(Unusable::NoCache));
        };
        let scope = Scope {
            address: &questions.session_address(),
            has_own_decoder: matches!(self.decoder, Decoder::Custom(_)),
            ttl: cache.longest(),
            deadline,
        };
        let (shared, hearing) = redis.open(&scope).map_err(ConfigError::redis)?;
        Ok((Some(shared), Some(hearing)))
    }
}

/// The second level, and what the first has to know of it.
pub(super) type SharedParts = Result<(Option<Arc<dyn Shared>>, Option<Arc<Hearing>>), ConfigError>;
