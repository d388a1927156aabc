//! The certificates that TLS trusts.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rustls::RootCertStore;
use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use super::Error;
use crate::platform::encoding::decode;
use crate::platform::input::{InputError, Source, describe_contents};

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

/// The size limit of `SSL_CERT_FILE`, in bytes: a hundred times that of the system's roots.
const LARGEST_FILE: u64 = 32 * 1024 * 1024;

/// Which roots to trust.
#[derive(Debug, Clone, Default)]
pub struct TrustRoots {
    /// `SSL_CERT_FILE`: this file instead of the system's.
    pub file: Option<PathBuf>,
    /// `SSL_CERT_DIR`: these directories instead of the system's.
    pub directories: Vec<PathBuf>,
}

impl TrustRoots {
    /// What encrypts every connection.
    pub const TLS: &str = "rustls with ring";

    /// Where the roots come from, in words; reads no certificate.
    #[must_use]
    pub fn source(&self) -> String {
        let shown = |variable: &str, path: &Path| match describe_contents(path.as_os_str()) {
            Some(contents) => format!("{variable}, which is {contents} and not a path"),
            None => format!("{} ({variable})", path.display()),
        };
        let file = self.file.iter().map(|path| shown("SSL_CERT_FILE", path));
        let named: Vec<String> = file.chain(self.directories.iter().map(|path| shown("SSL_CERT_DIR", path))).collect();
        if !named.is_empty() {
            return named.join(" and ");
        }
        system_bundle().map_or_else(|| String::from("the operating system"), |bundle| bundle.display().to_string())
    }

    /// The TLS configuration of every connection; reads the certificates.
    pub(super) fn tls_config(&self) -> Result<rustls::ClientConfig, Error> {
        configuration(self.load()?)
    }

    fn load(&self) -> Result<RootCertStore, Error> {
        let mut roots = RootCertStore::empty();
        if self.file.is_none() && self.directories.is_empty() {
            return system_roots();
        }
        if let Some(path) = &self.file {
            let bytes = Source::File(path.clone()).read(LARGEST_FILE).map_err(|error| match error {
                InputError::Interrupted(interruption) => Error::Interrupted(interruption),
                InputError::NoPath(_) => invalid(String::from("SSL_CERT_FILE"), error.to_string()),
                InputError::Unreadable { cause, .. } => in_file(path, format!("it cannot be read: {cause}")),
                InputError::TooLarge { .. } | InputError::NotText { .. } => in_file(path, "it is too large"),
            })?;
            add_certificates(&mut roots, bytes).map_err(|cause| in_file(path, cause))?;
        }
        for directory in &self.directories {
            if let Some(contents) = describe_contents(directory.as_os_str()) {
                return Err(invalid(String::from("SSL_CERT_DIR"), format!("it is {contents}, not a path")));
            }
            if let Err(error) = std::fs::read_dir(directory) {
                return Err(invalid(
                    format!("SSL_CERT_DIR {}", directory.display()),
                    format!("cannot open it: {error}"),
                ));
            }
            let found = rustls_native_certs::load_certs_from_paths(None, Some(directory));
            roots.add_parsable_certificates(found.certs);
        }
        if roots.is_empty() {
            let paths: Vec<String> = self.directories.iter().map(|path| path.display().to_string()).collect();
            return Err(invalid(format!("SSL_CERT_DIR {}", paths.join(", ")), "there is no certificate in it"));
        }
        Ok(roots)
    }
}

fn in_file(path: &Path, cause: impl Into<String>) -> Error {
    invalid(format!("SSL_CERT_FILE {}", path.display()), cause)
}

fn invalid(source_of_roots: String, cause: impl Into<String>) -> Error {
    Error::TrustInvalid { source_of_roots, cause: cause.into() }
}

/// The file in which the system keeps all its roots, where there is one.
fn system_bundle() -> Option<&'static Path> {
    BUNDLES.iter().map(Path::new).find(|bundle| bundle.is_file())
}

/// The roots that the system trusts.
fn system_roots() -> Result<RootCertStore, Error> {
    let bundle = system_bundle();
    if let Some(roots) = bundle.and_then(plain_bundle) {
        return Ok(roots);
    }
    let found = match bundle {
        Some(bundle) => rustls_native_certs::load_certs_from_paths(Some(bundle), None),
        None => rustls_native_certs::load_native_certs(),
    };
    let mut roots = RootCertStore::empty();
    // As in every TLS client, a root that rustls cannot read is left out.
    let (added, _ignored) = roots.add_parsable_certificates(found.certs);
    if added > 0 {
        return Ok(roots);
    }
    let cause = found.errors.first().map_or_else(|| String::from("there are none"), ToString::to_string);
    Err(invalid(String::from("the trusted root certificates of the system cannot be read"), cause))
}

