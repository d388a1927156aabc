//! The identity of a row: its author's key, or else its content.

use serde_json::Value;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::columns::{RowFault, Values};
use crate::platform::sanitise::quoted;

/// The namespace of request ids that follow from keys, so that they differ from another program's.
const KEY_NAMESPACE: Uuid = Uuid::from_u128(0x7e4e_2e0a_94a5_4c0e_9f64_53f3_5c1b_8a2d);

/// Returns the request id of an idempotency key: the same for the same text, everywhere.
pub fn request_id_of_key(key: &str) -> String {
    Uuid::new_v5(&KEY_NAMESPACE, key.as_bytes()).to_string()
}

/// The identity of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Identity {
    /// The author's key or request id, or else the hash of the content.
    pub(super) text: String,
    /// The hash of the content.
    pub(super) content: String,
    /// The request id of the author, or of their key. Nothing ever replaces it.
    pub(super) request_id: Option<String>,
}

impl Identity {
    /// Takes `idempotency-key` and `request-id` out of a row. Values that equal a default are not part of its content.
    pub(super) fn extract(values: &mut Values, defaults: &Values) -> Result<Self, RowFault> {
        let mut text = |name| Some(values.0.shift_remove(name)?.as_str()?.trim().to_owned());
        let (key, given) = (text("idempotency-key"), text("request-id"));
        let stated = values.iter().filter(|(name, value)| defaults.get(name) != Some(value));
        let mut stated: Value = stated.map(|(name, value)| (name.clone(), value.clone())).collect();
        stated.sort_all_objects();
        let content = format!("{:032x}", u128::from_be_bytes(digest(&stated.to_string())));
        let (text, request_id) = match (key, given) {
            (Some(_), Some(_)) => {
                return Err(RowFault::whole_row("give an idempotency-key or a request-id, not both"));
            }
            (Some(key), None) => (format!("key:{key}"), Some(request_id_of_key(&key))),
            (None, Some(given)) => {
                let id = Uuid::parse_str(&given)
                    .map_err(|_| RowFault::in_column("request-id", format!("{} is not a UUID", quoted(&given))))?
                    .to_string();
                (format!("id:{id}"), Some(id))
            }
            (None, None) => (content.clone(), None),
        };
        Ok(Self { text, content, request_id })
    }

    /// Whether the author gave a key or a request id, under which the content must not change once it was sent.
    pub(super) const fn keyed(&self) -> bool {
        self.request_id.is_some()
    }
}

/// Returns the first half of the SHA-256 of a text.
pub(super) fn digest(text: &str) -> [u8; 16] {
    let mut half = [0; 16];
    half.copy_from_slice(&Sha256::digest(text)[..16]);
    half
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn extract(members: Value) -> Result<Identity, RowFault> {
        let Value::Object(members) = members else { unreachable!() };
        let defaults = json!({"role":"member"}).as_object().unwrap().clone();
        Identity::extract(&mut Values(members), &Values(defaults))
    }

    #[test]
    fn rows_are_known_by_their_key_else_by_their_content() {
        let keyed = extract(json!({"name":"A","idempotency-key":" k "})).unwrap();
        assert_eq!(keyed.text, "key:k");
        assert_eq!(keyed.request_id, extract(json!({"name":"B","idempotency-key":"k"})).unwrap().request_id);
        assert_eq!(keyed.request_id, Some(request_id_of_key("k")));
        let plain = extract(json!({"name":"A"})).unwrap();
        assert_eq!((&plain.text, &plain.request_id), (&keyed.content, &None));
        let id = "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11";
        let given = extract(json!({"request-id":id.to_uppercase()})).unwrap();
        assert_eq!((given.text, given.request_id.as_deref()), (format!("id:{id}"), Some(id)));
        assert!(extract(json!({"request-id":"x"})).is_err());
        assert!(extract(json!({"request-id":id,"idempotency-key":"k"})).is_err());
    }

    #[test]
    fn the_content_is_the_same_whatever_the_order() {
        let content = |members| extract(members).unwrap().content;
        assert_eq!(content(json!({"a":"x","role":"member"})), content(json!({"a":"x"})));
        assert_ne!(content(json!({"a":"x","role":"owner"})), content(json!({"a":"x"})));
        assert_eq!(content(json!({"a":"x","b":{"c":1,"d":[2]}})), content(json!({"b":{"d":[2],"c":1},"a":"x"})));
        let all = [
            json!({"a":"x"}),
            json!({"a":"y"}),
            json!({"b":"x"}),
            json!({"a":["x"]}),
            json!({"a":["x","y"]}),
            json!({"a":["xy"]}),
            json!({"a":["y","x"]}),
            json!({"a":true}),
            json!({"a":"true"}),
            json!({"a":{"b":"x"}}),
            json!({}),
        ];
        let hashes: std::collections::HashSet<String> = all.iter().map(|members| content(members.clone())).collect();
        assert_eq!(hashes.len(), all.len());
    }
}
