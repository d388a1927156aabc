//! Errors of HTTP requests.

use std::io;

use super::resolver::NameNotFound;
use crate::platform::signals::Interruption;

/// Why there is no usable response. Messages name the host, never the query, the body or a proxy's password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The host has no address.
    #[error("cannot resolve {host}: no such host")]
    NameNotFound {
        /// The host.
        host: String,
    },
    /// Nothing listens there.
    #[error("{host} refused the connection")]
    Refused {
        /// The host and port.
        host: String,
    },
    /// No connection for another reason, such as an unreachable network.
    #[error("cannot connect to {host}: {cause}")]
    NotConnected {
        /// The host and port.
        host: String,
        /// The error of the layer below.
        cause: String,
    },
    /// No connection for a reason that rarely passes soon: no further file descriptor, no way to the SOCKS proxy, or no TLS.
    #[error("cannot connect to {host}: {cause}")]
    Unreachable {
        /// The host and port.
        host: String,
        /// The reason.
        cause: String,
    },
    /// No connection in time: nothing was sent.
    #[error("connecting to {host} timed out")]
    ConnectTimeout {
        /// The host and port.
        host: String,
    },
    /// The certificate is not trusted.
    #[error("the certificate of {host} is not trusted: {cause}")]
    Untrusted {
        /// The host.
        host: String,
        /// What is wrong with it.
        cause: String,
    },
    /// The request was sent, perhaps, and no whole answer came in time.
    #[error("{host} did not answer in time")]
    Timeout {
        /// The host and port.
        host: String,
    },
    /// The connection broke after the request may have been sent.
    #[error("{host} closed the connection without an answer")]
    Lost {
        /// The host and port.
        host: String,
    },
    /// A redirect, which is not followed: a token goes only to hosts that were configured.
    #[error("{host} redirected ({status}) to {target}; chatauth follows no redirects")]
    Redirect {
        /// The host and port.
        host: String,
        /// 301, 302, 303, 307 or 308.
        status: u16,
        /// The origin it points to, without path and query.
        target: String,
    },
    /// A proxy variable that cannot be used.
    #[error("the value of {variable} {cause}")]
    ProxyInvalid {
        /// The name of the variable.
        variable: &'static str,
        /// What is wrong with its value, which is not quoted: it may hold a password.
        cause: String,
    },
    /// The proxy requires other credentials.
    #[error("{proxy} {cause}")]
    ProxyAuthentication {
        /// The proxy, with its variable.
        proxy: String,
        /// What it wants.
        cause: String,
    },
    /// The proxy refused to connect to the host.
    #[error("{proxy} refused to connect to {host}{}", .status.map(|status| format!(" ({status})")).unwrap_or_default())]
    ProxyRefused {
        /// The proxy, with its variable.
        proxy: String,
        /// The host of the request.
        host: String,
        /// The status of its answer, where that is known.
        status: Option<u16>,
    },
    /// The trust roots of a variable, or of the system, cannot be used.
    #[error("{source_of_roots}: {cause}")]
    TrustInvalid {
        /// The variable and its file or directory, or the system.
        source_of_roots: String,
        /// What is wrong.
        cause: String,
    },
    /// A signal arrived while a file was read.
    #[error("{0}")]
    Interrupted(Interruption),
    /// The request or the client cannot be built.
    #[error("{0}")]
    Setup(String),
}

impl Error {
    /// Whether the server may have acted on the request.
    pub fn may_have_been_sent(&self) -> bool {
        matches!(self, Self::Timeout { .. } | Self::Lost { .. })
    }

    /// Classifies an error of reqwest. `host` is the authority of the request, and `proxy` names the proxy that carried it.
    pub(super) fn from_reqwest(error: &reqwest::Error, host: &str, proxy: Option<String>) -> Self {
        if error.is_builder() {
            return Self::Setup(format!("cannot build the request to {host}"));
        }
        Self::from_chain(error, error.is_connect(), error.is_timeout(), host, proxy)
    }

