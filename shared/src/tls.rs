//! TLS for clients that speak HTTP.

/// Trusts the roots of the web (Mozilla's list), with the one provider that Hark is built with.
///
/// # Panics
/// Never: the provider's own cipher suites fit its own protocol versions.
#[must_use]
pub fn client_config() -> rustls::ClientConfig {
    let roots = rustls::RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let provider = rustls::crypto::aws_lc_rs::default_provider();
    rustls::ClientConfig::builder_with_provider(provider.into())
        .with_safe_default_protocol_versions()
        .expect("the provider's own cipher suites fit its own protocol versions")
        .with_root_certificates(roots)
        .with_no_client_auth()
}
