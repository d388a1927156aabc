//! Resource names ([AIP-122](https://google.aip.dev/122)), with or without their collection.

/// Why a text is no such name; to be read after the text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Nothing there.
    #[error("is empty")]
    Empty,
    /// Another collection than the one that belongs here.
    #[error("should be in {0}")]
    OtherCollection(&'static str),
    /// A slash, a space or another character that names do not have.
    #[error("has characters that no name has")]
    Characters,
    /// A group's e-mail address.
    #[error("is an e-mail address; the Chat API takes groups by their Cloud Identity id (groups/{{id}})")]
    GroupAddress,
}

/// `users/{user}` for an e-mail address, `users/ID` or a bare id.
pub fn user_name(text: &str) -> Result<String, NameError> {
    name(text, "users/")
}

/// `groups/{group}` for `groups/ID` or a bare id.
pub fn group_name(text: &str) -> Result<String, NameError> {
    if text.contains('@') { Err(NameError::GroupAddress) } else { name(text, "groups/") }
}

/// `audiences/{audience}` for `default`, an id, or `audiences/ID`.
pub fn audience_name(text: &str) -> Result<String, NameError> {
    name(text, "audiences/")
}

fn name(text: &str, collection: &'static str) -> Result<String, NameError> {
    let text = text.trim();
    let id = text.strip_prefix(collection).unwrap_or(text);
    if id.is_empty() {
        return Err(NameError::Empty);
    }
    if id.contains('/') {
        return Err(NameError::OtherCollection(collection));
    }
    let odd = |character: char| character.is_whitespace() || character.is_control() || "?#%\\\"<>".contains(character);
    if id.chars().any(odd) || id == "." || id == ".." {
        return Err(NameError::Characters);
    }
    Ok(format!("{collection}{id}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_may_stand_with_and_without_their_collection() {
        assert_eq!(user_name("ada@example.com").unwrap(), "users/ada@example.com");
        assert_eq!(user_name(" users/108 ").unwrap(), "users/108");
        assert_eq!(group_name("01abc").unwrap(), "groups/01abc");
        assert_eq!(audience_name("default").unwrap(), "audiences/default");
    }

    #[test]
    fn what_is_no_name_is_said_to_be_none() {
        for (result, expected) in [
            (user_name(""), NameError::Empty),
            (user_name("users/"), NameError::Empty),
            (user_name("groups/1"), NameError::OtherCollection("users/")),
            (user_name("a b"), NameError::Characters),
            (user_name("a?b"), NameError::Characters),
            (user_name(".."), NameError::Characters),
            (group_name("team@example.com"), NameError::GroupAddress),
        ] {
            assert_eq!(result, Err(expected));
        }
    }
}
