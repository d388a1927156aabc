//! The one HTTP client: limits, trust roots, proxies, and the decision whether to try again.

mod client;
mod endpoint;
mod error;
mod limit;
mod proxy;
mod redact;
pub mod retry;
mod trust;

pub use client::{Client, Config, Request, Response};
pub use endpoint::{Endpoint, EndpointError};
pub use error::Error;
pub use proxy::Proxies;
pub use trust::TrustRoots;
