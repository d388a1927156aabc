//! `chatauth spaces find-group-chats`.

use crate::chat::{FindGroupChats, GetSpace, Method, Scopes, user_name};
use crate::commands::caller::Caller;
use crate::commands::pages::Pages;
use crate::commands::{Context, Failure};

/// The most that the API gives at once.
const LARGEST_PAGE: u32 = 30;

/// The most people that the API takes.
const MOST_USERS: usize = 49;

/// The options of the command.
#[derive(Debug)]
pub struct Options {
    /// The other members, as the person wrote them.
    pub users: Vec<String>,
    /// Whether whole spaces are wanted, which needs a scope more.
    pub expanded: bool,
    /// Stop after so many.
    pub limit: Option<u32>,
}

/// Lists the group chats of exactly these people and the caller.
pub async fn run(options: Options, context: &Context) -> anyhow::Result<()> {
    let users = users(&options)?;
    let methods: &[Scopes] =
        if options.expanded { &[FindGroupChats::SCOPES, GetSpace::SCOPES] } else { &[FindGroupChats::SCOPES] };
    let mut caller = Caller::new(context, methods, false).await?;
    let mut pages = Pages::new(options.limit, LARGEST_PAGE);
    let mut list = super::list_of_spaces(context);
    while let Some(paging) = pages.next() {
        let request = FindGroupChats { users: users.clone(), expanded: options.expanded, paging };
        let page = caller.send(&request).await?;
        super::push(pages.take(page), &mut list)?;
    }
    super::finish(list, context)?;
    Ok(())
}

fn users(options: &Options) -> Result<Vec<String>, Failure> {
    if options.users.len() > MOST_USERS {
        return Err(Failure::usage(format!(
            "{} people (users) were given, and {MOST_USERS} are allowed",
            options.users.len()
        )));
    }
    let name =
        |text: &String| user_name(text).map_err(|cause| Failure::usage(format!("the user {text:?} (users) {cause}")));
    options.users.iter().map(name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_breaks_a_rule_is_refused_with_the_apis_word_for_it() {
        let options = |users: Vec<String>| Options { users, expanded: false, limit: None };
        assert!(users(&options(vec!["7".into(); 50])).unwrap_err().message.contains("(users)"));
        assert!(users(&options(vec!["a/b".into()])).unwrap_err().message.contains("(users)"));
        assert_eq!(users(&options(vec!["7".into()])).unwrap(), ["users/7"]);
    }
}