/// Adds the certificates of a file that the user named: PEM in UTF-8 or UTF-16, or one in DER.
fn add_certificates(roots: &mut RootCertStore, bytes: Vec<u8>) -> Result<(), String> {
    if bytes.is_empty() {
        return Err(String::from("it is empty"));
    }
    let bytes = decode(&bytes).map_or(bytes, String::into_bytes);
    let is_pem = bytes.windows(5).any(|window| window == b"-----");
    let certificates: Vec<CertificateDer<'_>> = match std::str::from_utf8(&bytes).ok().and_then(plain_certificates) {
        Some(certificates) if !certificates.is_empty() => certificates,
        _ if is_pem => CertificateDer::pem_slice_iter(&bytes).filter_map(Result::ok).collect(),
        _ => vec![CertificateDer::from(&bytes[..])],
    };
    match roots.add_parsable_certificates(certificates) {
        (0, 0) => Err(String::from("there is no certificate in it")),
        (0, _) if !is_pem => Err(String::from("it is neither PEM nor a certificate in DER")),
        (0, _) => Err(String::from("none of its certificates can be read")),
        _ => Ok(()),
    }
}

/// Returns a configuration without trust roots, for connections without TLS.
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

/// The roots in a bundle that has nothing unusual in it; `None` where there is anything for the library to judge.
fn plain_bundle(file: &Path) -> Option<RootCertStore> {
    // A pipe can be read only once.
    let text = file.is_file().then(|| std::fs::read_to_string(file).ok())??;
    let mut roots = RootCertStore::empty();
    // One that cannot be read is left out, as above.
    roots.add_parsable_certificates(plain_certificates(&text)?);
    (!roots.is_empty()).then_some(roots)
}

/// The certificates of PEM that has nothing unusual in it. The library's constant-time decoder takes 5 million
/// instructions more, of the 15 million that a create may take.
fn plain_certificates(text: &str) -> Option<Vec<CertificateDer<'static>>> {
    let mut certificates = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if !line.starts_with("-----") {
            continue;
        }
        if line != "-----BEGIN CERTIFICATE-----" {
            return None;
        }
        let mut base64 = Vec::new();
        loop {
            match lines.next()? {
                "-----END CERTIFICATE-----" => break,
                line => base64.extend_from_slice(line.as_bytes()),
            }
        }
        certificates.push(STANDARD.decode(&base64).ok()?.into());
    }
    Some(certificates)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    const FIRST: &str = "-----BEGIN CERTIFICATE-----\nAAEC\nAwQ=\n-----END CERTIFICATE-----\n";

    fn read(text: &str) -> Option<Vec<Vec<u8>>> {
        plain_certificates(text).map(|all| all.into_iter().map(|der| der.to_vec()).collect())
    }

    fn file(text: &str) -> tempfile::NamedTempFile {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        file
    }

    #[test]
    fn a_plain_bundle_is_read_as_the_library_reads_it() {
        let other = FIRST.replace("AAEC", "AAED");
        for text in [FIRST.to_owned(), format!("# a\n{FIRST}\n\nb\n{other}"), FIRST.replace('\n', "\r\n")] {
            let library = rustls_native_certs::load_certs_from_paths(Some(file(&text).path()), None);
            assert!(library.errors.is_empty(), "{text}: {:?}", library.errors);
            let library: Vec<_> = library.certs.iter().map(|certificate| certificate.to_vec()).collect();
            assert_eq!(read(&text), Some(library), "{text}");
        }
        assert_eq!(read(FIRST), Some(vec![vec![0, 1, 2, 3, 4]]));
    }

    #[test]
    fn what_is_unusual_is_left_to_the_library() {
        for text in [
            FIRST.replace("CERTIFICATE", "TRUSTED CERTIFICATE"),
            FIRST.replace("AAEC", "AA EC"),
            FIRST.replace("AAEC", "AAE"),
            FIRST.replace("AAEC", "AAE="),
            FIRST.replace("-----END CERTIFICATE-----\n", ""),
            FIRST.replace("BEGIN CERTIFICATE-----", "BEGIN CERTIFICATE----- "),
        ] {
            assert_eq!(read(&text), None, "{text}");
        }
        assert!(plain_bundle(file(FIRST).path()).is_none(), "without any root there is nothing to trust");
        assert!(plain_bundle(file("").path()).is_none());
        assert!(plain_bundle(Path::new("/dev/null")).is_none());
    }
}
