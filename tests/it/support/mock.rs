//! An auth server in the same process that does what a test says: takes its time, fails, panics, or is held up.

use std::{
    future::pending,
    io,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use serde_json::Value;
use tokio::{sync::Semaphore, task::yield_now, time::sleep};
use tower::service_fn;
use tower_better_auth::{BetterAuth, BetterAuthBuilder};

use super::answer;

/// What happens to one call.
#[derive(Clone)]
pub(crate) enum Act {
    Answer(Response<Bytes>),
    Refuse,
    Panic,
    Hang,
}

impl Act {
    pub(crate) fn json(status: u16, headers: &[(&'static str, &str)], body: &Value) -> Self {
        let mut response = Response::builder()
            .status(status)
            .header("content-type", "application/json");
        for (name, value) in headers {
            response = response.header(*name, *value);
        }
        Self::Answer(response.body(body.to_string().into()).unwrap())
    }

    pub(crate) fn status(status: u16) -> Self {
        Self::json(status, &[], &Value::Null)
    }

    pub(crate) fn session(session: &Value) -> Self {
        Self::json(200, &[], session)
    }

    pub(crate) fn signed_in() -> Self {
        Self::session(&answer::session())
    }

    pub(crate) fn signed_out() -> Self {
        Self::status(200)
    }
}

type Play = Arc<dyn Fn(&Request<Bytes>) -> Act + Send + Sync>;

/// Everybody is signed in until the test says otherwise. What a call is answered is settled when it arrives.
#[derive(Clone)]
pub(crate) struct Mock {
    stage: Arc<Stage>,
}

struct Stage {
    play: Mutex<Play>,
    takes: Mutex<Duration>,
    gate: Mutex<Option<Gate>>,
    calls: Mutex<Vec<Request<Bytes>>>,
    running: AtomicUsize,
    most: AtomicUsize,
}

/// Behind which calls wait that have been answered already.
#[derive(Clone)]
pub(crate) struct Gate(Arc<Semaphore>);

impl Gate {
    pub(crate) fn open(&self) {
        self.0.add_permits(1_000_000);
    }
}

impl Mock {
    pub(crate) fn new() -> Self {
        let stage = Stage {
            play: Mutex::new(Arc::new(|_| Act::signed_in())),
            takes: Mutex::default(),
            gate: Mutex::default(),
            calls: Mutex::default(),
            running: AtomicUsize::new(0),
            most: AtomicUsize::new(0),
        };
        Self {
            stage: Arc::new(stage),
        }
    }

    pub(crate) fn doing(act: Act) -> Self {
        let mock = Self::new();
        mock.does(act);
        mock
    }

    pub(crate) fn does(&self, act: Act) {
        self.plays(move |_| act.clone());
    }

    pub(crate) fn plays(&self, play: impl Fn(&Request<Bytes>) -> Act + Send + Sync + 'static) {
        *self.stage.play.lock().unwrap() = Arc::new(play);
    }

    /// How long every call takes from now on.
    pub(crate) fn takes(&self, time: Duration) {
        *self.stage.takes.lock().unwrap() = time;
    }

    /// Holds up the calls that come from now on.
    pub(crate) fn hold(&self) -> Gate {
        let gate = Gate(Arc::new(Semaphore::new(0)));
        *self.stage.gate.lock().unwrap() = Some(gate.clone());
        gate
    }

    /// Lets the calls through that come from now on, and none of those that wait.
    pub(crate) fn hold_no_more(&self) {
        *self.stage.gate.lock().unwrap() = None;
    }

    pub(crate) fn count(&self) -> usize {
        self.stage.calls.lock().unwrap().len()
    }

    /// Every call, oldest first.
    pub(crate) fn calls(&self) -> Vec<Request<Bytes>> {
        self.stage.calls.lock().unwrap().clone()
    }

    /// The most calls that were under way at one moment.
    pub(crate) fn most_at_once(&self) -> usize {
        self.stage.most.load(Ordering::SeqCst)
    }

    pub(crate) fn builder(&self) -> BetterAuthBuilder {
        let mock = self.clone();
        let transport = service_fn(move |request| mock.clone().call(request));
        BetterAuth::builder("http://localhost").transport(transport)
    }

    pub(crate) fn handle(&self) -> BetterAuth {
        self.builder().build().unwrap()
    }

    async fn call(self, request: Request<Bytes>) -> io::Result<Response<Full<Bytes>>> {
        let play = self.stage.play.lock().unwrap().clone();
        let act = play(&request);
        let gate = self.stage.gate.lock().unwrap().clone();
        let takes = *self.stage.takes.lock().unwrap();
        self.stage.calls.lock().unwrap().push(request);
        let _running = Running::enter(&self.stage);
        if let Some(Gate(gate)) = gate {
            drop(gate.acquire().await.unwrap());
        }
        if !takes.is_zero() {
            sleep(takes).await;
        }
        match act {
            Act::Answer(response) => Ok(response.map(Full::new)),
            Act::Refuse => Err(io::ErrorKind::ConnectionRefused.into()),
            Act::Panic => panic!("the transport panics on purpose"),
            Act::Hang => pending().await,
        }
    }
}

/// Counts a call for as long as it is under way.
struct Running<'a>(&'a Stage);

impl<'a> Running<'a> {
    fn enter(stage: &'a Stage) -> Self {
        let running = stage.running.fetch_add(1, Ordering::SeqCst) + 1;
        stage.most.fetch_max(running, Ordering::SeqCst);
        Self(stage)
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Lets every task run that can, without letting time pass.
pub(crate) async fn settle() {
    for _ in 0..100 {
        yield_now().await;
    }
}
