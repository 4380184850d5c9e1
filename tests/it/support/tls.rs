//! TLS in front of a server that speaks in clear text.

use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    task::JoinSet,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{ServerConfig, crypto::aws_lc_rs, pki_types::PrivateKeyDer},
};

/// Passes on to `inner` what comes over TLS, until it is dropped.
pub(crate) struct TlsFront {
    address: SocketAddr,
    certificate: String,
    connections: Arc<AtomicUsize>,
    _accepting: JoinSet<()>,
}

impl TlsFront {
    /// Shows a certificate for `name` that nobody but itself has signed.
    pub(crate) async fn of(inner: SocketAddr, name: &str) -> Self {
        let signed = rcgen::generate_simple_self_signed([name.to_owned()]).unwrap();
        let certificate = signed.cert.pem();
        let acceptor = acceptor(signed);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Arc::new(AtomicUsize::new(0));
        let mut accepting = JoinSet::new();
        accepting.spawn(accept(listener, acceptor, inner, Arc::clone(&connections)));
        Self {
            address,
            certificate,
            connections,
            _accepting: accepting,
        }
    }

    /// Its URL by the name of this machine.
    pub(crate) fn url(&self) -> String {
        format!("https://localhost:{}", self.port())
    }

    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    /// In PEM.
    pub(crate) fn certificate(&self) -> &str {
        &self.certificate
    }

    /// How often somebody came, whether they agreed on TLS or not.
    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

fn acceptor(signed: rcgen::CertifiedKey<rcgen::KeyPair>) -> TlsAcceptor {
    let key = PrivateKeyDer::Pkcs8(signed.signing_key.serialize_der().into());
    // The process may have another provider of cryptography for its default, or none.
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![signed.cert.der().clone()], key)
        .unwrap();
    Arc::new(config).into()
}

async fn accept(
    listener: TcpListener,
    acceptor: TlsAcceptor,
    inner: SocketAddr,
    connections: Arc<AtomicUsize>,
) {
    // Dropped with the task, and the connections with it.
    let mut passing = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        connections.fetch_add(1, Ordering::SeqCst);
        let acceptor = acceptor.clone();
        passing.spawn(async move {
            // A client that does not believe the certificate hangs up.
            let _ = pass(stream, &acceptor, inner).await;
        });
    }
}

async fn pass(stream: TcpStream, acceptor: &TlsAcceptor, inner: SocketAddr) -> io::Result<()> {
    let mut outer = acceptor.accept(stream).await?;
    let mut inner = TcpStream::connect(inner).await?;
    copy_bidirectional(&mut outer, &mut inner).await?;
    Ok(())
}
