//! The grammar of Google's filters and queries: comparisons with quoted values, joined by `AND` and `OR`.

use super::access::snake;

/// Deepest nesting of parentheses.
const MAX_DEPTH: usize = 16;

/// A parsed filter.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Filter {
    All(Vec<Filter>),
    Any(Vec<Filter>),
    Is(Condition),
}

/// One comparison, such as `space_type = "SPACE"`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Condition {
    /// Name of the field in camel case.
    pub(super) field: &'static str,
    pub(super) operator: &'static str,
    pub(super) value: String,
}

impl Filter {
    /// Parses a filter over `fields`, which are given in camel case and also understood in snake case.
    pub(super) fn parse(text: &str, fields: &[&'static str]) -> Option<Self> {
        let mut parser = Parser { tokens: tokens(text)?, next: 0, depth: 0, fields };
        let filter = parser.all()?;
        (parser.next == parser.tokens.len()).then_some(filter)
    }

    /// All comparisons, from left to right.
    pub(super) fn conditions(&self) -> Vec<&Condition> {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().flat_map(Self::conditions).collect(),
            Self::Is(condition) => vec![condition],
        }
    }

    /// Whether the comparisons that `holds` says are true make the whole true.
    pub(super) fn matches(&self, holds: &impl Fn(&Condition) -> bool) -> bool {
        match self {
            Self::All(parts) => parts.iter().all(|part| part.matches(holds)),
            Self::Any(parts) => parts.iter().any(|part| part.matches(holds)),
            Self::Is(condition) => holds(condition),
        }
    }

    /// Whether nothing matches without a comparison that is `enough`.
    pub(super) fn requires(&self, enough: &impl Fn(&Condition) -> bool) -> bool {
        match self {
            Self::All(parts) => parts.iter().any(|part| part.requires(enough)),
            Self::Any(parts) => parts.iter().all(|part| part.requires(enough)),
            Self::Is(condition) => enough(condition),
        }
    }

    /// Whether `AND` joins different fields only, apart from those that `repeatable` names.
    pub(super) fn joins_different_fields(&self, repeatable: &[&str]) -> bool {
        let (Self::All(parts) | Self::Any(parts)) = self else { return true };
        let mut seen = Vec::new();
        for part in parts {
            let mut fields: Vec<&str> = part.conditions().iter().map(|condition| condition.field).collect();
            fields.dedup();
            seen.extend(fields);
        }
        let repeats =
            seen.iter().enumerate().any(|(index, field)| !repeatable.contains(field) && seen[..index].contains(field));
        let joined = matches!(self, Self::All(_)) && repeats;
        !joined && parts.iter().all(|part| part.joins_different_fields(repeatable))
    }
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
        let operator = ["<=", ">=", "!=", "=", ":", "<", ">"].into_iter().find(|operator| rest.starts_with(operator));
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
            let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '.')).unwrap_or(rest.len());
            tokens.push(Token::Word(rest[..end].to_owned()));
            rest = &rest[end..];
        } else {
            return None;
        }
        rest = rest.trim_start();
    }
    Some(tokens)
}

/// Splits off a value at its closing quote; a backslash escapes the next character.
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

/// A recursive descent parser; `OR` binds more tightly than `AND`, as in all of Google's filters.
struct Parser<'a> {
    tokens: Vec<Token>,
    next: usize,
    depth: usize,
    fields: &'a [&'static str],
}

impl Parser<'_> {
    fn all(&mut self) -> Option<Filter> {
        let mut parts = vec![self.any()?];
        while self.word("AND") {
            parts.push(self.any()?);
        }
        Some(if parts.len() == 1 { parts.remove(0) } else { Filter::All(parts) })
    }

    fn any(&mut self) -> Option<Filter> {
        let mut parts = vec![self.one()?];
        while self.word("OR") {
            parts.push(self.one()?);
        }
        Some(if parts.len() == 1 { parts.remove(0) } else { Filter::Any(parts) })
    }

    fn one(&mut self) -> Option<Filter> {
        if self.tokens.get(self.next) == Some(&Token::Open) {
            self.next += 1;
            self.depth += 1;
            let filter = if self.depth > MAX_DEPTH { None } else { self.all() }?;
            self.depth -= 1;
            self.next += 1;
            return (self.tokens.get(self.next - 1) == Some(&Token::Close)).then_some(filter);
        }
        let [Token::Word(field), Token::Operator(operator), Token::Quoted(value)] =
            self.tokens.get(self.next..self.next + 3)?
        else {
            return None;
        };
        self.next += 3;
        let field = self.fields.iter().copied().find(|known| known == field || snake(known) == *field)?;
        Some(Filter::Is(Condition { field, operator, value: value.clone() }))
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

    fn parse(text: &str) -> Option<Filter> {
        Filter::parse(text, &["spaceType", "role"])
    }

    /// Whether a filter matches when the fields have these values.
    fn matches(filter: &Filter, space_type: &str, role: &str) -> bool {
        filter.matches(&|Condition { field, operator, value }| {
            let equal = value == if *field == "role" { role } else { space_type };
            equal == (*operator == "=")
        })
    }

    #[test]
    fn either_spelling_and_a_choice_are_understood() {
        let filter = parse(r#"spaceType = "SPACE" OR space_type="GROUP_CHAT""#).unwrap();
        assert!(matches!(filter, Filter::Any(_)));
        assert!(matches(&filter, "SPACE", ""));
        assert!(matches(&filter, "GROUP_CHAT", ""));
        assert!(!matches(&filter, "DIRECT_MESSAGE", ""));
    }

    #[test]
    fn both_sides_of_and_must_hold() {
        let filter = parse(r#"role != "A" AND spaceType = "S""#).unwrap();
        assert!(matches(&filter, "S", "B"));
        assert!(!matches(&filter, "S", "A"));
    }

    #[test]
    fn a_field_is_chosen_from_once() {
        let once = |text, repeatable: &[&str]| parse(text).unwrap().joins_different_fields(repeatable);
        assert!(once(r#"role = "A" OR role = "B" AND spaceType = "S""#, &[]));
        assert!(!once(r#"role = "A" AND role = "B""#, &[]));
        assert!(once(r#"role = "A" AND role = "B""#, &["role"]));
    }

    #[test]
    fn a_condition_is_required_when_nothing_passes_without_it() {
        let enough = |condition: &Condition| {
            condition.field == "role" && (condition.operator == "=") == (condition.value == "A")
        };
        let requires = |text| parse(text).unwrap().requires(&enough);
        assert!(requires(r#"role = "A" AND spaceType = "S""#));
        assert!(requires(r#"role != "B""#));
        assert!(!requires(r#"role = "A" OR spaceType = "S""#));
        assert!(!requires(r#"role != "A""#));
    }

    #[test]
    fn quotes_can_be_escaped() {
        assert_eq!(tokens(r#""a \"b\" \\""#).unwrap(), [Token::Quoted(String::from(r#"a "b" \"#))]);
        assert_eq!(tokens(r#""a"#), None);
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "",
            "spaceType",
            "spaceType = SPACE",
            r#"spaceType = "SPACE"#,
            r#"spaceType = "SPACE" OR"#,
            r#"spaceType = "SPACE" XOR role = "A""#,
            r#"displayName = "a""#,
            r#"(spaceType = "SPACE""#,
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
