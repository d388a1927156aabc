//! The Cloud project of a client.

use serde_json::{Map, Value};

/// Returns the project of the client that has these members.
///
/// The project number stands before the first hyphen of the client id; older files say the project's id.
pub(super) fn project_of(members: &Map<String, Value>) -> Option<String> {
    let member = |name: &str| members.get(name).and_then(Value::as_str);
    let number = member("client_id")
        .and_then(|id| id.split_once('-'))
        .map(|(number, _)| number)
        .filter(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()));
    let plain = |id: &&str| {
        !id.is_empty()
            && id.len() <= 64
            && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-:.".contains(&byte))
    };
    number.or_else(|| member("project_id").filter(plain)).map(str::to_owned)
}
