//! `chatauth spaces list`.

use crate::chat::{ListSpaces, Method};
use crate::commands::caller::Caller;
use crate::commands::pagination::Pages;
use crate::commands::{Context, Failure};

/// The most that the API gives at once.
const LARGEST_PAGE: u32 = 1000;

/// The kinds of spaces as people call them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
#[expect(missing_docs, reason = "the names are those of the kinds")]
pub enum SpaceType {
    Space,
    GroupChat,
    DirectMessage,
}

impl SpaceType {
    const fn as_wire(self) -> &'static str {
        match self {
            Self::Space => "SPACE",
            Self::GroupChat => "GROUP_CHAT",
            Self::DirectMessage => "DIRECT_MESSAGE",
        }
    }
}

/// List your spaces
#[derive(Debug, clap::Args)]
#[command(after_help = super::show::with_columns(examples!(
    "chatauth spaces list --type space --limit 20",
    "chatauth spaces list --format csv > spaces.csv",
    "chatauth spaces list --format jsonl --jq 'select(.displayName == \"Team\").name'",
)))]
pub struct List {
    /// space, group-chat or direct-message (repeatable)
    #[arg(long = "type", value_name = "TYPE", hide_possible_values = true)]
    types: Vec<SpaceType>,
    /// Filter of the API, as in 'spaceType = "SPACE"'
    #[arg(long, value_name = "FILTER")]
    filter: Option<String>,
    /// Stop after N results
    #[arg(short = 'L', long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    limit: Option<u32>,
}

impl List {
    /// List the spaces that you are a member of.
    pub fn run(self, context: &Context) -> anyhow::Result<()> {
        context.block_on(self.list(context))
    }

    async fn list(self, context: &Context) -> anyhow::Result<()> {
        let filter = filter(&self)?;
        let mut caller = Caller::new(context, &[ListSpaces::SCOPES], false).await?;
        let mut pages = Pages::new(self.limit, LARGEST_PAGE).shown(context);
        let mut list = super::show::list_of_spaces(context);
        while let Some(paging) = pages.next()? {
            let request = ListSpaces { filter: filter.clone(), paging };
            let page = caller.send(&request).await?;
            super::show::push(pages.take(page), &mut list)?;
        }
        super::show::finish(list, context)?;
        Ok(())
    }
}

fn filter(options: &List) -> Result<Option<String>, Failure> {
    match (&options.filter, &options.types[..]) {
        (Some(_), [_, ..]) => Err(Failure::usage("--type cannot be used with --filter: put the type into the filter")),
        (Some(filter), []) => Ok(Some(filter.clone())),
        (None, []) => Ok(None),
        (None, types) => {
            let terms: Vec<String> = types.iter().map(|kind| format!("spaceType = \"{}\"", kind.as_wire())).collect();
            Ok(Some(terms.join(" OR ")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_become_a_filter() {
        let options = |types: &[SpaceType], filter: Option<&str>| List {
            types: types.to_vec(),
            filter: filter.map(str::to_owned),
            limit: None,
        };
        assert_eq!(filter(&options(&[], None)).unwrap(), None);
        assert_eq!(
            filter(&options(&[SpaceType::Space, SpaceType::GroupChat], None)).unwrap().as_deref(),
            Some("spaceType = \"SPACE\" OR spaceType = \"GROUP_CHAT\"")
        );
        assert!(filter(&options(&[SpaceType::Space], Some("x"))).is_err());
    }
}