    /// Classifies an error by its kind and its sources.
    fn from_chain(
        error: &(dyn std::error::Error + 'static),
        is_connect: bool,
        is_timeout: bool,
        host: &str,
        proxy: Option<String>,
    ) -> Self {
        let chain =
            || std::iter::successors(error.source(), |inner: &&(dyn std::error::Error + 'static)| (*inner).source());
        // The HTTP library has no type that can be named for a proxy that was not reached, only its message.
        let is_of_proxy = |text: String| text.ends_with(" error: failed to create underlying connection");
        let host = match proxy.filter(|_| is_connect) {
            Some(proxy) if chain().any(|inner| is_of_proxy(inner.to_string())) => proxy,
            Some(proxy) => format!("{host} through {proxy}"),
            None => host.to_owned(),
        };
        if let Some(cause) = chain().find_map(find_tls) {
            return match cause {
                rustls::Error::InvalidCertificate(reason) => Self::Untrusted { host, cause: certificate(reason) },
                rustls::Error::InvalidMessage(_) if is_connect => {
                    Self::Unreachable { host, cause: String::from("it does not speak TLS") }
                }
                other if is_connect => Self::NotConnected { host, cause: format!("TLS: {other}") },
                other => {
                    // After the handshake the server may have read the request.
                    log::debug!("TLS: {other}");
                    Self::Lost { host }
                }
            };
        }
        if !is_connect {
            return if is_timeout { Self::Timeout { host } } else { Self::Lost { host } };
        }
        if chain().any(<dyn std::error::Error>::is::<NameNotFound>) {
            return Self::NameNotFound { host };
        }
        let io_errors = || chain().filter_map(|inner| inner.downcast_ref::<io::Error>());
        if let Some(cause) = io_errors().find(|error| is_out_of_descriptors(error)) {
            return Self::Unreachable { cause: cause.to_string(), host };
        }
        // The error has no source that would tell why.
        if chain().any(|inner| inner.to_string() == "SOCKS error: failed to create underlying connection") {
            return Self::Unreachable { cause: String::from("the proxy cannot be reached"), host };
        }
        let kinds = || io_errors().map(io::Error::kind);
        if is_timeout || kinds().any(|kind| kind == io::ErrorKind::TimedOut) {
            return Self::ConnectTimeout { host };
        }
        if kinds().any(|kind| kind == io::ErrorKind::ConnectionRefused) {
            return Self::Refused { host };
        }
        let cause = chain().last().map_or_else(|| String::from("unknown cause"), ToString::to_string);
        Self::NotConnected { host, cause }
    }
}

/// Whether this process or system has no file descriptor left for a connection.
#[cfg(unix)]
fn is_out_of_descriptors(error: &io::Error) -> bool {
    use rustix::io::Errno;
    error
        .raw_os_error()
        .is_some_and(|code| [Errno::MFILE, Errno::NFILE].iter().any(|known| known.raw_os_error() == code))
}

/// Always false: no such limit is known on this platform.
#[cfg(not(unix))]
fn is_out_of_descriptors(_error: &io::Error) -> bool {
    false
}

/// rustls' errors travel inside io errors, one or two deep, whose `source` is not the error they wrap.
fn find_tls<'a>(error: &'a (dyn std::error::Error + 'static)) -> Option<&'a rustls::Error> {
    error.downcast_ref::<rustls::Error>().or_else(|| find_tls(error.downcast_ref::<io::Error>()?.get_ref()?))
}

fn certificate(reason: &rustls::CertificateError) -> String {
    use rustls::CertificateError as Reason;
    match reason {
        Reason::UnknownIssuer => String::from("it was not issued by an authority that this machine trusts"),
        Reason::Expired | Reason::ExpiredContext { .. } => {
            String::from("it has expired, or this machine's clock is wrong")
        }
        Reason::NotValidYet | Reason::NotValidYetContext { .. } => {
            String::from("it is not valid yet, or this machine's clock is wrong")
        }
        Reason::NotValidForName | Reason::NotValidForNameContext { .. } => {
            String::from("it was issued for another name")
        }
        Reason::Revoked => String::from("it has been revoked"),
        Reason::InvalidPurpose | Reason::InvalidPurposeContext { .. } => String::from("it was not issued for servers"),
        // rustls-webpki has no error type for this, only its message.
        Reason::Other(error) if error.to_string().contains("CaUsedAsEndEntity") => {
            String::from("it is the certificate of an authority, which a server cannot use as its own")
        }
        _ => String::from("it is damaged, or signed in a way that is not supported"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An error around an input/output error, as HTTP libraries hand it on.
    #[derive(Debug, thiserror::Error)]
    #[error("outer")]
    struct Around(#[source] io::Error);

    #[cfg(unix)]
    #[test]
    fn a_connection_without_a_file_descriptor_is_tried_as_often_as_an_unreachable_host() {
        use super::super::retry::{Outcome, classify};
        for errno in [rustix::io::Errno::MFILE, rustix::io::Errno::NFILE] {
            let error = Around(io::Error::from_raw_os_error(errno.raw_os_error()));
            let error = Error::from_chain(&error, true, false, "h", None);
            assert!(matches!(error, Error::Unreachable { .. }), "{error:?}");
            assert!(!error.may_have_been_sent());
            assert_eq!(classify(&Err(error), time::OffsetDateTime::UNIX_EPOCH), Outcome::Unreachable);
        }
    }

    #[test]
    fn what_breaks_after_the_handshake_may_have_been_sent() {
        let host = || String::from("h");
        let broken = Around(io::Error::other(rustls::Error::DecryptError));
        assert_eq!(Error::from_chain(&broken, false, false, "h", None), Error::Lost { host: host() });
        assert!(!Error::from_chain(&broken, true, false, "h", None).may_have_been_sent());
        let reason = rustls::CertificateError::UnknownIssuer;
        let untrusted = Around(io::Error::other(rustls::Error::InvalidCertificate(reason)));
        assert!(matches!(Error::from_chain(&untrusted, true, false, "h", None), Error::Untrusted { .. }));
    }
}
