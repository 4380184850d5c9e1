//! Connections to one Redis, or to a cluster.

use std::time::Duration;

use redis::{
    AsyncConnectionConfig, Client, Cmd, ConnectionAddr, ConnectionInfo, FromRedisValue,
    IntoConnectionInfo, Pipeline, RedisResult,
    aio::{ConnectionManager, ConnectionManagerConfig, MultiplexedConnection},
    cluster::ClusterClient,
    cluster_async::ClusterConnection,
};
use rustls::crypto::{CryptoProvider, aws_lc_rs};

use super::plan::Unusable;

/// The most that a connection may take, and whatever else no request waits for.
pub(super) const PATIENCE: Duration = Duration::from_secs(1);

/// So many commands are handed to a connection before the next one waits.
const BUFFER: usize = 1024;

/// Where Redis is, as it was set.
#[derive(Clone)]
pub(super) enum Servers {
    One(String),
    Cluster(Vec<String>),
}

/// Where Redis is.
pub(super) enum Server {
    One(Box<Client>),
    Cluster(Box<Cluster>),
}

pub(super) struct Cluster {
    commands: ClusterClient,
    /// Waits longer for an answer.
    bus: ClusterClient,
}

/// A connection. Clones share it.
#[derive(Clone)]
pub(super) enum Link {
    /// Connects again by itself.
    Managed(ConnectionManager),
    /// For commands that wait, which would hold up all others.
    Own(MultiplexedConnection),
    Cluster(ClusterConnection),
}

impl Server {
    pub(super) fn open(servers: &Servers) -> Result<Self, Unusable> {
        match servers {
            Servers::One(url) => Client::open(parse(url)?)
                .map(|client| Self::One(Box::new(client)))
                .map_err(|_| Unusable::Url),
            Servers::Cluster(urls) if urls.is_empty() => Err(Unusable::NoNodes),
            Servers::Cluster(urls) => {
                let nodes: Vec<_> = urls
                    .iter()
                    .map(|url| parse(url))
                    .collect::<Result<_, _>>()?;
                let client = |patience| {
                    ClusterClient::builder(nodes.clone())
                        .connection_timeout(PATIENCE)
                        .response_timeout(patience)
                        .retries(1)
                        .build()
                        .map_err(|_| Unusable::Url)
                };
                let cluster = Cluster {
                    commands: client(PATIENCE)?,
                    bus: client(PATIENCE * 2)?,
                };
                Ok(Self::Cluster(Box::new(cluster)))
            }
        }
    }

    /// For commands that are answered at once.
    pub(super) async fn connect(&self) -> RedisResult<Link> {
        match self {
            Self::One(client) => {
                let config = ConnectionManagerConfig::new()
                    .set_connection_timeout(Some(PATIENCE))
                    .set_response_timeout(Some(PATIENCE))
                    .set_pipeline_buffer_size(BUFFER)
                    .set_number_of_retries(0);
                let client = Client::clone(client);
                ConnectionManager::new_with_config(client, config)
                    .await
                    .map(Link::Managed)
            }
            Self::Cluster(cluster) => {
                let link = cluster.commands.get_async_connection().await;
                link.map(Link::Cluster)
            }
        }
    }

    /// For commands that wait up to [`PATIENCE`].
    pub(super) async fn connect_to_wait(&self) -> RedisResult<Link> {
        match self {
            Self::One(client) => {
                let config = AsyncConnectionConfig::new()
                    .set_connection_timeout(Some(PATIENCE))
                    .set_response_timeout(Some(PATIENCE * 2));
                client
                    .get_multiplexed_async_connection_with_config(&config)
                    .await
                    .map(Link::Own)
            }
            Self::Cluster(cluster) => {
                let link = cluster.bus.get_async_connection().await;
                link.map(Link::Cluster)
            }
        }
    }
}

impl Link {
    pub(super) async fn run<T: FromRedisValue>(&mut self, command: &Cmd) -> RedisResult<T> {
        match self {
            Self::Managed(link) => command.query_async(link).await,
            Self::Own(link) => command.query_async(link).await,
            Self::Cluster(link) => command.query_async(link).await,
        }
    }

    pub(super) async fn run_all<T: FromRedisValue>(
        &mut self,
        commands: &Pipeline,
    ) -> RedisResult<T> {
        match self {
            Self::Managed(link) => commands.query_async(link).await,
            Self::Own(link) => commands.query_async(link).await,
            Self::Cluster(link) => commands.query_async(link).await,
        }
    }
}

fn parse(url: &str) -> Result<ConnectionInfo, Unusable> {
    let server = url.into_connection_info().map_err(|_| Unusable::Url)?;
    prepare_tls(&server);
    Ok(server)
}

/// Over TLS, the client of Redis takes rustls's cryptography from the process, and panics where the features of other
/// crates leave open which. One that the application has installed stays, and without TLS that is left to it.
pub(crate) fn prepare_tls(server: &ConnectionInfo) {
    let is_tls = matches!(server.addr(), ConnectionAddr::TcpTls { .. });
    if is_tls && CryptoProvider::get_default().is_none() {
        // Lost to whoever was faster, and then there is one.
        let _ = aws_lc_rs::default_provider().install_default();
    }
}
