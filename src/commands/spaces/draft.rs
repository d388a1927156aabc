//! A space as a person describes it: options over a JSON document, checked by the rules that are the API's.

use serde_json::{Map, Value};

use crate::chat::{AccessSettings, HistoryState, NewSpace, PredefinedPermissionSettings, SpaceDetails, audience_name};
use crate::commands::input::{self, merge};
use crate::commands::{ErrorCode, Failure};
use crate::platform::input::Source;

/// Fields, how long their texts may be, and the options that give them.
const TEXTS: &[(&str, &str, usize)] = &[
    ("/displayName", "--name", 128),
    ("/spaceDetails/description", "--description", 4096),
    ("/spaceDetails/guidelines", "--guidelines", 5000),
];

/// What the server alone sets, or takes from apps only. It stands in every space that the server has sent, so a
/// document may be one of those, and these members of it are left out.
const NOT_FOR_US: &[&str] = &[
    "/accessSettings/accessState",
    "/adminInstalled",
    "/customer",
    "/importModeExpireTime",
    "/lastActiveTime",
    "/membershipCount",
    "/name",
    "/permissionSettings/postMessages",
    "/spaceThreadingState",
    "/spaceUri",
    "/threaded",
    "/type",
];

/// The options that describe a space, as the person wrote them.
#[derive(Debug, Default, Clone)]
pub struct Fields {
    /// The name that people read.
    pub name: Option<String>,
    /// What the space is for.
    pub description: Option<String>,
    /// Its rules.
    pub guidelines: Option<String>,
    /// Whether people outside the organization may join; not said is not sent.
    pub external: Option<bool>,
    /// Whether messages are kept.
    pub history: Option<bool>,
    /// Whether only managers may post.
    pub announcement: Option<bool>,
    /// Who may find it.
    pub audience: Option<String>,
    /// A whole space as the API has it; the options go over it.
    pub json: Option<Source>,
    /// The same, where it is at hand already.
    pub document: Map<String, Value>,
}

/// A space that is to be sent.
#[derive(Debug)]
pub(super) struct Draft {
    /// What will be sent.
    pub(super) space: Map<String, Value>,
    /// What was left out of the document, as JSON pointers.
    pub(super) left_out: Vec<String>,
    options: Value,
    source: Option<Source>,
}

impl Fields {
    /// Reads the document and puts the options over it; `more` are options that only some commands have.
    pub(super) fn draft(&self, more: NewSpace) -> Result<Draft, Failure> {
        let mut space = match &self.json {
            Some(source) => input::object(source)?,
            None => self.document.clone(),
        };
        let mut left_out = Vec::new();
        for pointer in NOT_FOR_US {
            if remove(&mut space, pointer) {
                left_out.push((*pointer).to_owned());
            }
        }
        let options = serde_json::to_value(self.over(more)?).unwrap_or_default();
        if let Value::Object(options) = &options {
            merge(&mut space, options.clone());
        }
        let draft = Draft { space, left_out, options, source: self.json.clone() };
        for (pointer, option, longest) in TEXTS {
            let count = draft.at(pointer).and_then(Value::as_str).map(|text| text.chars().count());
            if let Some(count) = count.filter(|count| count > longest) {
                return Err(draft.refuse(
                    pointer,
                    option,
                    &format!("has {count} characters, and {longest} are allowed"),
                ));
            }
        }
        Ok(draft)
    }

    fn over(&self, more: NewSpace) -> Result<NewSpace, Failure> {
        let details = SpaceDetails { description: self.description.clone(), guidelines: self.guidelines.clone() };
        let audience = match &self.audience {
            None => None,
            Some(text) => {
                let name = audience_name(text).map_err(|cause| {
                    Failure::usage(format!("--audience {text:?} (accessSettings.audience) {cause}"))
                })?;
                Some(AccessSettings { audience: Some(name), ..AccessSettings::default() })
            }
        };
        Ok(NewSpace {
            display_name: self.name.as_deref().map(|name| name.trim().to_owned()),
            space_details: (details != SpaceDetails::default()).then_some(details),
            external_user_allowed: self.external,
            space_history_state: self
                .history
                .map(|on| if on { HistoryState::HistoryOn } else { HistoryState::HistoryOff }),
            predefined_permission_settings: self.announcement.map(|only_managers| {
                if only_managers {
                    PredefinedPermissionSettings::AnnouncementSpace
                } else {
                    PredefinedPermissionSettings::CollaborationSpace
                }
            }),
            access_settings: audience,
            ..more
        })
    }
}

impl Draft {
    /// What stands at a JSON pointer.
    pub(super) fn at(&self, pointer: &str) -> Option<&Value> {
        let mut parts = pointer.trim_start_matches('/').split('/');
        let mut value = self.space.get(parts.next()?)?;
        for part in parts {
            value = value.get(part)?;
        }
        Some(value)
    }

    /// Whether something other than nothing stands at a JSON pointer.
    pub(super) fn has(&self, pointer: &str) -> bool {
        self.at(pointer).is_some_and(|value| !value.is_null() && *value != Value::Bool(false))
    }

    /// Takes out what stands at a JSON pointer, as a thing of the server's.
    pub(super) fn leave_out(&mut self, pointer: &str) {
        if remove(&mut self.space, pointer) {
            self.left_out.push(pointer.to_owned());
        }
    }

    /// A field that breaks a rule, called by its option and by the API's word for it, or by its place in the
    /// document that it came from.
    pub(super) fn refuse(&self, pointer: &str, option: &str, rule: &str) -> Failure {
        let field = pointer.trim_start_matches('/').replace('/', ".");
        match &self.source {
            Some(source) if self.options.pointer(pointer).is_none() && self.at(pointer).is_some() => {
                Failure::new(ErrorCode::InputInvalid, format!("{field} in {source} {rule}"))
            }
            _ => Failure::usage(format!("{option} ({field}) {rule}")),
        }
    }

    /// Says what was left out of the document; `None` where that is nothing.
    pub(super) fn note(&self) -> Option<String> {
        let fields: Vec<String> =
            self.left_out.iter().map(|pointer| pointer.trim_start_matches('/').replace('/', ".")).collect();
        (!fields.is_empty()).then(|| format!("Left out, because it cannot be set here: {}.", fields.join(", ")))
    }
}

/// Takes a member out of an object, and what is empty then.
fn remove(object: &mut Map<String, Value>, pointer: &str) -> bool {
    let pointer = pointer.trim_start_matches('/');
    match pointer.split_once('/') {
        None => object.shift_remove(pointer).is_some(),
        Some((outer, inner)) => {
            let Some(Value::Object(child)) = object.get_mut(outer) else { return false };
            let removed = remove(child, inner);
            if removed && child.is_empty() {
                object.shift_remove(outer);
            }
            removed
        }
    }
}
