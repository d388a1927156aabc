//! `chatauth spaces find-group-chats`.

use crate::chat::{self, GetSpace, Method, Scopes, user_name};
use crate::commands::caller::Caller;
use crate::commands::pagination::Pages;
use crate::commands::{Context, Failure};

/// The most that the API gives at once.
const LARGEST_PAGE: u32 = 30;

/// The most people that the API takes.
const MOST_USERS: usize = 49;

/// Find the group chats of exactly these people and you
#[derive(Debug, clap::Args)]
#[command(after_help = examples!("chatauth spaces find-group-chats ada@example.com bob@example.com"))]
pub struct FindGroupChats {
    /// Person, by email or ID (repeatable)
    #[arg(value_name = "USER", required = true)]
    users: Vec<String>,
    /// Show whole spaces (needs the scope chat.spaces.readonly)
    #[arg(long)]
    expanded: bool,
    /// Stop after N results
    #[arg(short = 'L', long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    limit: Option<u32>,
}

impl FindGroupChats {
    /// Find the group chats of exactly these people and yourself.
    pub fn run(self, context: &Context) -> anyhow::Result<()> {
        context.block_on(self.find(context))
    }

    async fn find(self, context: &Context) -> anyhow::Result<()> {
        let users = user_names(&self.users)?;
        let methods: &[Scopes] = if self.expanded {
            &[chat::FindGroupChats::SCOPES, GetSpace::SCOPES]
        } else {
            &[chat::FindGroupChats::SCOPES]
        };
        let mut caller = Caller::new(context, methods, false).await?;
        let mut pages = Pages::new(self.limit, LARGEST_PAGE).shown(context);
        let mut list = super::show::list_of_spaces(context);
        while let Some(paging) = pages.next()? {
            let request = chat::FindGroupChats { users: users.clone(), expanded: self.expanded, paging };
            let page = caller.send(&request).await?;
            super::show::push(pages.take(page), &mut list)?;
        }
        super::show::finish(list, context)?;
        Ok(())
    }
}

fn user_names(texts: &[String]) -> Result<Vec<String>, Failure> {
    if texts.len() > MOST_USERS {
        return Err(Failure::usage(format!(
            "{} people (users) were given; at most {MOST_USERS} are allowed",
            texts.len()
        )));
    }
    let name =
        |text: &String| user_name(text).map_err(|cause| Failure::usage(format!("the user {text:?} (users) {cause}")));
    texts.iter().map(name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_breaks_a_rule_is_refused_with_the_apis_word_for_it() {
        assert!(user_names(&vec!["7".into(); 50]).unwrap_err().message.contains("(users)"));
        assert!(user_names(&["a/b".into()]).unwrap_err().message.contains("(users)"));
        assert_eq!(user_names(&["7".into()]).unwrap(), ["users/7"]);
    }
}
