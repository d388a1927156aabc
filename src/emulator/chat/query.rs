//! The query of `spaces.search`: the rules of its fields.

use std::cmp::Ordering;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::filter::{Condition, Filter};
use super::space::Space;

/// Longest query, in characters.
const MAX_LENGTH: usize = 1000;
/// The fields that anybody may search for.
const PUBLIC: [&str; 3] = ["displayName", "externalUserAllowed", "spaceType"];
/// The fields that administrators may search for.
const FIELDS: [&str; 7] = [
    "createTime",
    "customer",
    "displayName",
    "externalUserAllowed",
    "lastActiveTime",
    "spaceHistoryState",
    "spaceType",
];
/// Fields that may come twice, as the ends of an interval.
const TIMES: [&str; 2] = ["createTime", "lastActiveTime"];

/// A valid query.
#[derive(Debug)]
pub(super) struct Query(Filter);

impl Query {
    /// Parses a query of an administrator or of anybody else.
    pub(super) fn parse(text: &str, admin: bool) -> Option<Self> {
        if text.chars().count() > MAX_LENGTH {
            return None;
        }
        let filter = Filter::parse(text, if admin { &FIELDS } else { &PUBLIC })?;
        let conditions = filter.conditions();
        let times = |field| conditions.iter().filter(|condition| condition.field == field).count();
        let good = conditions.iter().all(|condition| is_valid(condition))
            && choices_keep_to_one_field(&filter)
            && filter.joins_different_fields(&TIMES)
            && times("spaceType") == 1
            && (!admin || times("customer") == 1);
        good.then_some(Self(filter))
    }

    /// Whether it asks for a name. Without one, only administrators find anything.
    pub(super) fn asks_for_a_name(&self) -> bool {
        self.0.conditions().iter().any(|condition| condition.field == "displayName")
    }

    pub(super) fn finds(&self, space: &Space) -> bool {
        self.0.matches(&|Condition { field, operator, value }| match *field {
            // The caller has been checked against the organization.
            "customer" => true,
            "externalUserAllowed" => space.flag(field) == (value == "true"),
            "displayName" => resembles(space.field(field), value),
            "createTime" | "lastActiveTime" => compares(space.field(field), operator, value),
            _ => space.field(field) == value,
        })
    }
}

/// Whether the field can be compared in this way with this value.
fn is_valid(Condition { field, operator, value }: &Condition) -> bool {
    let equals = |values: &[&str]| *operator == "=" && values.contains(&value.as_str());
    match *field {
        "createTime" | "lastActiveTime" => !matches!(*operator, ":" | "!=") && time(value).is_some(),
        "displayName" => *operator == ":",
        "customer" => equals(&["customers/my_customer"]),
        "externalUserAllowed" => equals(&["true", "false"]),
        "spaceHistoryState" => equals(&["HISTORY_ON", "HISTORY_OFF"]),
        _ => equals(&["SPACE"]),
    }
}

/// Whether each `OR` joins comparisons of one field, neither the customer nor the type.
fn choices_keep_to_one_field(filter: &Filter) -> bool {
    match filter {
        Filter::Is(_) => true,
        Filter::All(parts) => parts.iter().all(choices_keep_to_one_field),
        Filter::Any(_) => {
            let conditions = filter.conditions();
            let first = conditions.first().map_or("", |condition| condition.field);
            !matches!(first, "customer" | "spaceType") && conditions.iter().all(|condition| condition.field == first)
        }
    }
}

/// Every word of `wanted` begins a word of `name`, in any case and order.
fn resembles(name: &str, wanted: &str) -> bool {
    let words = |text: &str| -> Vec<String> {
        let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
        words.map(str::to_lowercase).collect()
    };
    let name = words(name);
    words(wanted).iter().all(|word| name.iter().any(|candidate| candidate.starts_with(word.as_str())))
}

