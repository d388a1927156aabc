//! Certificates in three steps, as the real ones are: a root, an authority that it has signed, and the server's.

use rcgen::{BasicConstraints, Certificate, CertificateParams, DnType, Error, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;

/// An authority that nobody trusts unless told to.
pub(crate) struct Authority {
    root: Certificate,
    intermediate: Certificate,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    /// An authority with keys of its own, which live as long as it does.
    pub(crate) fn new() -> Result<Self, Error> {
        let (root_params, root_key) = (authority("benchmark root")?, KeyPair::generate()?);
        let root = root_params.self_signed(&root_key)?;
        let (params, key) = (authority("benchmark authority")?, KeyPair::generate()?);
        let intermediate = params.signed_by(&key, &Issuer::new(root_params, root_key))?;
        Ok(Self { root, intermediate, issuer: Issuer::new(params, key) })
    }

    /// The certificate to trust.
    pub(crate) fn pem(&self) -> String {
        self.root.pem()
    }

    /// A server of these names that speaks both versions of HTTP.
    pub(crate) fn server(&self, names: &[&str]) -> Result<ServerConfig, Box<dyn std::error::Error>> {
        let params = CertificateParams::new(names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>())?;
        let key = KeyPair::generate()?;
        let certificate = params.signed_by(&key, &self.issuer)?;
        let chain = vec![certificate.der().clone(), self.intermediate.der().clone()];
        let mut config = ServerConfig::builder_with_provider(rustls::crypto::ring::default_provider().into())
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(chain, PrivateKeyDer::Pkcs8(key.serialize_der().into()))?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(config)
    }
}

fn authority(name: &str) -> Result<CertificateParams, Error> {
    let mut params = CertificateParams::new(Vec::new())?;
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    Ok(params)
}
