//! `chatauth spaces list`.

use crate::auth::{Scope, ScopeSet};
use crate::chat::{ListSpaces, SpacePage};
use crate::commands::failure::Action;
use crate::commands::{Context, Failure};
use crate::output::Item;

/// The most that the API gives at once.
const LARGEST_PAGE: u32 = 1000;

const HEADINGS: &[&str] = &["NAME", "TYPE", "RESOURCE", "LAST ACTIVE", "LINK"];

/// The headings under which times stand.
const TIMES: &[&str] = &["LAST ACTIVE"];

/// Half a link is none.
const SPARE: &[&str] = &["LINK"];

/// The options of the command.
#[derive(Debug)]
pub struct Options {
    /// Only these kinds, as the API names them.
    pub types: Vec<&'static str>,
    /// A filter in the API's own language.
    pub filter: Option<String>,
    /// Stop after so many.
    pub limit: Option<u32>,
}

/// Lists the spaces of which the account is a member, page by page.
pub async fn run(options: Options, context: &Context) -> Result<(), Failure> {
    let chat = context.chat()?;
    let filter = filter(&options)?;
    let needed: ScopeSet = [Scope::google("chat.spaces.readonly")].into_iter().collect();
    let mut access = context.access(&needed).await?;
    let mut list = context.printer.list(HEADINGS).times(TIMES).spare(SPARE).columns(super::COLUMNS);
    let mut left = options.limit;
    let mut page_token = None;
    loop {
        let request = ListSpaces {
            filter: filter.clone(),
            page_size: Some(left.map_or(LARGEST_PAGE, |left| left.clamp(1, LARGEST_PAGE))),
            page_token: page_token.take(),
        };
        let page = page(context, &chat, &mut access, &request).await?;
        for space in page.spaces {
            if left == Some(0) {
                break;
            }
            left = left.map(|left| left - 1);
            let fields = &space.fields;
            list.push(&Item { json: &space.json, name: &fields.name }, || {
                let text = |value: &Option<String>| value.clone().unwrap_or_default();
                let kind = fields.space_type.as_deref().map(super::type_for_people).unwrap_or_default().to_owned();
                vec![
                    text(&fields.display_name),
                    kind,
                    fields.name.clone(),
                    text(&fields.last_active_time),
                    text(&fields.space_uri),
                ]
            })
            .map_err(|error| Failure::output(&error))?;
        }
        page_token = page.next_page_token;
        if page_token.is_none() || left == Some(0) {
            break;
        }
    }
    let count = list.finish().map_err(|error| Failure::output(&error))?;
    if count == 0 {
        context.messages.note("There is no such space.");
    }
    Ok(())
}

async fn page(
    context: &Context,
    chat: &crate::chat::Client,
    access: &mut crate::auth::Access,
    request: &ListSpaces,
) -> Result<SpacePage, Failure> {
    let operation = chat.operation();
    let result =
        context.with_replacement(access, async |token| chat.list_spaces(token, request, &operation).await).await?;
    result.map_err(|error| {
        let project = context.project();
        let action =
            Action { name: "list spaces", write: None, project: project.as_deref(), account: access.account() };
        Failure::from_chat(&error, action)
    })
}

fn filter(options: &Options) -> Result<Option<String>, Failure> {
    match (&options.filter, &options.types[..]) {
        (Some(_), [_, ..]) => {
            Err(Failure::usage("--type and --filter cannot stand together: put the type into the filter"))
        }
        (Some(filter), []) => Ok(Some(filter.clone())),
        (None, []) => Ok(None),
        (None, types) => {
            let terms: Vec<String> = types.iter().map(|name| format!("spaceType = \"{name}\"")).collect();
            Ok(Some(terms.join(" OR ")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_become_a_filter() {
        let options = |types: &[&'static str], filter: Option<&str>| Options {
            types: types.to_vec(),
            filter: filter.map(str::to_owned),
            limit: None,
        };
        assert_eq!(filter(&options(&[], None)).unwrap(), None);
        assert_eq!(
            filter(&options(&["SPACE", "GROUP_CHAT"], None)).unwrap().as_deref(),
            Some("spaceType = \"SPACE\" OR spaceType = \"GROUP_CHAT\"")
        );
        assert!(filter(&options(&["SPACE"], Some("x"))).is_err());
    }
}
