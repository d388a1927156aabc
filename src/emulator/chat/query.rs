//! The query of `spaces.search`: its grammar and the rules of its fields.

use std::cmp::Ordering;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::space::Space;

/// Longest query, in characters.
const LONGEST: usize = 1000;
/// How deep parentheses may stand in each other.
const DEEPEST: usize = 16;

/// What can be asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Field {
    CreateTime,
    Customer,
    DisplayName,
    ExternalUserAllowed,
    LastActiveTime,
    SpaceHistoryState,
    SpaceType,
}

use Field::{CreateTime, Customer, DisplayName, ExternalUserAllowed, LastActiveTime, SpaceHistoryState, SpaceType};

/// A query that keeps to all rules.
#[derive(Debug)]
pub(super) struct Query(Node);

#[derive(Debug)]
enum Node {
    And(Vec<Node>),
    Or(Vec<Node>),
    Is(Field, String, String),
}

impl Query {
    /// Reads a query, as an administrator may write it or as anybody may.
    pub(super) fn parse(text: &str, admin: bool) -> Option<Self> {
        if text.chars().count() > LONGEST {
            return None;
        }
        let mut reader = Reader { tokens: tokens(text)?, next: 0, depth: 0 };
        let node = reader.and()?;
        let mut leaves = Vec::new();
        node.leaves(&mut leaves);
        let times = |wanted| leaves.iter().filter(|(field, ..)| *field == wanted).count();
        let good = reader.next == reader.tokens.len()
            && leaves.iter().all(|(field, operator, value)| field.takes(operator, value))
            && node.ors_keep_to_one_field()
            && node.ands_differ()
            && times(SpaceType) == 1
            && if admin {
                times(Customer) == 1
            } else {
                leaves.iter().all(|(field, ..)| matches!(field, DisplayName | ExternalUserAllowed | SpaceType))
            };
        good.then_some(Self(node))
    }

    /// Whether it asks for a name: without one, only administrators find anything.
    pub(super) fn asks_for_a_name(&self) -> bool {
        let mut leaves = Vec::new();
        self.0.leaves(&mut leaves);
        leaves.iter().any(|(field, ..)| *field == DisplayName)
    }

    pub(super) fn finds(&self, space: &Space) -> bool {
        self.0.holds(space)
    }
}

impl Field {
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "create_time" | "createTime" => CreateTime,
            "customer" => Customer,
            "display_name" | "displayName" => DisplayName,
            "external_user_allowed" | "externalUserAllowed" => ExternalUserAllowed,
            "last_active_time" | "lastActiveTime" => LastActiveTime,
            "space_history_state" | "spaceHistoryState" => SpaceHistoryState,
            "space_type" | "spaceType" => SpaceType,
            _ => return None,
        })
    }

    fn is_time(self) -> bool {
        matches!(self, CreateTime | LastActiveTime)
    }

    fn takes(self, operator: &str, value: &str) -> bool {
        match self {
            CreateTime | LastActiveTime => operator != ":" && time(value).is_some(),
            DisplayName => operator == ":",
            Customer => operator == "=" && value == "customers/my_customer",
            ExternalUserAllowed => operator == "=" && matches!(value, "true" | "false"),
            SpaceHistoryState => operator == "=" && matches!(value, "HISTORY_ON" | "HISTORY_OFF"),
            SpaceType => operator == "=" && value == "SPACE",
        }
    }
}

