use std::{fmt, sync::Arc, time::Duration};

use super::{
    connection::{Server, Servers},
    level::Level,
    plan::{Plan, Scope, Unusable},
};
use crate::{
    cache::{Hearing, Shared},
    clock::FOREVER,
};

/// A cache and revocations that the processes of a fleet share in Redis, for
/// [`BetterAuthBuilder::redis`](crate::BetterAuthBuilder::redis).
///
/// 1. A session that one process has asked about need not be asked about by the others: what one of them does not
///    remember costs one round trip to Redis, and the auth server is asked only when nothing is there.
/// 2. [`invalidate_session`](crate::BetterAuth::invalidate_session) and the like reach every process, within
///    milliseconds. No process serves what was asked for before.
/// 3. A process that cannot hear the others, or to which Redis does not answer, believes what it remembers for
///    [`isolated_ttl`](Self::isolated_ttl) only, and asks the auth server for the rest. So a revocation holds without
///    Redis, too, and costs more calls.
/// 4. Redis admits nobody and signs nobody out. What lies there is encrypted, authenticated, and bound to its name, with
///    keys that come of the secret: whoever can write to Redis can make no session and read none. They can take entries and
///    revocations away, which is as if there were no Redis, for the ttl at most. No byte of a credential is there, not even
///    encrypted.
/// 5. Nothing waits for Redis longer than [`timeout`](Self::timeout), and after one look that failed nobody looks for a
///    second.
///
/// Needs Redis 6.2 or newer, or Valkey. What to set, what operators see and what it costs is in the
/// [guide](crate::guide::fleet).
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use tower_better_auth::{BetterAuth, Cache, Redis};
///
/// # let secret = "3q2+7wAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
/// let auth = BetterAuth::builder("http://localhost:3000")
///     .cache(Cache::ttl(Duration::from_secs(300)))
///     .redis(Redis::new("redis://localhost:6379", secret))
///     .build()?;
/// # Ok::<_, tower_better_auth::ConfigError>(())
/// ```
#[derive(Clone)]
#[must_use]
pub struct Redis {
    servers: Servers,
    secret: Vec<u8>,
    namespace: Option<String>,
    timeout: Duration,
    isolated_ttl: Duration,
}

/// The shortest secret.
const SECRET: usize = 32;

/// The longest namespace.
const NAMESPACE: usize = 64;

impl Redis {
    /// The namespace, unless another one is given: `better-auth`.
    pub const NAMESPACE: &'static str = "better-auth";

    /// The most that a look may take, unless another time is given: 50 milliseconds.
    pub const TIMEOUT: Duration = Duration::from_millis(50);

    /// For how long an answer is believed while other processes are not heard, unless another time is given: 1 second.
    pub const ISOLATED_TTL: Duration = Duration::from_secs(1);

    /// One Redis, by its URL: `redis://[user][:password@]host[:port][/database]`, `rediss://` for TLS with the platform's
    /// certificates, or `unix:///path`.
    ///
    /// The secret is at least 32 bytes that nobody can guess, such as those of `openssl rand -base64 32`, and the same for
    /// all processes. Let it be another one than Better Auth's.
    ///
    /// With a `rediss://` URL, [`build`](crate::BetterAuthBuilder::build) has rustls use aws-lc in the whole process, unless
    /// the program has installed a provider of cryptography before. Other URLs leave that alone.
    pub fn new(url: impl Into<String>, secret: impl AsRef<[u8]>) -> Self {
        Self::at(Servers::One(url.into()), secret.as_ref())
    }

    /// A Redis Cluster, by the URLs of some of its nodes, which have to have the same user and password.
    ///
    /// With `rediss://` URLs, rustls gets its cryptography as with [`new`](Self::new).
    pub fn cluster<I>(urls: I, secret: impl AsRef<[u8]>) -> Self
    where
        I: IntoIterator,
        I::Item: Into<String>,
    {
        let urls = urls.into_iter().map(Into::into).collect();
        Self::at(Servers::Cluster(urls), secret.as_ref())
    }

    fn at(servers: Servers, secret: &[u8]) -> Self {
        Self {
            servers,
            secret: secret.to_vec(),
            namespace: None,
            timeout: Self::TIMEOUT,
            isolated_ttl: Self::ISOLATED_TTL,
        }
    }

    /// What the names of all keys begin with. Processes of one namespace share sessions, and hear each other's revocations.
    ///
    /// Give every fleet its own where several share one Redis. With [`decode_with`](crate::BetterAuthBuilder::decode_with)
    /// it has to be set, and to be another one for another decoder: what one of them made of an answer is not what another
    /// would have. One to 64 letters, digits, and `-`, `_`, `.`. Defaults to `better-auth`.
    pub fn namespace(mut self, namespace: impl Into<String>) -> Self {
        self.namespace = Some(namespace.into());
        self
    }

    /// The most that a check waits for Redis, and that `invalidate_*` waits until others are told. Defaults to 50
    /// milliseconds.
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// For how long an answer of the auth server's is believed while other processes are not heard, because Redis is down,
    /// cut off, or takes no writes.
    ///
    /// It is the longest that a revocation can go unnoticed by a process that is cut off. The price is a call per session,
    /// process and `isolated_ttl` while Redis is away. Not longer than the ttl of the [cache](crate::Cache) has any effect.
    /// Below a quarter of a second it costs Redis more commands. Defaults to 1 second.
    pub const fn isolated_ttl(mut self, ttl: Duration) -> Self {
        self.isolated_ttl = ttl;
        self
    }

