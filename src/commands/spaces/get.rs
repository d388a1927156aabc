//! `chatauth spaces get`.

use crate::chat::OneSpace;
use crate::commands::caller::Caller;
use crate::commands::members::space_name;
use crate::commands::{Context, Failure, scopes};

/// The options of the command.
#[derive(Debug)]
pub struct Options {
    /// Which space.
    pub space: String,
    /// Whether as an administrator.
    pub admin: bool,
}

/// Shows one space.
pub async fn run(options: Options, context: &Context) -> Result<(), Failure> {
    let request = OneSpace { name: space_name(&options.space)?, admin: options.admin };
    let mut caller = Caller::new(context, &[&scopes::GET], options.admin).await?;
    let space = caller
        .read("get the space", async |chat, token, operation| chat.get_space(token, &request, operation).await)
        .await?;
    super::print(&space, context)
}
