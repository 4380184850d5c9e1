//! One cell: a server, a handle in front of it, and requests.

use std::{
    future::{Future, poll_fn},
    io,
    net::SocketAddr,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
    task::Poll,
    time::{Duration, Instant},
};

use axum::{Router, routing::get};
use http::Request;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::time::{advance, pause, resume};
use tower_better_auth::{BetterAuth, BetterAuthBuilder, BreakerState, Cache, Require, SessionAuth};

use super::{
    DEADLINE, PATIENCE, TTL,
    expectation::{Bound, Expected, Role, State},
    faults::{Does, Fault, Pace, Resolution, Says},
};
use crate::support::{
    answer::{JSON, http, session},
    probe::{Counter, Seen, anonymous, send, signed_in, with_cookie},
    raw_server::{RawServer, Script, Step, answer},
};

/// The server, and the application that asks it.
pub(crate) struct World<'a> {
    fault: &'a Fault,
    server: RawServer,
    names: Names,
    auth: BetterAuth,
    app: Router,
    handled: Counter,
}

/// What was seen of one cell, in the terms of what was expected.
#[derive(Debug)]
pub(crate) struct Observed {
    pub(crate) clients: Vec<String>,
    pub(crate) retry_after: Vec<Option<Duration>>,
    pub(crate) calls: usize,
    pub(crate) handled: usize,
    pub(crate) took: Duration,
    /// Of the clock that the deadline goes by, where it stood still for everybody else.
    pub(crate) clock: Option<Duration>,
    pub(crate) next: (String, usize, usize),
}

/// Plays one cell. `Err` says what could not be set up.
pub(crate) async fn play(
    fault: &Fault,
    state: State,
    role: Role,
    expected: &Expected,
) -> Result<Observed, String> {
    let world = World::start(fault).await;
    world.prepare(state).await?;
    let (calls, handled) = (world.calls(), world.handled.get());
    let stops = state == State::Open;
    if stops {
        pause();
    }
    let (began, clock) = (Instant::now(), tokio::time::Instant::now());
    let seen = world.ask(state, role).await;
    let (took, clock) = (began.elapsed(), clock.elapsed());
    let observed = (world.calls() - calls, world.handled.get() - handled);
    if stops {
        world.the_neighbour_goes_on().await?;
        resume();
    }
    world.heal();
    world.is_left_alone(expected).await?;
    let next = world.next().await;
    Ok(Observed {
        clients: seen.iter().map(Seen::summary).collect(),
        retry_after: seen.iter().map(retry_after).collect(),
        calls: observed.0,
        handled: observed.1,
        took,
        clock: (expected.bound == Bound::Nothing && stops).then_some(clock),
        next,
    })
}

impl<'a> World<'a> {
    async fn start(fault: &'a Fault) -> Self {
        let server = RawServer::start(healthy()).await;
        let names = Names::default();
        let deadline = match fault.pace {
            Pace::Prompt => PATIENCE,
            Pace::UntilDeadline => DEADLINE,
        };
        let builder = builder(fault, server.address(), &names);
        let auth = builder
            .deadline(deadline)
            .cache(Cache::ttl(TTL))
            .build()
            .unwrap();
        let handled = Counter::default();
        let app = app(&auth, &handled);
        Self {
            fault,
            server,
            names,
            auth,
            app,
            handled,
        }
    }

    /// Brings about the state, and after it the fault.
    async fn prepare(&self, state: State) -> Result<(), String> {
        match state {
            State::Cold => {}
            State::Warm | State::Live => self.remember(signed_in("/")).await?,
            State::Open => {
                if self.fault.heals() {
                    self.remember(with_cookie("/", NEIGHBOUR)).await?;
                }
                self.open_breaker().await?;
            }
        }
        self.strike();
        Ok(())
    }

    async fn remember(&self, request: Request<axum::body::Body>) -> Result<(), String> {
        let seen = send(self.app.clone(), request).await;
        match seen.summary().as_str() {
            "200" => Ok(()),
            other => Err(format!("a healthy server was answered with {other}")),
        }
    }

    async fn open_breaker(&self) -> Result<(), String> {
        self.server.plays(if self.fault.heals() {
            answer(http("500 Internal Server Error", &[JSON], "null"))
        } else {
            vec![Step::Close]
        });
        for number in 0..100 {
            if self.auth.readiness().circuit_breaker == BreakerState::Open {
                return Ok(());
            }
            let cookie = format!("better-auth.session_token=other{number}.c2ln");
            send(self.app.clone(), with_cookie("/", cookie)).await;
        }
        Err("the breaker did not open".to_owned())
    }

    fn strike(&self) {
        match &self.fault.does {
            Does::Resolving(resolution) => self.names.resolve_to(*resolution),
            Does::Http(script) | Does::Tls(script) | Does::Http2(script) => {
                self.server.plays(script.clone());
            }
        }
    }

    fn heal(&self) {
        self.names.resolve_to(Resolution::TheServer);
        if self.fault.heals() {
            self.server.plays(healthy());
        }
    }

