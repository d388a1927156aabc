//! The one HTTP client: deadlines, trust roots, proxies, masking, and the decision whether to retry.

mod client;
mod deadline;
mod endpoint;
mod error;
mod proxy;
mod redact;
pub mod retry;
mod trust;

pub use client::{Client, Config, Request, Response};
pub use endpoint::{Endpoint, EndpointError};
pub use error::Error;
pub use proxy::{Proxies, ProxySetting};
pub use trust::TrustRoots;
