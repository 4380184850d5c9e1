use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use super::{
    Clock, InProcess,
    listener::{Door, Running},
    routes::{BASE_PATH, Shared},
    state::State,
};
use crate::{BetterAuth, BetterAuthBuilder};

/// Where a server without a socket says it is: nowhere, on this host.
const NOWHERE: &str = "http://auth.in-process.localhost";

/// A Better Auth server on a loopback port of its own, or in the process. See the [module docs](super) for an example.
///
/// Serves `get-session`, `sign-up/email`, `sign-in/email`, `sign-out`, `list-sessions`, `revoke-session`,
/// `revoke-other-sessions`, `revoke-sessions`, `ok`, `organization/get-active-member-role`,
/// `organization/has-permission` and `admin/has-permission` under `/api/auth`, with sessions of seven days that are
/// prolonged once a day and fresh for one, and with the bearer plugin. Answers are made in one place, whichever way the
/// question came.
///
/// One that was [started](Self::start) runs in a thread of its own until it is dropped; its port is closed then, and
/// all its connections.
pub struct AuthServer {
    pub(super) shared: Arc<Shared>,
    /// `None` without a socket.
    pub(super) running: Option<Running>,
}

impl AuthServer {
    /// Starts a server on a free port of the loopback interface, with nobody signed up.
    ///
    /// # Panics
    ///
    /// When the loopback interface has no free port.
    // `async` as every server's start is, so that one that has to wait can take its place.
    #[allow(clippy::unused_async)]
    pub async fn start() -> Self {
        let (listener, address) = Running::bind();
        let shared = shared(format!("http://{address}"));
        let running = Running::serve(listener, Arc::clone(&shared));
        Self {
            shared,
            running: Some(running),
        }
    }

    /// A server without a socket, that [`builder`](Self::builder) and [`transport`](Self::transport) lead to.
    ///
    /// For tests with paused time, and for hosts on which tests may not listen.
    #[must_use]
    pub fn in_process() -> Self {
        Self {
            shared: shared(NOWHERE.to_owned()),
            running: None,
        }
    }

    /// The same server with another name for its session cookie, as with Better Auth's `cookiePrefix` and
    /// `useSecureCookies`. Who has signed in before is signed out. Defaults to `better-auth.session_token`.
    ///
    /// # Panics
    ///
    /// When no cookie can have that name.
    #[must_use]
    pub fn with_session_cookie(self, name: &str) -> Self {
        self.shared.state().cookies.rename(name);
        self
    }

    /// The same server with another base path, as with Better Auth's `basePath`. Defaults to `/api/auth`.
    ///
    /// # Panics
    ///
    /// When it does not begin with `/`.
    #[must_use]
    pub fn with_base_path(self, path: &str) -> Self {
        assert!(
            path.starts_with('/'),
            "a base path begins with `/`, and {path:?} does not"
        );
        let path = path.trim_end_matches('/');
        let base_path = &self.shared.base_path;
        path.clone_into(&mut base_path.lock().unwrap_or_else(PoisonError::into_inner));
        self
    }

    /// Its URL, for [`BetterAuth::new`].
    ///
    /// Of a server that runs [in process](Self::in_process) nobody can be reached there: use [`builder`](Self::builder).
    #[must_use]
    pub fn url(&self) -> &str {
        &self.shared.origin
    }

    /// The way to it without a socket, for [`BetterAuthBuilder::transport`].
    #[must_use]
    pub fn transport(&self) -> InProcess {
        InProcess::new(Arc::clone(&self.shared))
    }

    /// A handle in the making that asks this server without a socket, and goes by its [clock](Self::clock).
    ///
    /// # Examples
    ///
    /// A session that ends while the app is running, and the app's cache with it:
    ///
    /// ```
    /// use std::time::Duration;
    /// use http::{HeaderMap, header};
    /// use tower_better_auth::{Cache, testing::{AuthServer, user}};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let server = AuthServer::in_process();
    /// let auth = server.builder().cache(Cache::ttl(Duration::from_secs(60))).build()?;
    /// let ada = server.sign_in(user("ada"));
    /// let headers = HeaderMap::from_iter([(header::COOKIE, ada.cookie())]);
    ///
    /// let week = Duration::from_secs(7 * 24 * 60 * 60);
    /// tokio::time::advance(week - Duration::from_secs(1)).await;
    /// assert!(auth.validate(&headers).await.is_ok());
    ///
    /// tokio::time::advance(Duration::from_secs(1)).await;
    /// let rejection = auth.validate(&headers).await.unwrap_err();
    /// assert_eq!(rejection.code(), "INVALID_SESSION");
    /// # Ok(())
    /// # }
    /// ```
    pub fn builder(&self) -> BetterAuthBuilder {
        let clock = self.clock();
        let base_path = &self.shared.base_path;
        let base_path = base_path.lock().unwrap_or_else(PoisonError::into_inner);
        BetterAuth::builder(self.url())
            .base_path(base_path.clone())
            .transport(self.transport())
            .clock(move || clock.now())
    }

    /// Its clock, for handles that reach it over its socket; see [`BetterAuthBuilder::clock`].
    #[must_use]
    pub fn clock(&self) -> Clock {
        self.shared.clock.clone()
    }

    /// Moves its clock forward: sessions end, bans end, sign-ins grow old.
    ///
    /// Moves handles made with [`builder`](Self::builder) as well, but not what lasts for a span, such as the ttl of a
    /// cache: where that matters, pause Tokio's time and use `tokio::time::advance`, which moves everything.
    pub fn advance(&self, duration: Duration) {
        self.shared.clock.advance(duration);
    }

    pub(super) fn set_door(&self, door: Door) {
        if let Some(running) = &self.running {
            running.set(door);
        }
    }
}

fn shared(origin: String) -> Arc<Shared> {
    Arc::new(Shared {
        origin,
        base_path: Mutex::new(BASE_PATH.to_owned()),
        clock: Clock::new(),
        state: Mutex::new(State::default()),
    })
}

impl fmt::Debug for AuthServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthServer")
            .field("url", &self.url())
            .finish_non_exhaustive()
    }
}
