//! JSON that is safe to show on a terminal and still exact.

use std::fmt::Write;

use serde_json::Value;

use crate::platform::sanitise::{is_control, marked};

/// Writes a value, over several lines when `pretty`. Control characters that JSON allows in strings are escaped, which
/// every reader undoes.
pub fn safe_json(value: &Value, pretty: bool) -> String {
    let text = if pretty { serde_json::to_string_pretty(value) } else { serde_json::to_string(value) };
    escape(&text.unwrap_or_default())
}

/// Escapes control characters, which occur only inside strings. The line feeds of the pretty form stay.
pub(super) fn escape(text: &str) -> String {
    let plain = text.bytes().all(|byte| matches!(byte, b' '..=b'~' | b'\n'));
    if plain || !text.chars().any(|character| character != '\n' && is_control(character)) {
        return text.to_owned();
    }
    let mut escaped = String::with_capacity(text.len() + 16);
    let mut units = [0; 2];
    for (character, is_harmful) in marked(text) {
        if character != '\n' && is_harmful {
            for unit in character.encode_utf16(&mut units) {
                let _ = write!(escaped, "\\u{unit:04x}");
            }
        } else {
            escaped.push(character);
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_order_of_keys_and_the_digits_of_numbers_stay() {
        let text = r#"{"z":1.50,"a":12345678901234567890123,"m":[1e3]}"#;
        let expected = r#"{"z":1.50,"a":12345678901234567890123,"m":[1e+3]}"#;
        let written = safe_json(&serde_json::from_str(text).unwrap(), false);
        assert!(written == text || written == expected, "{written}");
    }

    proptest! {
        #[test]
        fn property_66_every_text_comes_back_and_shows_no_control_character(text in any::<String>(), pretty in any::<bool>()) {
            let value = Value::from(text);
            let written = safe_json(&value, pretty);
            prop_assert!(!marked(&written).any(|(_, is_harmful)| is_harmful));
            prop_assert_eq!(serde_json::from_str::<Value>(&written).unwrap(), value);
        }
    }
}