    /// Opens no connection.
    pub(crate) fn open(
        self,
        scope: &Scope<'_>,
    ) -> Result<(Arc<dyn Shared>, Arc<Hearing>), Unusable> {
        if self.secret.len() < SECRET {
            return Err(Unusable::Secret);
        }
        if self.timeout.is_zero() {
            return Err(Unusable::Zero("timeout"));
        }
        if self.isolated_ttl.is_zero() {
            return Err(Unusable::Zero("isolated_ttl"));
        }
        let namespace = match &self.namespace {
            None if scope.has_own_decoder => return Err(Unusable::NoNamespace),
            None => Self::NAMESPACE,
            Some(namespace) if is_namespace(namespace) => namespace,
            Some(_) => return Err(Unusable::Namespace),
        };
        let plan = Plan {
            namespace,
            secret: &self.secret,
            timeout: self.timeout.min(FOREVER),
            isolated_ttl: self.isolated_ttl.min(FOREVER),
        };
        let server = Server::open(&self.servers)?;
        let (level, hearing) = Level::new(server, &plan, scope);
        Ok((Arc::new(level), hearing))
    }
}

fn is_namespace(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    (1..=NAMESPACE).contains(&text.len()) && text.bytes().all(is_plain)
}

/// Shows neither the secret nor the URL, in which there may be a password.
impl fmt::Debug for Redis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redis")
            .field("namespace", &self.namespace)
            .field("timeout", &self.timeout)
            .field("isolated_ttl", &self.isolated_ttl)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEW: &str = "0123456789abcdef0123456789abcdef";

    fn opened(redis: Redis, has_own_decoder: bool) -> Result<(), Unusable> {
        let scope = Scope {
            address: "http://localhost/api/auth/get-session",
            has_own_decoder,
            ttl: Duration::from_secs(10),
            deadline: Duration::from_secs(5),
        };
        redis.open(&scope).map(drop)
    }

    #[test]
    fn every_kind_of_url_is_one_and_nothing_else_is() {
        for (url, expected) in [
            ("redis://localhost", Ok(())),
            ("redis://:s3cret@localhost:6380/3", Ok(())),
            ("rediss://ada:s3cret@cache.internal", Ok(())),
            ("unix:///run/redis.sock", Ok(())),
            ("", Err(Unusable::Url)),
            ("localhost:6379", Err(Unusable::Url)),
            ("http://localhost", Err(Unusable::Url)),
            ("redis://", Err(Unusable::Url)),
            ("redis://localhost/x", Err(Unusable::Url)),
        ] {
            assert_eq!(opened(Redis::new(url, NEW), false), expected, "{url}");
        }
        let cluster = |urls: &[&str]| opened(Redis::cluster(urls.to_vec(), NEW), false);
        assert_eq!(cluster(&["redis://a", "redis://b"]), Ok(()));
        assert_eq!(cluster(&["rediss://a"]), Ok(()));
        assert_eq!(cluster(&["redis://a", "b"]), Err(Unusable::Url));
        assert_eq!(cluster(&[]), Err(Unusable::NoNodes));
    }

    #[test]
    fn a_secret_has_at_least_32_bytes() {
        let with = |secret: &str| opened(Redis::new("redis://localhost", secret), false);
        assert_eq!(with(&NEW[..31]), Err(Unusable::Secret));
        assert_eq!(with(NEW), Ok(()));
    }

    #[test]
    fn a_namespace_is_plain_and_there_is_one_for_every_decoder() {
        let redis = || Redis::new("redis://localhost", NEW);
        let long = "a".repeat(65);
        for (namespace, expected) in [
            ("shop", Ok(())),
            ("shop-2.eu_west", Ok(())),
            ("", Err(Unusable::Namespace)),
            ("a:b", Err(Unusable::Namespace)),
            ("{a}", Err(Unusable::Namespace)),
            ("a b", Err(Unusable::Namespace)),
            (&long[1..], Ok(())),
            (&long, Err(Unusable::Namespace)),
        ] {
            let opened = opened(redis().namespace(namespace), false);
            assert_eq!(opened, expected, "{namespace}");
        }
        assert_eq!(opened(redis(), true), Err(Unusable::NoNamespace));
        assert_eq!(opened(redis().namespace("own"), true), Ok(()));
    }

    #[test]
    fn no_time_is_zero() {
        let redis = || Redis::new("redis://localhost", NEW);
        let zero = redis().timeout(Duration::ZERO);
        assert_eq!(opened(zero, false), Err(Unusable::Zero("timeout")));
        let zero = redis().isolated_ttl(Duration::ZERO);
        assert_eq!(opened(zero, false), Err(Unusable::Zero("isolated_ttl")));
        let forever = redis().timeout(Duration::MAX).isolated_ttl(Duration::MAX);
        assert_eq!(opened(forever, false), Ok(()));
    }

    #[test]
    fn neither_secret_nor_password_is_shown() {
        let redis = Redis::new("redis://:s3cret-pass@localhost", NEW);
        let shown = format!("{redis:?} {redis:#?}");
        assert!(!shown.contains("s3cret"), "{shown}");
        assert!(!shown.contains("0123"), "{shown}");
    }
}
