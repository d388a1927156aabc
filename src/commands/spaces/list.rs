//! `chatauth spaces list`.

use super::fields::TYPES;
use crate::chat::{ListSpaces, Method};
use crate::commands::arguments::{wire, words};
use crate::commands::caller::Caller;
use crate::commands::pagination::{Limit, Pages};
use crate::commands::{Context, Failure};

/// The largest page of the API.
const LARGEST_PAGE: u32 = 1000;

/// List your spaces
#[derive(Debug, clap::Args)]
#[command(after_help = super::show::with_columns(examples!(
    "chatauth spaces list --type space --limit 20",
    "chatauth spaces list --format csv > spaces.csv",
    "chatauth spaces list --format jsonl --jq 'select(.displayName == \"Team\").name'",
)))]
pub struct List {
    /// space, group-chat or direct-message (repeatable)
    #[arg(long = "type", value_name = "TYPE", value_parser = words(TYPES), hide_possible_values = true)]
    types: Vec<String>,
    /// Filter of the API, as in 'spaceType = "SPACE"'
    #[arg(long, value_name = "FILTER")]
    filter: Option<String>,
    #[command(flatten)]
    limit: Limit,
}

impl List {
    /// Lists the spaces that the person is a member of.
    pub async fn run(self, context: &Context) -> anyhow::Result<()> {
        let filter = filter(&self)?;
        let mut caller = Caller::new(context, &[ListSpaces::SCOPES], false).await?;
        let pages = Pages::up_to(&self.limit, LARGEST_PAGE, context);
        let request = |paging| ListSpaces { filter: filter.clone(), paging };
        super::show::print_list(pages, request, &mut caller, context).await
    }
}

fn filter(options: &List) -> Result<Option<String>, Failure> {
    match (&options.filter, &options.types[..]) {
        (Some(_), [_, ..]) => Err(Failure::usage("--type cannot be used with --filter: put the type into the filter")),
        (Some(filter), []) => Ok(Some(filter.clone())),
        (None, []) => Ok(None),
        (None, types) => {
            let terms: Vec<String> =
                types.iter().map(|word| format!("spaceType = \"{}\"", wire(TYPES, word))).collect();
            Ok(Some(terms.join(" OR ")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_become_a_filter() {
        let options = |types: &[&str], filter: Option<&str>| List {
            types: types.iter().map(|word| (*word).to_owned()).collect(),
            filter: filter.map(str::to_owned),
            limit: Limit::default(),
        };
        assert_eq!(filter(&options(&[], None)).unwrap(), None);
        assert_eq!(
            filter(&options(&["space", "group-chat"], None)).unwrap().as_deref(),
            Some("spaceType = \"SPACE\" OR spaceType = \"GROUP_CHAT\"")
        );
        assert!(filter(&options(&["space"], Some("x"))).is_err());
    }
}
