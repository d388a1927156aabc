//! Whom TLS trusts: the system's roots, read as cheaply as they can be.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::RootCertStore;
use rustls::crypto::ring;

use super::Error;

/// Where the platforms keep all their roots in one file. Reading that file alone costs a fifth of reading the
/// directory of hashed links beside it.
const BUNDLES: &[&str] = &[
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
    "/usr/local/etc/ssl/cert.pem",
];

/// Which roots to trust.
#[derive(Debug, Clone, Default)]
pub struct TrustRoots {
    /// `SSL_CERT_FILE`: this file instead of the system's.
    pub file: Option<PathBuf>,
    /// `SSL_CERT_DIR`: this directory instead of the system's.
    pub directory: Option<PathBuf>,
}

impl TrustRoots {
    /// The TLS configuration of every connection; reads the certificates.
    pub(super) fn tls_config(&self) -> Result<rustls::ClientConfig, Error> {
        configuration(self.load()?)
    }

    fn load(&self) -> Result<RootCertStore, Error> {
        let found = if self.file.is_some() || self.directory.is_some() {
            rustls_native_certs::load_certs_from_paths(self.file.as_deref(), self.directory.as_deref())
        } else if let Some(bundle) = BUNDLES.iter().map(Path::new).find(|bundle| bundle.is_file()) {
            rustls_native_certs::load_certs_from_paths(Some(bundle), None)
        } else {
            rustls_native_certs::load_native_certs()
        };
        let mut roots = RootCertStore::empty();
        // A root that rustls cannot read is left out, as every TLS client does; none at all is an error.
        let (added, _ignored) = roots.add_parsable_certificates(found.certs);
        if added > 0 {
            return Ok(roots);
        }
        let cause = found.errors.first().map_or_else(|| String::from("there are none"), ToString::to_string);
        Err(Error::Setup(format!("no trusted root certificates could be read: {cause}")))
    }
}

/// A configuration that trusts nobody, for connections that use no TLS.
pub(super) fn without_roots() -> Result<rustls::ClientConfig, Error> {
    configuration(RootCertStore::empty())
}

fn configuration(roots: RootCertStore) -> Result<rustls::ClientConfig, Error> {
    let mut config = rustls::ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| Error::Setup(error.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}
