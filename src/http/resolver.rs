//! The addresses of hosts.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// The system's resolver, with an error type of its own.
#[derive(Debug)]
pub(super) struct Resolver;

/// A host without an address.
#[derive(Debug, thiserror::Error)]
#[error("name not found")]
pub(super) struct NameNotFound;

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            // The loopback address, even if a hosts file differs (RFC 6761 section 6.3).
            if name.as_str() == "localhost" {
                let loopback = [SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), SocketAddr::from((Ipv6Addr::LOCALHOST, 0))];
                return Ok(Box::new(loopback.into_iter()) as Addrs);
            }
            let addresses: Vec<SocketAddr> =
                tokio::net::lookup_host((name.as_str(), 0)).await.map_err(|_| NameNotFound)?.collect();
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}
