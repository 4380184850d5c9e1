//! The connection to Redis: the only file here that names the crate.

use std::{fmt, future::Future, io, time::Duration};

use redis::{
    AsyncConnectionConfig, Client, IntoConnectionInfo, ProtocolVersion, PushInfo, PushKind,
    RedisError, Value, aio::MultiplexedConnection, cmd,
};
use tokio::{
    sync::mpsc::{UnboundedReceiver, unbounded_channel},
    time::{Instant, sleep_until, timeout},
};

use super::key::user_of;
use crate::cache::prepare_tls;

/// The time between two questions to Redis whether it is still there: 250 milliseconds.
pub const PING_EVERY: Duration = Duration::from_millis(250);

/// The longest that Redis may take to answer.
const PATIENCE: Duration = Duration::from_secs(1);

/// The most changes that are looked at in one go.
const BATCH: usize = 512;

/// Where the storage is.
pub(super) struct Storage {
    client: Client,
    pub(super) prefix: String,
}

/// A connection that hears every change.
pub(super) struct Line {
    connection: MultiplexedConnection,
    pushes: UnboundedReceiver<PushInfo>,
    ping_at: Instant,
}

/// Why Redis is not heard.
#[derive(Debug)]
pub(super) struct Unheard(RedisError);

/// What was heard.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Change {
    Key(String),
    Everything,
}

impl Storage {
    /// `None` when the URL is not one of a Redis server.
    pub(super) fn parse(url: &str, prefix: &str) -> Option<Self> {
        let info = url.into_connection_info().ok()?;
        prepare_tls(&info);
        let settings = info.redis_settings().clone();
        let settings = settings.set_protocol(ProtocolVersion::RESP3);
        let client = Client::open(info.set_redis_settings(settings)).ok()?;
        let prefix = prefix.to_owned();
        Some(Self { client, prefix })
    }

    pub(super) async fn connect(&self) -> Result<Line, Unheard> {
        let (sender, pushes) = unbounded_channel();
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(PATIENCE))
            .set_response_timeout(Some(PATIENCE))
            .set_push_sender(sender);
        let connect = self
            .client
            .get_multiplexed_async_connection_with_config(&config);
        let mut connection = within(connect).await?;
        let mut track = cmd("CLIENT");
        track.arg(&["TRACKING", "ON", "BCAST", "PREFIX", &self.prefix]);
        let _: Value = within(track.query_async(&mut connection)).await?;
        Ok(Line {
            connection,
            pushes,
            ping_at: Instant::now() + PING_EVERY,
        })
    }
}

impl Line {
    /// What has changed; nothing when Redis has said that it is there, or the time is over. An error when it is not heard
    /// any more.
    pub(super) async fn changes(&mut self, until: Option<Instant>) -> Result<Vec<Change>, Unheard> {
        let mut pushes = Vec::new();
        let until = until.map_or(self.ping_at, |until| until.min(self.ping_at));
        tokio::select! {
            count = self.pushes.recv_many(&mut pushes, BATCH) => {
                if count == 0 {
                    return Err(broken());
                }
            }
            () = sleep_until(until) => {}
        }
        // However much it has to say.
        if Instant::now() >= self.ping_at {
            self.ping().await?;
        }
        read(pushes)
    }

    /// The users of the sessions under these keys, as far as there is something.
    pub(super) async fn users(&mut self, keys: &[&str]) -> Result<Vec<String>, Unheard> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let mut get = cmd("MGET");
        let stored: Vec<Value> = within(get.arg(keys).query_async(&mut self.connection)).await?;
        let users = stored.iter().filter_map(|value| match value {
            Value::BulkString(bytes) => user_of(bytes),
            _ => None,
        });
        Ok(users.collect())
    }

    /// What Redis has said before the answer has arrived when it does: they share a connection.
    async fn ping(&mut self) -> Result<(), Unheard> {
        let _: Value = within(cmd("PING").query_async(&mut self.connection)).await?;
        self.ping_at = Instant::now() + PING_EVERY;
        Ok(())
    }
}

fn read(pushes: Vec<PushInfo>) -> Result<Vec<Change>, Unheard> {
    let mut changes = Vec::new();
    for push in pushes {
        match push.kind {
            PushKind::Invalidate => changes.extend(push.data.into_iter().flat_map(keys)),
            PushKind::Disconnection => return Err(broken()),
            _ => {}
        }
    }
    Ok(changes)
}

/// The keys, or none for `FLUSHALL` and `FLUSHDB`. A key that is no text is not Better Auth's.
fn keys(data: Value) -> Vec<Change> {
    let Value::Array(keys) = data else {
        return vec![Change::Everything];
    };
    let text = |key| match key {
        Value::BulkString(bytes) => String::from_utf8(bytes).ok(),
        _ => None,
    };
    keys.into_iter().filter_map(text).map(Change::Key).collect()
}

/// The crate's own limits begin when a command is written.
async fn within<T>(answer: impl Future<Output = Result<T, RedisError>>) -> Result<T, Unheard> {
    match timeout(PATIENCE, answer).await {
        Ok(answer) => answer.map_err(Unheard),
        Err(_) => Err(Unheard(io::Error::from(io::ErrorKind::TimedOut).into())),
    }
}

fn broken() -> Unheard {
    Unheard(io::Error::from(io::ErrorKind::BrokenPipe).into())
}

impl fmt::Display for Unheard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use rustls::crypto::CryptoProvider;

    use super::*;

    #[test]
    fn a_url_with_tls_leaves_no_choice_of_cryptography_at_which_a_connection_panics() {
        assert!(Storage::parse("rediss://localhost", "").is_some());
        assert!(CryptoProvider::get_default().is_some());
    }
}
