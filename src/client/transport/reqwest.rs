//! The default transport.

use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
#[cfg(feature = "proxy")]
use http_body_util::BodyExt;
use reqwest::{Client, redirect, retry};

use super::{Cause, Transport, collect::collect};
#[cfg(feature = "proxy")]
use super::{Lost, Sent, StreamBody, stream::Alone};
use crate::verdict::BoxFuture;

/// Less than the five seconds after which Node closes an idle connection.
const POOL_IDLE_TIMEOUT: Duration = Duration::from_secs(4);

/// A reqwest client, ours or the application's.
pub(crate) struct HttpClient {
    client: Client,
}

impl HttpClient {
    /// A client that sends cookies to one place and keeps nothing: no redirects, no proxy, no cookie store, no
    /// decompression, no referer, no retries of its own.
    pub(crate) fn new(connect_timeout: Duration, tls: Tls) -> Result<Self, reqwest::Error> {
        let client = Client::builder()
            .redirect(redirect::Policy::none())
            .no_proxy()
            .referer(false)
            .retry(retry::never())
            .no_gzip()
            .no_brotli()
            .no_zstd()
            .no_deflate()
            .connect_timeout(connect_timeout)
            .pool_idle_timeout(POOL_IDLE_TIMEOUT);
        let client = match tls {
            Tls::Needed => client,
            Tls::NotNeeded => without_certificates(client),
        };
        client.build().map(Self::from)
    }
}

/// Whether the auth server's URL is `https`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tls {
    Needed,
    NotNeeded,
}

/// Reading the platform's certificates takes milliseconds, and fails where there are none, as in small containers.
#[cfg(any(feature = "rustls", feature = "native-tls"))]
fn without_certificates(client: reqwest::ClientBuilder) -> reqwest::ClientBuilder {
    client.tls_certs_only([])
}

#[cfg(not(any(feature = "rustls", feature = "native-tls")))]
fn without_certificates(client: reqwest::ClientBuilder) -> reqwest::ClientBuilder {
    client
}

impl From<Client> for HttpClient {
    fn from(client: Client) -> Self {
        Self { client }
    }
}

impl Transport for HttpClient {
    fn exchange(
        &self,
        request: Request<Bytes>,
        max_body: usize,
    ) -> BoxFuture<'_, Result<Response<Bytes>, Cause>> {
        Box::pin(async move {
            let request = reqwest::Request::try_from(request).map_err(transport)?;
            let asked = request.url().clone();
            let response = self.client.execute(request).await.map_err(transport)?;
            // A client of the application's may follow redirects, and an answer from elsewhere is nobody's word.
            if *response.url() != asked {
                return Err(Cause::Redirected);
            }
            collect(Response::from(response), max_body).await
        })
    }

    #[cfg(feature = "proxy")]
    fn stream(
        &self,
        request: Request<StreamBody>,
    ) -> BoxFuture<'_, Result<Response<StreamBody>, Lost>> {
        Box::pin(async move {
            let request = request.map(|body| reqwest::Body::wrap(Alone::new(body)));
            let request = reqwest::Request::try_from(request).map_err(lost)?;
            let asked = request.url().clone();
            let response = self.client.execute(request).await.map_err(lost)?;
            if *response.url() != asked {
                let (cause, sent) = (Cause::Redirected, Sent::Maybe);
                return Err(Lost { cause, sent });
            }
            let response = Response::from(response);
            Ok(response.map(|body| {
                body.map_err(|error| error.without_url().into())
                    .boxed_unsync()
            }))
        })
    }
}

/// Without the address, whose path is a client's, and can be the token of a password reset.
#[cfg(feature = "proxy")]
fn lost(error: reqwest::Error) -> Lost {
    let sent = if error.is_connect() {
        Sent::No
    } else {
        Sent::Maybe
    };
    Lost {
        cause: Cause::of_transport(error.without_url().into()),
        sent,
    }
}

/// Without the query, which can hold what a client sent.
fn transport(mut error: reqwest::Error) -> Cause {
    if let Some(url) = error.url_mut() {
        url.set_query(None);
    }
    Cause::of_transport(error.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_error_names_the_address_and_nothing_that_a_client_sent() {
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let nobody = listener.local_addr().unwrap();
        drop(listener);
        let client = HttpClient::new(Duration::from_secs(1), Tls::NotNeeded).unwrap();
        let uri = format!("http://{nobody}/role?organizationId=from-a-client");
        let request = Request::get(uri).body(Bytes::new()).unwrap();
        let cause = client.exchange(request, 1).await.unwrap_err().to_string();
        assert!(cause.contains(&format!("http://{nobody}/role")), "{cause}");
        assert!(!cause.contains("from-a-client"), "{cause}");
    }
}
