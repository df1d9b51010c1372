//! One server of the test's own, whose connections it may close.

use std::fs;
use std::path::PathBuf;

use rcgen::{CertifiedKey, generate_simple_self_signed};
use tempfile::TempDir;

use super::Nodes;
use super::server::{Server, free_ports};

const PASSWORD: &str = "alone";

pub async fn start() -> Nodes {
    let [port] = free_ports().await;
    let server = Server::start(port, PASSWORD, "", "save \"\"");
    server.until_it_answers().await;
    Nodes::new(server.url(), vec![server], vec![])
}

/// A certificate for 127.0.0.1 that signs itself; removed on drop.
pub struct Certificate {
    folder: TempDir,
}

impl Certificate {
    pub fn make() -> Self {
        let folder = TempDir::new().expect("a folder");
        let made = generate_simple_self_signed(["127.0.0.1".to_owned()]).expect("a certificate");
        let CertifiedKey { cert, signing_key } = made;
        fs::write(folder.path().join("cert.pem"), cert.pem()).expect("it is written");
        fs::write(folder.path().join("key.pem"), signing_key.serialize_pem()).expect("it is written");
        Self { folder }
    }

    /// What a program must trust, in PEM.
    pub fn path(&self) -> PathBuf {
        self.folder.path().join("cert.pem")
    }

    /// The key of whoever has it, in PEM.
    pub fn key(&self) -> PathBuf {
        self.folder.path().join("key.pem")
    }

    fn settings(&self) -> String {
        let folder = self.folder.path().display();
        format!("tls-cert-file {folder}/cert.pem\ntls-key-file {folder}/key.pem\ntls-auth-clients no\n")
    }
}

/// One that speaks TLS on another port, which its URL names.
pub async fn start_over_tls(certificate: &Certificate) -> Nodes {
    let [port, tls_port] = free_ports().await;
    let lines = format!(
        "save \"\"\ntls-port {tls_port}\ntls-ca-cert-file {}\n{}",
        certificate.path().display(),
        certificate.settings()
    );
    let server = Server::start(port, PASSWORD, "", &lines);
    server.until_it_answers().await;
    let url = format!("rediss://default:{PASSWORD}@127.0.0.1:{tls_port}");
    Nodes::new(url, vec![server], vec![])
}
