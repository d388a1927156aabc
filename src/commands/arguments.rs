//! Arguments that several commands share, and the words for values of the API.

use clap::ValueEnum;
use clap::builder::{PossibleValue, PossibleValuesParser};

use crate::chat::{MemberName, Role, SpaceName};
use crate::platform::sanitise::quoted;

use super::Failure;

/// Parses the account of an option, which a script may have left blank.
pub fn account(text: &str) -> Result<String, &'static str> {
    if text.trim().is_empty() { Err("it is blank") } else { Ok(text.trim().to_owned()) }
}

/// Acting as an administrator.
#[derive(Debug, Default, Clone, clap::Args)]
pub(super) struct AdminAccess {
    /// Act as an administrator of the organization
    ///
    /// You need not be a member of the space. Needs the scopes chat.admin.….
    #[arg(long)]
    pub(super) use_admin_access: bool,
}

/// The values of an enum of the API, each with the word that people type for it.
pub(super) type Choices = &'static [(&'static str, &'static str)];

/// The roles, as Chat names them.
pub(super) const ROLES: Choices =
    &[("member", "ROLE_MEMBER"), ("manager", "ROLE_ASSISTANT_MANAGER"), ("owner", "ROLE_MANAGER")];

impl ValueEnum for Role {
    fn value_variants<'a>() -> &'a [Self] {
        &[Self::Member, Self::Manager, Self::Owner]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.as_word()))
    }
}

/// Parses a space.
///
/// # Errors
/// A usage error for text that names no space.
pub(super) fn space_name(text: &str) -> Result<SpaceName, Failure> {
    SpaceName::parse(text).map_err(|cause| Failure::usage(format!("the space {} {cause}", quoted(text))))
}

/// Parses a member of a space.
///
/// # Errors
/// A usage error for text that names no user, or a membership in another space.
pub(super) fn member_name(space: &SpaceName, text: &str) -> Result<MemberName, Failure> {
    MemberName::of(space, text).map_err(|cause| Failure::usage(format!("the user {} {cause}", quoted(text))))
}

/// Returns the words of an enum as the values of an option.
pub(super) fn words(choices: Choices) -> PossibleValuesParser {
    PossibleValuesParser::new(choices.iter().map(|(word, _)| *word))
}

/// Returns the API's value for a word, or the text itself if it is no word.
pub(super) fn wire(choices: Choices, text: &str) -> &str {
    choices.iter().find(|(word, _)| *word == text).map_or(text, |(_, wire)| *wire)
}

/// Returns the word for a value of the API, without the hyphens of options, or the value itself if it is unknown.
pub(super) fn for_people(choices: Choices, value: &str) -> String {
    choices.iter().find(|(_, wire)| *wire == value).map_or(value, |(word, _)| *word).replace('-', " ")
}
