//! TLS before a server that doesn't speak it.

use std::sync::Arc;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::failover::single::Certificate;

/// Passes what comes over TLS on to a port of this machine; ends with all its connections on drop.
pub struct TlsFront {
    pub port: u16,
    serving: JoinHandle<()>,
}

impl TlsFront {
    pub async fn start(certificate: &Certificate, behind: u16) -> Self {
        let acceptor = acceptor(certificate);
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("it listens").port();
        let serving = tokio::spawn(async move {
            let mut connections = tokio::task::JoinSet::new();
            while let Ok((socket, _)) = listener.accept().await {
                let acceptor = acceptor.clone();
                connections.spawn(async move {
                    let mut secure = acceptor.accept(socket).await?;
                    let mut plain = TcpStream::connect(("127.0.0.1", behind)).await?;
                    copy_bidirectional(&mut secure, &mut plain).await
                });
            }
        });
        Self { port, serving }
    }
}

impl Drop for TlsFront {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

fn acceptor(certificate: &Certificate) -> TlsAcceptor {
    let chain = vec![CertificateDer::from_pem_file(certificate.path()).expect("a certificate")];
    let key = PrivateKeyDer::from_pem_file(certificate.key()).expect("its key");
    let config = ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key);
    TlsAcceptor::from(Arc::new(config.expect("the key fits the certificate")))
}