impl Node {
    fn leaves<'a>(&'a self, found: &mut Vec<(Field, &'a str, &'a str)>) {
        match self {
            Self::And(nodes) | Self::Or(nodes) => nodes.iter().for_each(|node| node.leaves(found)),
            Self::Is(field, operator, value) => found.push((*field, operator, value)),
        }
    }

    fn fields(&self) -> Vec<Field> {
        let mut leaves = Vec::new();
        self.leaves(&mut leaves);
        leaves.into_iter().map(|(field, ..)| field).collect()
    }

    /// `OR` joins one field with itself, and not any field.
    fn ors_keep_to_one_field(&self) -> bool {
        match self {
            Self::Is(..) => true,
            Self::And(nodes) => nodes.iter().all(Self::ors_keep_to_one_field),
            Self::Or(nodes) => {
                let fields = self.fields();
                fields.iter().all(|field| *field == fields[0])
                    && !matches!(fields[0], Customer | SpaceType)
                    && nodes.iter().all(Self::ors_keep_to_one_field)
            }
        }
    }

    /// `AND` joins different fields; only a time may come twice, as an interval.
    fn ands_differ(&self) -> bool {
        let (Self::And(nodes) | Self::Or(nodes)) = self else { return true };
        let clash = |fields: &[Field]| {
            fields.iter().enumerate().any(|(index, field)| !field.is_time() && fields[..index].contains(field))
        };
        let mut each = Vec::new();
        for node in nodes {
            let mut fields = node.fields();
            fields.dedup();
            each.extend(fields);
        }
        let joined = matches!(self, Self::And(_)) && clash(&each);
        !joined && nodes.iter().all(Self::ands_differ)
    }

    fn holds(&self, space: &Space) -> bool {
        match self {
            Self::And(nodes) => nodes.iter().all(|node| node.holds(space)),
            Self::Or(nodes) => nodes.iter().any(|node| node.holds(space)),
            Self::Is(field, operator, value) => match field {
                // Whose it is has been decided.
                Customer => true,
                SpaceType => space.field("spaceType") == value,
                SpaceHistoryState => space.field("spaceHistoryState") == value,
                ExternalUserAllowed => space.flag("externalUserAllowed") == (value == "true"),
                DisplayName => resembles(space.field("displayName"), value),
                CreateTime => compares(space.field("createTime"), operator, value),
                LastActiveTime => compares(space.field("lastActiveTime"), operator, value),
            },
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

#[derive(Debug, PartialEq, Eq)]
enum Token {
    Open,
    Close,
    Word(String),
    Operator(&'static str),
    Quoted(String),
}

fn tokens(text: &str) -> Option<Vec<Token>> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let operator = ["<=", ">=", "=", ":", "<", ">"].into_iter().find(|operator| rest.starts_with(operator));
        if let Some(operator) = operator {
            tokens.push(Token::Operator(operator));
            rest = &rest[operator.len()..];
        } else if let Some(quoted) = rest.strip_prefix('"') {
            let (value, after) = unquote(quoted)?;
            tokens.push(Token::Quoted(value));
            rest = after;
        } else if first == '(' || first == ')' {
            tokens.push(if first == '(' { Token::Open } else { Token::Close });
            rest = &rest[1..];
        } else if first.is_ascii_alphabetic() {
            let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(rest.len());
            tokens.push(Token::Word(rest[..end].to_owned()));
            rest = &rest[end..];
        } else {
            return None;
        }
        rest = rest.trim_start();
    }
    Some(tokens)
}

/// A value up to its closing quote; a backslash takes the next character as it is.
fn unquote(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut letters = text.char_indices();
    while let Some((position, letter)) = letters.next() {
        match letter {
            '"' => return Some((value, &text[position + 1..])),
            '\\' => value.push(letters.next()?.1),
            other => value.push(other),
        }
    }
    None
}

/// `OR` binds more tightly than `AND`, as in all of Google's filters.
struct Reader {
    tokens: Vec<Token>,
    next: usize,
    depth: usize,
}

impl Reader {
    fn and(&mut self) -> Option<Node> {
        let mut nodes = vec![self.or()?];
        while self.word("AND") {
            nodes.push(self.or()?);
        }
        Some(if nodes.len() == 1 { nodes.remove(0) } else { Node::And(nodes) })
    }

    fn or(&mut self) -> Option<Node> {
        let mut nodes = vec![self.one()?];
        while self.word("OR") {
            nodes.push(self.one()?);
        }
        Some(if nodes.len() == 1 { nodes.remove(0) } else { Node::Or(nodes) })
    }

    fn one(&mut self) -> Option<Node> {
        if self.tokens.get(self.next) == Some(&Token::Open) {
            self.next += 1;
            self.depth += 1;
            let node = if self.depth > DEEPEST { None } else { self.and() }?;
            self.depth -= 1;
            self.next += 1;
            return (self.tokens.get(self.next - 1) == Some(&Token::Close)).then_some(node);
        }
        let [Token::Word(field), Token::Operator(operator), Token::Quoted(value)] =
            self.tokens.get(self.next..self.next + 3)?
        else {
            return None;
        };
        self.next += 3;
        Some(Node::Is(Field::named(field)?, (*operator).to_owned(), value.clone()))
    }

    fn word(&mut self, wanted: &str) -> bool {
        let found = matches!(self.tokens.get(self.next), Some(Token::Word(word)) if word == wanted);
        self.next += usize::from(found);
        found
    }
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
    fn quotes_can_be_escaped() {
        assert_eq!(tokens(r#""a \"b\" \\""#).unwrap(), [Token::Quoted(String::from(r#"a "b" \"#))]);
        assert_eq!(tokens(r#""a"#), None);
    }

    #[test]
    fn times_are_compared_and_not_their_texts() {
        let (noon, berlin) = ("2026-01-01T12:00:00.000000Z", "2026-01-01T13:00:00+01:00");
        assert!(compares(noon, "=", berlin) && compares(noon, ">=", berlin) && !compares(noon, "<", berlin));
    }
}