    /// The requests of this cell, in the order in which they came, without those that hung up.
    async fn ask(&self, state: State, role: Role) -> Vec<Seen> {
        let path = if state == State::Live { "/live" } else { "/" };
        let request = || send(self.app.clone(), self.request(path));
        match role {
            Role::Leader => vec![request().await],
            Role::Follower => {
                let (first, second) = tokio::join!(request(), request());
                vec![first, second]
            }
            Role::AfterLeaderHungUp => {
                let mut leader = Box::pin(request());
                let is_answered = !is_waiting(leader.as_mut()).await;
                // It hangs up before it reads its answer, and nobody can wait along.
                if is_answered && self.fault.says == Says::Anonymous {
                    drop(leader);
                    return vec![request().await];
                }
                assert!(!is_answered, "the leader waits");
                let mut follower = pin!(request());
                assert!(is_waiting(follower.as_mut()).await, "the follower waits");
                drop(leader);
                vec![follower.await]
            }
        }
    }

    fn request(&self, path: &str) -> Request<axum::body::Body> {
        match self.fault.says {
            Says::Anonymous => anonymous(path),
            _ => signed_in(path),
        }
    }

    async fn the_neighbour_goes_on(&self) -> Result<(), String> {
        if !self.fault.heals() {
            return Ok(());
        }
        let calls = self.calls();
        self.remember(with_cookie("/", NEIGHBOUR)).await?;
        match self.calls() - calls {
            0 => Ok(()),
            more => Err(format!("a session in the cache cost {more} calls")),
        }
    }

    /// Lets what was found out, or asked for, hold for its time, and sees that it does, on a clock that stands still.
    async fn is_left_alone(&self, expected: &Expected) -> Result<(), String> {
        if expected.wait.is_zero() {
            return Ok(());
        }
        pause();
        advance(expected.wait / 2).await;
        let (client, calls, _) = self.next().await;
        advance(expected.wait / 2).await;
        resume();
        match (client.as_str() == expected.meanwhile, calls) {
            (true, 0) => Ok(()),
            _ => Err(format!(
                "{client} with {calls} calls before {:?} have passed",
                expected.wait
            )),
        }
    }

    async fn next(&self) -> (String, usize, usize) {
        let (calls, handled) = (self.calls(), self.handled.get());
        let seen = send(self.app.clone(), signed_in("/")).await;
        (
            seen.summary(),
            self.calls() - calls,
            self.handled.get() - handled,
        )
    }

    /// Every connection is for one call, unless it is kept for more.
    fn calls(&self) -> usize {
        self.server.connections().max(self.server.requests().len())
    }
}

const NEIGHBOUR: &str = "better-auth.session_token=neighbour.c2ln";

/// Everybody is signed in, on a connection for each call.
fn healthy() -> Script {
    let headers = [JSON, "connection: close"];
    answer(http("200 OK", &headers, session().to_string()))
}

fn app(auth: &BetterAuth, handled: &Counter) -> Router {
    let route = || {
        let handled = handled.clone();
        get(move || async move { handled.increment() })
    };
    Router::new()
        .route("/", route())
        .route("/live", route().route_layer(Require::live()))
        .layer(SessionAuth::new(auth.clone()))
}

fn builder(fault: &Fault, server: SocketAddr, names: &Names) -> BetterAuthBuilder {
    let client = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .tls_certs_only([])
        .no_proxy();
    match fault.does {
        Does::Http(_) => BetterAuth::builder(format!("http://{server}")),
        Does::Tls(_) => BetterAuth::builder(format!("https://{server}")),
        Does::Http2(_) => BetterAuth::builder(format!("http://{server}"))
            .http_client(client.http2_prior_knowledge().build().unwrap()),
        Does::Resolving(_) => {
            let names = names.clone();
            BetterAuth::builder(format!("http://auth.test:{}", server.port()))
                .http_client(client.dns_resolver(Arc::new(names)).build().unwrap())
        }
    }
}

/// Polls once.
async fn is_waiting(mut future: std::pin::Pin<&mut impl Future>) -> bool {
    poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx).is_pending())).await
}

fn retry_after(seen: &Seen) -> Option<Duration> {
    let seconds = seen.header("retry-after")?.parse().ok()?;
    Some(Duration::from_secs(seconds))
}

/// What the one name resolves to.
#[derive(Clone, Default)]
struct Names(Arc<AtomicU8>);

impl Names {
    fn resolve_to(&self, resolution: Resolution) {
        self.0.store(resolution as u8, Ordering::SeqCst);
    }
}

impl Resolve for Names {
    fn resolve(&self, _: Name) -> Resolving {
        let resolution = self.0.load(Ordering::SeqCst);
        let is = |other: Resolution| resolution == other as u8;
        // The port is that of the URL.
        let address = if is(Resolution::TheServer) {
            Some([127, 0, 0, 1])
        } else if is(Resolution::Nobody) {
            Some([127, 0, 0, 2])
        } else if is(Resolution::Nowhere) {
            Some([192, 0, 2, 1])
        } else {
            None
        };
        Box::pin(async move {
            let Some(address) = address else {
                return Err(io::Error::other("failed to lookup address information").into());
            };
            let addresses: Addrs = Box::new([SocketAddr::from((address, 0))].into_iter());
            Ok(addresses)
        })
    }
}
