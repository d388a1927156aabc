//! Resource names ([AIP-122](https://google.aip.dev/122)), with or without their collection.

use std::fmt;

use url::Url;

/// Why text is not a valid name; formatted to follow the text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Empty text.
    #[error("is empty")]
    Empty,
    /// A name of another collection.
    #[error("is not a name in {0}")]
    OtherCollection(&'static str),
    /// A slash, a space or another character that is not allowed in names.
    #[error("contains a character that is not allowed in names")]
    Characters,
    /// Neither an email address nor an id of a user.
    #[error("is not an email address or user ID")]
    NotAUser,
    /// A URL that is not one of a space.
    #[error("is not the URL of a space, such as https://chat.google.com/room/AAAA")]
    NotASpaceAddress,
    /// A membership of another space.
    #[error("is a member of another space")]
    OtherSpace,
    /// Several names in one.
    #[error("is a list; pass one name at a time")]
    List,
    /// A link to an address.
    #[error("starts with mailto:; pass only the address")]
    Mailto,
    /// An address with a name around it, or in quotes.
    #[error("contains more than an address; pass only the address, such as ada@example.com")]
    SurroundingText,
    /// A character that cannot be seen, or that no address has.
    #[error("contains the invalid character U+{0:04X}")]
    InvalidCharacter(u32),
    /// Something around an @ that is no address.
    #[error("is not an email address")]
    InvalidEmail,
    /// A number as spreadsheets shorten it.
    #[error("is an ID that a spreadsheet has rounded; format the column as text and copy the ID again")]
    Rounded,
    /// A group's email address.
    #[error("is an email address; the Chat API accepts only the Cloud Identity ID of a group (groups/{{id}})")]
    GroupAddress,
}

/// Returns the last part of a resource name, as in "ada@example.com" of "users/ada@example.com".
pub fn id_of(name: &str) -> &str {
    name.rsplit_once('/').map_or(name, |(_, id)| id)
}

/// Whether two resource names are those of the same member. Email addresses are compared without case; IDs are not.
pub fn is_same_name(one: &str, other: &str) -> bool {
    one == other || one.contains('@') && one.eq_ignore_ascii_case(other)
}

/// Returns `users/{user}` for an email address, `users/ID` or a bare id.
pub fn user_name(text: &str) -> Result<String, NameError> {
    check_pasted_name(text.trim().trim_start_matches("users/"))?;
    name(text, "users/").map_err(|error| if error == NameError::Characters { NameError::NotAUser } else { error })
}

/// Returns `groups/{group}` for `groups/ID` or a bare id.
pub(super) fn group_name(text: &str) -> Result<String, NameError> {
    if text.contains('@') {
        return Err(NameError::GroupAddress);
    }
    check_pasted_name(text.trim().trim_start_matches("groups/"))?;
    name(text, "groups/")
}

/// Returns `audiences/{audience}` for `default`, an id, or `audiences/ID`.
pub fn audience_name(text: &str) -> Result<String, NameError> {
    name(text, "audiences/")
}

/// The name of a space, `spaces/{space}`: safe to put into a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpaceName(String);

impl SpaceName {
    /// Parses `spaces/AAAA`, a bare ID, or the URL of a space.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let text = text.trim();
        let id =
            if text.contains("://") { id_in_address(text).ok_or(NameError::NotASpaceAddress)? } else { text.into() };
        segment(name(&id, "spaces/")?).map(Self)
    }

    /// Returns the resource name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SpaceName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// The name of a membership, `spaces/{space}/members/{member}`: safe to put into a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberName(String);

impl MemberName {
    /// Returns the membership of a person in a space, from an ID, an email address (which the API accepts as an ID) or
    /// the full name of a membership.
    pub fn of(space: &SpaceName, text: &str) -> Result<Self, NameError> {
        let text = text.trim();
        let id = match text.strip_prefix("spaces/") {
            None => text,
            Some(_) => text
                .strip_prefix(space.as_str())
                .and_then(|rest| rest.strip_prefix("/members/"))
                .ok_or(if text.contains("/members/") { NameError::OtherSpace } else { NameError::NotAUser })?,
        };
        let id = id.strip_prefix("members/").unwrap_or(id);
        let user = segment(user_name(id)?)?;
        Ok(Self(format!("{space}/members/{}", user.trim_start_matches("users/"))))
    }

    /// Returns the resource name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the resource name of the space.
    pub fn space(&self) -> &str {
        self.0.split("/members/").next().unwrap_or_default()
    }

    /// Returns the ID or email address of the member.
    pub fn id(&self) -> &str {
        id_of(&self.0)
    }
}

