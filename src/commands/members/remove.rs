//! `chatauth members remove`.

use super::arguments::{AdminAccess, about, member_name};
use super::pace::Pace;
use super::several::Several;
use crate::chat::{DeleteMembership, MemberName, Method};
use crate::commands::Context;
use crate::commands::caller::Caller;
use crate::commands::spaces::name::space_name;

/// Remove people from a space
#[derive(Debug, clap::Args)]
#[command(after_help = examples!("chatauth members remove spaces/AAAA ada@example.com"))]
pub struct Remove {
    /// Space: spaces/AAAA, its ID or its URL
    #[arg(value_name = "SPACE")]
    space: String,
    /// Member to remove, by email or ID (repeatable); app is the Chat app
    #[arg(value_name = "USER", required = true)]
    users: Vec<String>,
    #[command(flatten)]
    admin: AdminAccess,
}

impl Remove {
    /// Removes the members, one after the other.
    pub fn run(self, context: &Context) -> anyhow::Result<()> {
        context.block_on(self.remove(context))
    }

    async fn remove(self, context: &Context) -> anyhow::Result<()> {
        let admin = self.admin.use_admin_access;
        let space = space_name(&self.space)?;
        let mut names: Vec<MemberName> = Vec::new();
        for text in &self.users {
            let name = member_name(&space, text)?;
            if !names.contains(&name) {
                names.push(name);
            }
        }
        let app_alone = names.iter().all(|name| name.id() == "app");
        let scopes = if app_alone { DeleteMembership::SCOPES_FOR_APP } else { DeleteMembership::SCOPES };
        let mut caller = Caller::new(context, &[scopes], admin).await?;
        let mut several = Several::new(context, names.len());
        let mut pace = Pace::default();
        for (index, name) in names.iter().enumerate() {
            pace.wait().await;
            let request = DeleteMembership { name: name.clone(), admin };
            match caller.send(&request).await {
                Ok(Some(ended)) => several.done(Some(&ended))?,
                Ok(None) => {
                    context.messages.note(&format!("Removed {name} (the answer was lost)"));
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
            let flag = admin.then_some("--use-admin-access");
            context.command(words.into_iter().chain(left.iter().map(String::as_str)).chain(flag))
        });
        Ok(finished?)
    }
}
