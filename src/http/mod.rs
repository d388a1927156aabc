//! The one HTTP client: deadlines, trust roots, proxies, masking, and the decision whether to retry.

mod client;
mod deadline;
mod endpoint;
mod error;
mod proxy;
mod redact;
mod request;
mod resolver;
pub mod retry;
mod trust;

pub use client::{Client, Config, Response};
pub use endpoint::{Endpoint, EndpointError};
pub use error::Error;
pub use proxy::{Proxies, ProxySetting};
pub use request::Request;
pub use trust::TrustRoots;
