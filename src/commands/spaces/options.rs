//! The options that describe a space, derived from the table of fields.

use std::path::PathBuf;

use clap::{Arg, ArgAction, ArgMatches, Command, ValueHint, value_parser};
use serde_json::{Map, Value};

use super::fields::{FIELDS, Field, Kind, Settable, at, audience};
use crate::bulk::{self, Column, RowFault, Values};
use crate::commands::arguments::words;
use crate::platform::input::Source;

/// The fields from options, a document or a row. `NEW` is whether the space is created: options that work at creation
/// only are otherwise hidden and rejected.
#[derive(Debug, Clone, Default)]
pub(in crate::commands) struct SpaceFields<const NEW: bool> {
    /// The values of options or cells, nested as in the API.
    pub(super) given: Map<String, Value>,
    /// A file with a space as JSON, which the options override.
    pub(in crate::commands) json: Option<Source>,
    /// A space as JSON, which the options override.
    pub(in crate::commands) document: Map<String, Value>,
}

impl<const NEW: bool> SpaceFields<NEW> {
    /// Returns the columns of rows, named like the options or like the API's fields. An update ignores the columns of
    /// `spaces list` that it cannot set.
    pub(in crate::commands) fn columns() -> Vec<Column> {
        let mut columns = Vec::new();
        for field in FIELDS {
            let names = std::slice::from_ref(&field.path);
            let settable = field.settable == Settable::Always || NEW && field.settable == Settable::AtCreation;
            // The output of `spaces list` has a type, which is not a change to make.
            let read = settable && (NEW || field.path != "spaceType");
            for option in field.options.iter().filter(|_| read) {
                let column = Column::new(option.name, field.cell());
                columns.push(if field.options.len() > 1 { column } else { column.or(names) });
            }
            if !NEW && field.path != "name" && (!read || field.options.is_empty()) {
                columns.push(Column::new(field.path, bulk::Kind::Ignored));
            }
        }
        if !NEW {
            columns.push(Column::new("type", bulk::Kind::Ignored));
        }
        columns
    }

    /// Sets the fields that a row gives.
    ///
    /// # Errors
    /// A value that the option rejects, with its column.
    pub(in crate::commands) fn set(&mut self, values: &Values) -> Result<(), RowFault> {
        for field in FIELDS {
            let mut given = field.options.iter().filter_map(|option| Some((option, values.get(option.name)?)));
            let Some((option, value)) = given.next() else { continue };
            if let Some((other, _)) = given.next() {
                return Err(RowFault::in_column(other.name, format!("cannot be combined with {}", option.name)));
            }
            let value = field.parse(option, value);
            let value = value.map_err(|failure| RowFault::in_column(option.name, failure.message))?;
            self.set_field(field, value);
        }
        Ok(())
    }

    /// Returns the given fields as the values of a row.
    pub(in crate::commands) fn as_values(&self) -> Values {
        let given = FIELDS.iter().filter_map(|field| Some((field.options.first()?.name, self.get(field.path)?)));
        let values = given.fold(Values::default(), |values, (name, value)| values.with(name, Some(value.clone())));
        values.with("json", self.json.as_ref().map(ToString::to_string))
    }

    /// Returns the value at a path.
    pub(in crate::commands) fn get(&self, path: &str) -> Option<&Value> {
        at(&self.given, path)
    }

    fn set_field(&mut self, field: &Field, value: Value) {
        match field.path.split_once('.') {
            None => {
                self.given.insert(field.path.to_owned(), value);
            }
            Some((outer, inner)) => {
                self.given.entry(outer).or_insert_with(|| Value::Object(Map::new()))[inner] = value;
            }
        }
    }
}

impl<const NEW: bool> clap::Args for SpaceFields<NEW> {
    fn augment_args(mut command: Command) -> Command {
        for field in FIELDS {
            for option in field.options {
                let update_of_type = !NEW && field.path == "spaceType";
                let mut argument = Arg::new(option.name)
                    .long(option.name)
                    .help(if update_of_type { UPDATE_TYPE } else { option.help })
                    .help_heading(HEADING)
                    .hide(!NEW && field.settable == Settable::AtCreation);
                argument = match field.kind {
                    Kind::Switch(_) => argument.action(ArgAction::SetTrue).conflicts_with_all(
                        field.options.iter().map(|other| other.name).filter(|name| *name != option.name),
                    ),
                    Kind::Choice(_) if update_of_type => {
                        argument.value_name("space").hide_possible_values(true).value_parser(["space"])
                    }
                    Kind::Choice(choices) => {
                        argument.value_name(option.value_name).hide_possible_values(true).value_parser(words(choices))
                    }
                    Kind::Audience => argument.value_name(option.value_name).value_parser(audience),
                    _ => argument.value_name(option.value_name),
                };
                command = command.arg(argument);
            }
        }
        let json = Arg::new("json").long("json").value_name("FILE").value_parser(value_parser!(PathBuf));
        command.arg(json.help(JSON).help_heading(HEADING).value_hint(ValueHint::FilePath))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

const HEADING: &str = "Space";
const JSON: &str = "Space as JSON, overridden by options; - is stdin";
const UPDATE_TYPE: &str = "Turn a group chat into a named space (needs --name)";

impl<const NEW: bool> clap::FromArgMatches for SpaceFields<NEW> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut fields = Self::default();
        fields.update_from_arg_matches(matches)?;
        Ok(fields)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        for field in FIELDS {
            for option in field.options {
                let given = if let Kind::Switch(_) = field.kind {
                    matches.get_flag(option.name).then_some(Value::Bool(true))
                } else {
                    matches.get_one::<String>(option.name).map(|text| Value::from(text.as_str()))
                };
                if let Some(given) = given {
                    let invalid = |failure| clap::Error::raw(clap::error::ErrorKind::ValueValidation, failure);
                    self.set_field(field, field.parse(option, &given).map_err(invalid)?);
                }
            }
        }
        self.json = matches.get_one::<PathBuf>("json").cloned().map(Source::new);
        Ok(())
    }
}