fn time(text: &str) -> Option<OffsetDateTime> {
    OffsetDateTime::parse(text, &Rfc3339).ok()
}

fn compares(left: &str, operator: &str, right: &str) -> bool {
    let (Some(left), Some(right)) = (time(left), time(right)) else { return false };
    matches!(
        (left.cmp(&right), operator),
        (Ordering::Less, "<" | "<=") | (Ordering::Equal, "=" | "<=" | ">=") | (Ordering::Greater, ">" | ">=")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn good(text: &str, admin: bool) -> bool {
        Query::parse(text, admin).is_some()
    }

    #[test]
    fn anybody_names_the_type_and_little_else() {
        for (text, expected) in [
            (r#"space_type = "SPACE""#, true),
            (r#"spaceType = "SPACE" AND displayName:"a""#, true),
            (r#"space_type = "SPACE" AND (display_name:"a" OR display_name:"b")"#, true),
            (r#"space_type = "SPACE" AND display_name:"a" OR display_name:"b""#, true),
            (r#"space_type = "SPACE" AND external_user_allowed = "true""#, true),
            (r#"display_name:"a""#, false),
            (r#"space_type = "GROUP_CHAT""#, false),
            (r#"space_type = "SPACE" OR display_name:"a""#, false),
            (r#"space_type = "SPACE" AND space_type = "SPACE""#, false),
            (r#"space_type = "SPACE" AND display_name = "a""#, false),
            (r#"space_type = "SPACE" AND display_name:"a" AND display_name:"b""#, false),
            (r#"space_type = "SPACE" AND create_time > "2026-01-01T00:00:00Z""#, false),
            (r#"space_type = "SPACE" AND customer = "customers/my_customer""#, false),
            (r#"space_type = "SPACE" AND (display_name:"a""#, false),
            (r#"space_type = "SPACE")"#, false),
            (r"space_type = SPACE", false),
            ("", false),
        ] {
            assert_eq!(good(text, false), expected, "{text}");
        }
        assert!(!good(&format!(r#"space_type = "SPACE" AND display_name:"{}""#, "x".repeat(1000)), false));
        assert!(!good(&"(".repeat(900), false));
    }

    #[test]
    fn an_administrator_names_the_customer_and_may_ask_for_times() {
        let required = r#"customer = "customers/my_customer" AND space_type = "SPACE""#;
        for (text, expected) in [
            ("", true),
            (
                r#" AND (last_active_time < "2020-01-01T00:00:00+00:00" OR last_active_time > "2022-01-01T00:00:00+00:00")"#,
                true,
            ),
            (r#" AND (create_time > "2019-01-01T00:00:00+00:00" AND create_time < "2020-01-01T00:00:00+00:00")"#, true),
            (r#" AND space_history_state = "HISTORY_ON" OR space_history_state = "HISTORY_OFF""#, true),
            (r#" AND create_time > "yesterday""#, false),
            (r#" AND create_time:"2019-01-01T00:00:00Z""#, false),
            (r#" AND external_user_allowed = "true" AND external_user_allowed = "false""#, false),
        ] {
            assert_eq!(good(&format!("{required}{text}"), true), expected, "{text}");
        }
        assert!(!good(r#"space_type = "SPACE""#, true));
        assert!(!good(r#"customer = "customers/C01" AND space_type = "SPACE""#, true));
    }

    #[test]
    fn words_are_found_by_their_beginnings() {
        for (name, expected) in
            [("Fun event", true), ("The evening was fun", true), ("notFun event", false), ("even", false)]
        {
            assert_eq!(resembles(name, "Fun Eve"), expected, "{name}");
        }
    }

    #[test]
    fn times_are_compared_and_not_their_texts() {
        let (noon, berlin) = ("2026-01-01T12:00:00.000000Z", "2026-01-01T13:00:00+01:00");
        assert!(compares(noon, "=", berlin) && compares(noon, ">=", berlin) && !compares(noon, "<", berlin));
    }
}
