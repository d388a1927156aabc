//! The Cloud project of a client.

use serde_json::{Map, Value};

/// Returns the project of the client that has these members.
///
/// The project number stands before the first hyphen of the client id; older files say the project's id.
pub(super) fn project_of(members: &Map<String, Value>) -> Option<String> {
    let member = |name: &str| members.get(name).and_then(Value::as_str);
    let number = member("client_id").and_then(project_number);
    let plain = |id: &&str| {
        !id.is_empty()
            && id.len() <= 64
            && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-:.".contains(&byte))
    };
    number.or_else(|| member("project_id").filter(plain)).map(str::to_owned)
}

/// Returns the number of the project that a client belongs to, which begins its client id.
pub(in crate::auth) fn project_number(client_id: &str) -> Option<&str> {
    let (number, _) = client_id.split_once('-')?;
    (!number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())).then_some(number)
}
