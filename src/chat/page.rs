//! Pages of lists ([AIP-158](https://google.aip.dev/158)).

use serde::Deserialize;
use serde_json::Value;

use super::method::Call;
use super::wire::Resource;

/// The page size and the position in a list.
#[derive(Debug, Clone, Default)]
pub struct Paging {
    /// The maximum number of items; the server has its own limit.
    pub page_size: Option<u32>,
    /// The token from the previous page.
    pub page_token: Option<String>,
}

/// One page.
#[derive(Debug, Clone)]
pub struct Page<Fields> {
    /// The items.
    pub items: Vec<Resource<Fields>>,
    /// The token of the next page; `None` on the last page.
    pub next_page_token: Option<String>,
}

impl Paging {
    pub(super) fn add_to(&self, call: Call) -> Call {
        call.query("pageSize", self.page_size.map(|size| size.to_string())).query("pageToken", self.page_token.as_ref())
    }
}

impl<Fields: for<'de> Deserialize<'de>> Page<Fields> {
    /// Parses a page whose items are under `key`. An empty list may be absent, as in all JSON of protocol
    /// buffers.
    pub(super) fn read(answer: &Value, key: &str) -> Option<Self> {
        Self::read_with(answer, key, |item| Some(item.clone()))
    }

    /// Like [`Self::read`], for items that wrap the resource.
    pub(super) fn read_with(answer: &Value, key: &str, inside: impl Fn(&Value) -> Option<Value>) -> Option<Self> {
        let object = answer.as_object()?;
        let items = match object.get(key) {
            None => Vec::new(),
            Some(Value::Array(items)) => {
                items.iter().map(|item| Resource::from_json(inside(item)?)).collect::<Option<Vec<_>>>()?
            }
            Some(_) => return None,
        };
        let next_page_token = match object.get("nextPageToken") {
            None | Some(Value::Null) => None,
            Some(token) => Some(token.as_str()?.to_owned()).filter(|token| !token.is_empty()),
        };
        Some(Self { items, next_page_token })
    }
}
