//! `chatauth members remove`.

use super::several::Several;
use super::{Pace, about, member_name, space_name};
use crate::chat::{MemberName, OneMembership};
use crate::commands::caller::Caller;
use crate::commands::failure::Write;
use crate::commands::{Context, Failure, scopes};

/// The options of the command.
#[derive(Debug)]
pub struct Options {
    /// Where from.
    pub space: String,
    /// Who, as the person wrote it.
    pub users: Vec<String>,
    /// Whether as an administrator.
    pub admin: bool,
}

/// Removes people, one after the other.
pub async fn run(options: Options, context: &Context) -> Result<(), Failure> {
    let space = space_name(&options.space)?;
    let mut names: Vec<MemberName> = Vec::new();
    for text in &options.users {
        let name = member_name(&space, text)?;
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let app_alone = names.iter().all(|name| name.id() == "app");
    let method = if app_alone { &scopes::MEMBERS_DELETE_APP } else { &scopes::MEMBERS_DELETE };
    let mut caller = Caller::new(context, &[method], options.admin).await?;
    let repeat = context.repeat();
    let mut several = Several::new(context, names.len());
    let mut pace = Pace::default();
    for (index, name) in names.iter().enumerate() {
        pace.wait().await;
        let request = OneMembership { name: name.clone(), admin: options.admin };
        let result = caller
            .write("remove the member", Write { request_id: None, repeat: &repeat }, async |chat, token, operation| {
                chat.delete_membership(token, &request, operation).await
            })
            .await;
        match result {
            Ok(Some(ended)) => several.done(Some(&ended))?,
            Ok(None) => {
                context.messages.note(&format!("{name} was removed; the answer that said so was lost."));
                several.done(None)?;
            }
            Err(failure) => {
                if !several.failed(name.id(), about(&space, failure, context)) {
                    several.not_tried(names[index + 1..].iter().map(|name| name.id().to_owned()));
                    break;
                }
            }
        }
    }
    several.finish(|left| {
        let words = ["members", "remove", space.as_str()];
        let admin = options.admin.then_some("--use-admin-access");
        context.command(words.into_iter().chain(left.iter().map(String::as_str)).chain(admin))
    })
}
