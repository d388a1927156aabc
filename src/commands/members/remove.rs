//! `chatauth members remove`.

use super::several::Several;
use super::{Pace, about, member_name, space_name};
use crate::chat::{DeleteMembership, MemberName, Method};
use crate::commands::Context;
use crate::commands::caller::Caller;

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
pub async fn run(options: Options, context: &Context) -> anyhow::Result<()> {
    let space = space_name(&options.space)?;
    let mut names: Vec<MemberName> = Vec::new();
    for text in &options.users {
        let name = member_name(&space, text)?;
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let app_alone = names.iter().all(|name| name.id() == "app");
    let scopes = if app_alone { DeleteMembership::SCOPES_FOR_APP } else { DeleteMembership::SCOPES };
    let mut caller = Caller::new(context, &[scopes], options.admin).await?;
    let mut several = Several::new(context, names.len());
    let mut pace = Pace::default();
    for (index, name) in names.iter().enumerate() {
        pace.wait().await;
        let request = DeleteMembership { name: name.clone(), admin: options.admin };
        match caller.send(&request).await {
            Ok(Some(ended)) => several.done(Some(&ended))?,
            Ok(None) => {
                context.messages.note(&format!("{name} was removed; the answer that said so was lost."));
                several.done(None)?;
            }
            Err(error) => {
                if !several.failed(name.id(), about(&space, context.report(error), context)) {
                    several.not_tried(names[index + 1..].iter().map(|name| name.id().to_owned()));
                    break;
                }
            }
        }
    }
    let finished = several.finish(|left| {
        let words = ["members", "remove", space.as_str()];
        let admin = options.admin.then_some("--use-admin-access");
        context.command(words.into_iter().chain(left.iter().map(String::as_str)).chain(admin))
    });
    Ok(finished?)
}
