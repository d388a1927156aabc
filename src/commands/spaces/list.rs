//! `chatauth spaces list`.

use crate::chat::{ListSpaces, Method, SpaceType};
use crate::commands::caller::Caller;
use crate::commands::pages::Pages;
use crate::commands::{Context, Failure};

/// The most that the API gives at once.
const LARGEST_PAGE: u32 = 1000;

/// The options of the command.
#[derive(Debug)]
pub struct Options {
    /// Only these kinds.
    pub types: Vec<SpaceType>,
    /// A filter in the API's own language.
    pub filter: Option<String>,
    /// Stop after so many.
    pub limit: Option<u32>,
}

/// Lists the spaces of which the account is a member, page by page.
pub async fn run(options: Options, context: &Context) -> anyhow::Result<()> {
    let filter = filter(&options)?;
    let mut caller = Caller::new(context, &[ListSpaces::SCOPES], false).await?;
    let mut pages = Pages::new(options.limit, LARGEST_PAGE);
    let mut list = super::list_of_spaces(context);
    while let Some(paging) = pages.next() {
        let request = ListSpaces { filter: filter.clone(), paging };
        let page = caller.send(&request).await?;
        super::push(pages.take(page), &mut list)?;
    }
    super::finish(list, context)?;
    Ok(())
}

fn filter(options: &Options) -> Result<Option<String>, Failure> {
    match (&options.filter, &options.types[..]) {
        (Some(_), [_, ..]) => {
            Err(Failure::usage("--type and --filter cannot stand together: put the type into the filter"))
        }
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
        let options = |types: &[SpaceType], filter: Option<&str>| Options {
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
