//! The filters of lists: comparisons with quoted values, joined by `AND` and `OR`.

/// A filter: all of these must hold, each by one of its conditions. `OR` binds
/// more tightly than `AND`, as in all of Google's filters.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Filter(Vec<Vec<Condition>>);

#[derive(Debug, PartialEq, Eq)]
struct Condition {
    field: String,
    equal: bool,
    value: String,
}

impl Filter {
    /// Reads a filter over the fields that `name` knows by any of their spellings.
    pub(super) fn parse(text: &str, name: impl Fn(&str) -> Option<&'static str>) -> Option<Self> {
        let mut tokens = tokens(text)?.into_iter();
        let mut all = vec![Vec::new()];
        loop {
            let Token::Word(field) = tokens.next()? else { return None };
            let Token::Operator(operator) = tokens.next()? else { return None };
            let Token::Quoted(value) = tokens.next()? else { return None };
            let condition = Condition { field: name(&field)?.to_owned(), equal: operator == "=", value };
            all.last_mut()?.push(condition);
            match tokens.next() {
                None => return Some(Self(all)),
                Some(Token::Word(word)) if word == "OR" => {}
                Some(Token::Word(word)) if word == "AND" => all.push(Vec::new()),
                Some(_) => return None,
            }
        }
    }

    /// Whether every value compared with is one that `known` takes for the field.
    pub(super) fn values_are(&self, known: impl Fn(&str, &str) -> bool) -> bool {
        self.0.iter().flatten().all(|condition| known(&condition.field, &condition.value))
    }

    /// Whether `AND` joins conditions on different fields only.
    pub(super) fn names_no_field_twice(&self) -> bool {
        let names = |any: &[Condition], field: &str| any.iter().any(|condition| condition.field == field);
        self.0.iter().enumerate().all(|(index, any)| {
            any.iter().all(|condition| self.0[..index].iter().all(|earlier| !names(earlier, &condition.field)))
        })
    }

    /// Whether nothing passes without a condition on `field` that `good` takes.
    pub(super) fn requires(&self, field: &str, good: impl Fn(bool, &str) -> bool) -> bool {
        let fits = |condition: &Condition| condition.field == field && good(condition.equal, &condition.value);
        self.0.iter().any(|any| any.iter().all(fits))
    }

    /// Whether only `OR` joins it.
    pub(super) fn is_one_choice(&self) -> bool {
        self.0.len() == 1
    }

    /// Whether something whose fields are given by `value` passes.
    pub(super) fn passes(&self, value: impl Fn(&str) -> String) -> bool {
        self.0
            .iter()
            .all(|any| any.iter().any(|condition| (value(&condition.field) == condition.value) == condition.equal))
    }
}

enum Token {
    Word(String),
    Operator(&'static str),
    Quoted(String),
}

fn tokens(text: &str) -> Option<Vec<Token>> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        if let Some(quoted) = rest.strip_prefix('"') {
            let (value, after) = quoted.split_once('"')?;
            tokens.push(Token::Quoted(value.to_owned()));
            rest = after;
        } else if let Some(after) = rest.strip_prefix("!=") {
            tokens.push(Token::Operator("!="));
            rest = after;
        } else if let Some(after) = rest.strip_prefix('=') {
            tokens.push(Token::Operator("="));
            rest = after;
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

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Option<Filter> {
        Filter::parse(text, |name| match name {
            "spaceType" | "space_type" => Some("spaceType"),
            "role" => Some("role"),
            _ => None,
        })
    }

    #[test]
    fn either_spelling_and_a_choice_are_understood() {
        let filter = parse(r#"spaceType = "SPACE" OR space_type="GROUP_CHAT""#).unwrap();
        assert!(filter.is_one_choice());
        assert!(filter.passes(|_| String::from("SPACE")));
        assert!(filter.passes(|_| String::from("GROUP_CHAT")));
        assert!(!filter.passes(|_| String::from("DIRECT_MESSAGE")));
    }

    #[test]
    fn both_sides_of_and_must_hold() {
        let filter = parse(r#"role != "A" AND spaceType = "S""#).unwrap();
        let value = |role: &'static str| move |field: &str| String::from(if field == "role" { role } else { "S" });
        assert!(filter.passes(value("B")));
        assert!(!filter.passes(value("A")));
    }

    #[test]
    fn a_field_is_chosen_from_once() {
        assert!(parse(r#"role = "A" OR role = "B" AND spaceType = "S""#).unwrap().names_no_field_twice());
        assert!(!parse(r#"role = "A" AND role = "B""#).unwrap().names_no_field_twice());
    }

    #[test]
    fn a_condition_is_required_when_nothing_passes_without_it() {
        let requires = |text| parse(text).unwrap().requires("role", |equal, value| equal == (value == "A"));
        assert!(requires(r#"role = "A" AND spaceType = "S""#));
        assert!(requires(r#"role != "B""#));
        assert!(!requires(r#"role = "A" OR spaceType = "S""#));
        assert!(!requires(r#"role != "A""#));
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "",
            "spaceType",
            "spaceType = SPACE",
            r#"spaceType : "SPACE""#,
            r#"spaceType = "SPACE"#,
            r#"spaceType = "SPACE" OR"#,
            r#"spaceType = "SPACE" XOR role = "A""#,
            r#"displayName = "a""#,
            r#"(spaceType = "SPACE")"#,
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