impl fmt::Display for MemberName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// Rejects a colon, which begins a custom method in a path (`spaces/AAAA:completeImport`).
fn segment(name: String) -> Result<String, NameError> {
    if name.contains(':') { Err(NameError::Characters) } else { Ok(name) }
}

/// Returns the ID in a Google Chat URL: after `room`, `dm`, `space` or `app/chat`, in the path or in the fragment.
fn id_in_address(text: &str) -> Option<String> {
    let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https"))?;
    if !matches!(url.host_str(), Some("chat.google.com" | "mail.google.com")) {
        return None;
    }
    let fragment = url.fragment().unwrap_or_default();
    let fragment = fragment.split('?').next().unwrap_or_default();
    let words: Vec<&str> = url.path().split('/').chain(fragment.split('/')).filter(|word| !word.is_empty()).collect();
    let after = words.windows(2).find(|pair| {
        // A Gmail URL has a "chat" segment followed by "u".
        matches!(pair[0], "room" | "dm" | "space")
    });
    let app = || words.windows(3).find(|three| three[0] == "app" && three[1] == "chat").map(|three| three[2]);
    after.map(|pair| pair[1]).or_else(app).map(str::to_owned)
}

/// Rejects what users paste instead of an address or an ID, which the API would reject later, or take for somebody
/// else.
fn check_pasted_name(text: &str) -> Result<(), NameError> {
    if text.get(..7).is_some_and(|start| start.eq_ignore_ascii_case("mailto:")) {
        return Err(NameError::Mailto);
    }
    if text.contains([',', ';']) {
        return Err(NameError::List);
    }
    if text.contains(['<', '>', '"', '\u{201c}', '\u{201d}', '\u{201e}', '\u{ab}', '\u{bb}']) {
        return Err(NameError::SurroundingText);
    }
    // Unicode classifies these four blank characters as letters.
    let unseen = |character: char| {
        matches!(character, '\u{115f}' | '\u{1160}' | '\u{3164}' | '\u{ffa0}')
            || !character.is_ascii() && !character.is_alphanumeric()
    };
    if let Some(character) = text.chars().find(|character| unseen(*character)) {
        return Err(NameError::InvalidCharacter(u32::from(character)));
    }
    let Some((local, domain)) = text.split_once('@') else {
        let shortened = text.contains(['.', '+']) && text.starts_with(|first: char| first.is_ascii_digit());
        return if shortened { Err(NameError::Rounded) } else { Ok(()) };
    };
    let wrong = local.is_empty() || domain.is_empty() || domain.contains('@') || domain.split('.').any(str::is_empty);
    if wrong { Err(NameError::InvalidEmail) } else { Ok(()) }
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
    use proptest::prelude::*;

    use super::*;
    use crate::http::Endpoint;

    #[test]
    fn names_may_stand_with_and_without_their_collection() {
        assert_eq!(user_name("ada@example.com").unwrap(), "users/ada@example.com");
        assert_eq!(user_name(" users/108 ").unwrap(), "users/108");
        assert_eq!(group_name("01abc").unwrap(), "groups/01abc");
        assert_eq!(audience_name("default").unwrap(), "audiences/default");
    }

    #[test]
    fn what_people_paste_is_an_address_or_refused_with_the_reason() {
        for text in [
            "ada@example.com",
            "ada+chat@example.com",
            "j\u{f6}rg@b\u{fc}cher.example",
            "o'neil@x.test",
            "users/a@x",
            "app",
            "108",
        ] {
            assert!(user_name(text).is_ok(), "{text}");
        }
        for (text, expected) in [
            ("a@x.test,b@x.test", NameError::List),
            ("a@x.test;b@x.test", NameError::List),
            ("mailto:a@x.test", NameError::Mailto),
            ("MailTo:a@x.test", NameError::Mailto),
            ("Ada <a@x.test>", NameError::SurroundingText),
            ("\"a@x.test\"", NameError::SurroundingText),
            ("\u{201c}a@x.test\u{201d}", NameError::SurroundingText),
            ("\u{200b}a@x.test", NameError::InvalidCharacter(0x200b)),
            ("a@x.test\u{200e}", NameError::InvalidCharacter(0x200e)),
            ("a\u{ad}b@x.test", NameError::InvalidCharacter(0xad)),
            ("\u{3164}a@x.test", NameError::InvalidCharacter(0x3164)),
            ("a@@x.test", NameError::InvalidEmail),
            ("a@", NameError::InvalidEmail),
            ("@x.test", NameError::InvalidEmail),
            ("a@x..test", NameError::InvalidEmail),
            ("1.06782E+20", NameError::Rounded),
            ("users/1.06782E+20", NameError::Rounded),
        ] {
            assert_eq!(user_name(text), Err(expected.clone()), "{text}");
            assert!(MemberName::of(&SpaceName::parse("S").unwrap(), text).is_err());
        }
        assert_eq!(group_name("1.2E+5"), Err(NameError::Rounded));
        assert_eq!(group_name("a,b"), Err(NameError::List));
    }

    #[test]
    fn spaces_are_found_by_name_id_and_address() {
        for text in [
            "spaces/AAQA-x_1",
            "AAQA-x_1",
            " AAQA-x_1 ",
            "https://chat.google.com/room/AAQA-x_1?cls=11",
            "https://chat.google.com/room/AAQA-x_1/thread/message",
            "https://chat.google.com/dm/AAQA-x_1",
            "https://chat.google.com/u/0/room/AAQA-x_1",
            "https://chat.google.com/app/chat/AAQA-x_1",
            "https://chat.google.com/u/1/app/chat/AAQA-x_1",
            "https://mail.google.com/chat/u/0/#chat/space/AAQA-x_1",
            "https://mail.google.com/mail/u/0/#chat/dm/AAQA-x_1",
        ] {
            assert_eq!(SpaceName::parse(text).unwrap().as_str(), "spaces/AAQA-x_1", "{text}");
        }
    }

    #[test]
    fn no_name_changes_the_path_it_is_put_into() {
        for text in [
            "",
            "spaces/",
            "spaces/A/members",
            "A/../B",
            "..",
            "spaces/..",
            "A:completeImport",
            "A?x=1",
            "A#x",
            "A%2fB",
            "a b",
            "users/1",
            "https://chat.google.com/",
            "https://evil.test/room/A",
            "https://chat.google.com/room/A%2Fb",
            "https://chat.google.com/room/..%2f",
            "ftp://chat.google.com/room/A",
        ] {
            assert!(SpaceName::parse(text).is_err(), "{text}");
        }
        let space = SpaceName::parse("A").unwrap();
        for text in ["", "a/b", "..", "a:b", "ada@example.com?x", "spaces/B/members/1", "groups/1"] {
            assert!(MemberName::of(&space, text).is_err(), "{text}");
        }
    }

    #[test]
    fn members_are_found_by_address_id_and_name() {
        let space = SpaceName::parse("A").unwrap();
        for (text, id) in [
            ("ada@example.com", "ada@example.com"),
            ("users/ada+x@example.com", "ada+x@example.com"),
            ("users/7", "7"),
            ("7", "7"),
            ("members/7", "7"),
            ("spaces/A/members/7", "7"),
            ("app", "app"),
        ] {
            let name = MemberName::of(&space, text).unwrap();
            assert_eq!((name.as_str(), name.id()), (format!("spaces/A/members/{id}").as_str(), id));
        }
    }

    #[test]
    fn what_is_no_name_is_said_to_be_none() {
        for (result, expected) in [
            (user_name(""), NameError::Empty),
            (user_name("users/"), NameError::Empty),
            (user_name("groups/1"), NameError::OtherCollection("users/")),
            (user_name("a b"), NameError::NotAUser),
            (user_name("a?b"), NameError::NotAUser),
            (user_name(".."), NameError::NotAUser),
            (group_name("team@example.com"), NameError::GroupAddress),
        ] {
            assert_eq!(result, Err(expected));
        }
    }

    proptest! {
        #[test]
        fn whatever_is_taken_for_a_name_stays_in_its_place_in_the_path(
            text in "(spaces/|https://chat.google.com/room/)?[A-Za-z0-9:/.?#%&@ \\\\äé_-]{0,12}",
            user in "[a-z0-9:/.?#%&@+ \\\\ä_-]{0,12}",
        ) {
            let endpoint = Endpoint::parse("https://chat.googleapis.com").unwrap();
            if let Ok(space) = SpaceName::parse(&text) {
                let url = endpoint.join(&format!("/v1/{space}"));
                let segments: Vec<_> = url.path_segments().unwrap().collect();
                prop_assert_eq!(segments.len(), 3);
                prop_assert_eq!(&segments[..2], &["v1", "spaces"]);
                prop_assert!(!segments[2].is_empty() && !segments[2].contains(':'));
                prop_assert!(url.query().is_none() && url.fragment().is_none());
                if let Ok(member) = MemberName::of(&space, &user) {
                    let url = endpoint.join(&format!("/v1/{member}"));
                    prop_assert_eq!(url.path_segments().unwrap().count(), 5);
                    prop_assert!(url.query().is_none() && !url.path().contains(':'));
                }
            }
        }
    }
}
