use std::{
    collections::HashMap,
    sync::{Arc, LazyLock, Mutex, MutexGuard, OnceLock},
    thread,
    time::{Duration, Instant},
};

use http::{HeaderMap, StatusCode, header};
use serde_json::{Value, json};

use super::process::Process;

/// Without a pool, because every test has a runtime of its own and a connection dies with its runtime.
static HTTP: LazyLock<reqwest::Client> = LazyLock::new(|| {
    reqwest::Client::builder()
        .no_proxy()
        .pool_max_idle_per_host(0)
        .build()
        .expect("a client without settings of its own")
});

type Shared = Mutex<HashMap<String, Arc<OnceLock<&'static BetterAuthServer>>>>;

static SHARED: LazyLock<Shared> = LazyLock::new(Mutex::default);

/// One Better Auth server with one config.
pub(crate) struct BetterAuthServer {
    config: Value,
    url: String,
    /// `None` while it is killed.
    process: Mutex<Option<Process>>,
}

/// What the server answered to a request of the test itself.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

impl BetterAuthServer {
    /// A server of its own, for a test that breaks it or counts its requests.
    pub(crate) fn start(config: Value) -> Self {
        let process = Process::start(&config).unwrap_or_else(|error| panic!("{error}"));
        Self {
            config,
            url: process.url.clone(),
            process: Mutex::new(Some(process)),
        }
    }

    /// The server in `examples/better-auth`, whose plugin tells these receivers what is revoked, and which keeps its
    /// sessions in that Redis, if it is given one.
    pub(crate) fn example(receivers: &str, redis: &str) -> Self {
        let variables = [
            ("PORT", "0"),
            ("RECEIVERS", receivers),
            ("REDIS_URL", redis),
            ("END_WITH_STDIN", "yes"),
        ];
        let process = Process::start_in(&super::process::example(), &variables);
        let process = process.unwrap_or_else(|error| panic!("{error}"));
        Self {
            config: json!({}),
            url: process.url.clone(),
            process: Mutex::new(Some(process)),
        }
    }

    /// The server that all tests with this config share. It lives as long as the test binary.
    #[expect(clippy::needless_pass_by_value, reason = "as `start`")]
    pub(crate) fn shared(config: Value) -> &'static Self {
        let server = {
            let mut servers = SHARED.lock().expect("nothing panics while it is held");
            Arc::clone(servers.entry(config.to_string()).or_default())
        };
        server.get_or_init(|| Box::leak(Box::new(Self::start(config.clone()))))
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Ends the process at once, as a crash does.
    pub(crate) fn kill(&self) {
        *self.process() = None;
    }

    /// Kills it if need be, and starts it at the same address.
    pub(crate) fn restart(&self) {
        self.kill();
        let port = self
            .url
            .rsplit(':')
            .next()
            .and_then(|port| port.parse::<u16>().ok());
        let mut config = self.config.clone();
        config["port"] = json!(port.expect("the url ends in a port"));
        // For a moment another test's connection can have the port that this one left.
        let limit = Instant::now() + Duration::from_secs(20);
        let process = loop {
            match Process::start(&config) {
                Ok(process) => break process,
                Err(error) => assert!(Instant::now() < limit, "{error}"),
            }
            thread::sleep(Duration::from_millis(100));
        };
        *self.process() = Some(process);
    }

    /// Stops the process without ending it: connections open, and nothing answers.
    pub(crate) fn pause(&self) {
        self.signal("STOP");
    }

    pub(crate) fn resume(&self) {
        self.signal("CONT");
    }

    fn process(&self) -> MutexGuard<'_, Option<Process>> {
        self.process
            .lock()
            .expect("nothing panics while it is held")
    }

    fn signal(&self, name: &str) {
        let process = self.process();
        process.as_ref().expect("it is not killed").signal(name);
    }

    /// Calls one of Better Auth's own endpoints, such as `sign-out`, without judging the answer.
    pub(crate) async fn call(&self, path: &str, cookie: &str, body: &Value) -> Answer {
        let base_path = self.config["basePath"].as_str().unwrap_or("/api/auth");
        let mut request = HTTP
            .post(format!("{}{base_path}/{path}", self.url))
            .header(header::ORIGIN, self.origin())
            .json(body);
        if !cookie.is_empty() {
            request = request.header(header::COOKIE, cookie);
        }
        answer(request).await
    }

    /// Gets one of Better Auth's own endpoints, as a browser does.
    pub(crate) async fn get(&self, path: &str, cookie: &str) -> Answer {
        let base_path = self.config["basePath"].as_str().unwrap_or("/api/auth");
        let request = HTTP.get(format!("{}{base_path}/{path}", self.url));
        answer(request.header(header::COOKIE, cookie)).await
    }

    /// Calls one of Better Auth's own endpoints, which must agree.
    pub(crate) async fn post(&self, path: &str, cookie: &str, body: &Value) -> Answer {
        let answer = self.call(path, cookie, body).await;
        assert!(answer.status.is_success(), "{path}: {answer:?}");
        answer
    }

    pub(super) async fn control(&self, path: &str, body: Option<Value>) -> Value {
        let url = format!("{}/__control/{path}", self.url);
        let answer = answer(match body {
            Some(body) => HTTP.post(url).json(&body),
            None => HTTP.get(url),
        })
        .await;
        assert!(answer.status.is_success(), "{path}: {answer:?}");
        answer.body
    }

    /// The origin that the server trusts, which need not be where it listens.
    fn origin(&self) -> &str {
        self.config["baseURL"].as_str().unwrap_or(&self.url)
    }
}

async fn answer(request: reqwest::RequestBuilder) -> Answer {
    let response = request.send().await.expect("the server answers");
    let (status, headers) = (response.status(), response.headers().clone());
    let body = response.bytes().await.expect("the answer has an end");
    let body = serde_json::from_slice(&body).unwrap_or_default();
    Answer {
        status,
        headers,
        body,
    }
}

impl std::fmt::Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.status, self.body)
    }
}
