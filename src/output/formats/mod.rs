//! The output formats, one file each, and the choice of one.

mod csv;
mod human;
mod json;
mod jsonl;
mod name;
mod table;

use clap::ValueEnum;

use super::renderer::{Kind, Renderer};

/// An output format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Tables and details for people
    Human,
    /// One JSON document; one object a line for the results of --from
    Json,
    /// One JSON object a line
    Jsonl,
    /// A header and one record a result, for lists
    Csv,
    /// Bare resource names, one a line
    Name,
}

impl Format {
    pub(super) const fn renderer(self) -> &'static dyn Renderer {
        match self {
            Self::Human => &human::Human,
            Self::Json => &json::Json,
            Self::Jsonl => &jsonl::Jsonl,
            Self::Csv => &csv::Csv,
            Self::Name => &name::Name,
        }
    }

    /// Whether results are JSON: `--jq` can filter them, and errors are JSON too.
    pub fn is_json(self) -> bool {
        self.renderer().traits().kind == Kind::Json
    }

    /// Whether each result is complete by itself, so that pages need not be merged.
    pub fn is_streamed(self) -> bool {
        self.renderer().traits().is_streamed
    }

    /// Whether people read it.
    pub fn is_for_people(self) -> bool {
        self.renderer().traits().kind == Kind::Human
    }

    /// Whether it has a form for lists only.
    pub fn is_for_lists_only(self) -> bool {
        self.renderer().traits().is_for_lists_only
    }

    /// Returns the names of the formats that `wanted` accepts, as in "json or jsonl".
    pub fn names(wanted: impl Fn(Self) -> bool) -> String {
        let formats = Self::value_variants().iter().filter(|format| wanted(**format));
        let names: Vec<String> =
            formats.filter_map(ValueEnum::to_possible_value).map(|value| value.get_name().to_owned()).collect();
        match names.split_last() {
            Some((last, [])) => last.clone(),
            Some((last, others)) => format!("{} or {last}", others.join(", ")),
            None => String::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_listed_in_a_sentence() {
        assert_eq!(Format::names(|_| true), "human, json, jsonl, csv or name");
        assert_eq!(Format::names(Format::is_json), "json or jsonl");
        assert_eq!(Format::names(Format::is_for_people), "human");
    }

    #[test]
    fn the_documents_have_every_format() {
        let page = include_str!("../../../docs/scripting.md");
        let all: Vec<String> =
            Format::value_variants().iter().map(|format| Format::names(|name| name == *format)).collect();
        for name in &all {
            assert!(page.contains(&format!("\n| `{name}` |")), "docs/scripting.md has no row for {name}");
        }
        let option = format!("| `--format {}` |", all.join("\\|"));
        assert!(page.contains(&option), "docs/scripting.md does not have {option}");
    }
}
