//! `chatauth spaces find-group-chats`.

use crate::chat::{self, GetSpace, Method, Scopes, is_same_name, user_name};
use crate::commands::caller::Caller;
use crate::commands::pagination::{Limit, Pages};
use crate::commands::{Context, Failure};
use crate::platform::sanitise::quoted;

/// The largest page of the API.
const LARGEST_PAGE: u32 = 30;

/// The maximum number of people in a request.
const MOST_USERS: usize = 49;

/// Find the group chats of exactly these people and you
#[derive(Debug, clap::Args)]
#[command(after_help = super::show::with_columns(examples!("chatauth spaces find-group-chats ada@example.com bob@example.com")))]
pub struct FindGroupChats {
    /// Person, by email or ID (repeatable)
    #[arg(value_name = "USER", required = true)]
    users: Vec<String>,
    /// Show whole spaces (needs the scope chat.spaces.readonly)
    #[arg(long)]
    expanded: bool,
    #[command(flatten)]
    limit: Limit,
}

impl FindGroupChats {
    /// Lists the group chats of exactly these people and the account.
    pub async fn run(self, context: &Context) -> anyhow::Result<()> {
        let users = user_names(&self.users)?;
        let methods: &[Scopes] = if self.expanded {
            &[chat::FindGroupChats::SCOPES, GetSpace::SCOPES]
        } else {
            &[chat::FindGroupChats::SCOPES]
        };
        let mut caller = Caller::new(context, methods, false).await?;
        let pages = Pages::up_to(&self.limit, LARGEST_PAGE, context);
        let request = |paging| chat::FindGroupChats { users: users.clone(), expanded: self.expanded, paging };
        super::show::print_list(pages, request, &mut caller, context).await
    }
}

fn user_names(texts: &[String]) -> Result<Vec<String>, Failure> {
    if texts.len() > MOST_USERS {
        return Err(Failure::usage(format!(
            "{} people (users) were given; at most {MOST_USERS} are allowed",
            texts.len()
        )));
    }
    let name = |text: &String| {
        user_name(text).map_err(|cause| Failure::usage(format!("the user {} (users) {cause}", quoted(text))))
    };
    let mut users: Vec<String> = Vec::new();
    for user in texts.iter().map(name) {
        let user = user?;
        if !users.iter().any(|other| is_same_name(other, &user)) {
            users.push(user);
        }
    }
    Ok(users)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_breaks_a_rule_is_refused_with_the_apis_word_for_it() {
        assert!(user_names(&vec!["7".into(); 50]).unwrap_err().message.contains("(users)"));
        assert!(user_names(&["a/b".into()]).unwrap_err().message.contains("(users)"));
        assert_eq!(user_names(&["7".into(), "users/7".into(), "8".into()]).unwrap(), ["users/7", "users/8"]);
    }
}
