//! The one HTTP client: limits, trust roots, proxies, and the decision whether to try again.

mod capped;
mod client;
mod delegation;
mod endpoint;
mod error;
mod limit;
mod redact;
pub mod retry;
mod trust;

pub use client::{Client, Config, Proxies, Request, Response};
pub use delegation::{Connector, HyperClient};
pub use endpoint::{Endpoint, EndpointError};
pub use error::Error;
pub use trust::TrustRoots;
