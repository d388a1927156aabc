//! `chatauth members remove`.

use std::path::PathBuf;

use super::rows;
use super::several::for_each;
use crate::bulk::{Applied, Attempt, Column, Planned, Rate, RowFault, Values, Words};
use crate::chat::{DeleteMembership, MemberName, Method, Scopes, is_same_name};
use crate::commands::Context;
use crate::commands::arguments::{AdminAccess, space_name};
use crate::commands::bulk::{self, RowCommand, RowsArgs};
use crate::commands::caller::{Caller, MEMBERS_RATE};

/// Remove people from a space
#[derive(Debug, clap::Args)]
#[command(after_help = super::show::with_columns(examples!("chatauth members remove spaces/AAAA ada@example.com")))]
pub struct Remove {
    /// Space: spaces/AAAA, its ID or its URL
    ///
    /// With --from: the space of rows without one.
    #[arg(value_name = "SPACE", required_unless_present = "from")]
    space: Option<String>,
    /// Member to remove, by email or ID (repeatable); app is the Chat app
    #[arg(value_name = "USER", required_unless_present = "from")]
    users: Vec<String>,
    /// Remove a member per CSV or JSON Lines row; - is stdin
    ///
    /// The columns are space and member. The output of members list is read too.
    #[arg(long, value_name = "FILE", help_heading = "Many at once", conflicts_with = "users")]
    #[arg(value_hint = clap::ValueHint::FilePath)]
    from: Option<PathBuf>,
    #[command(flatten)]
    rows: RowsArgs,
    #[command(flatten)]
    admin: AdminAccess,
}

impl Remove {
    /// Removes the members, one after the other.
    pub fn run(self, context: &Context) -> anyhow::Result<()> {
        if let Some(from) = &self.from {
            return bulk::run(&self, from, &self.rows.bulk, self.rows.dry_run, self.admin.use_admin_access, context);
        }
        context.block_on(self.remove(context))
    }

    async fn remove(self, context: &Context) -> anyhow::Result<()> {
        let admin = self.admin.use_admin_access;
        let space = space_name(self.space.as_deref().unwrap_or_default())?;
        let mut names: Vec<MemberName> = Vec::new();
        for text in &self.users {
            let name = super::show::member_name(&space, text, admin, context)?;
            if !names.iter().any(|other| is_same_name(other.id(), name.id())) {
                names.push(name);
            }
        }
        let app_alone = names.iter().all(|name| name.id() == "app");
        let scopes = if app_alone { DeleteMembership::SCOPES_FOR_APP } else { DeleteMembership::SCOPES };
        let mut caller = Caller::new(context, &[scopes], admin).await?;
        // After leaving the space, the caller may remove nobody.
        names.sort_by_key(|name| caller.is_self(name.id()));
        let remaining = |left: &[&str]| {
            let words = ["members", "remove", space.as_str()];
            let flag = admin.then_some("--use-admin-access");
            context.command(words.into_iter().chain(left.iter().copied()).chain(flag))
        };
        let remove = async |name: &MemberName| -> anyhow::Result<_> {
            let request = DeleteMembership { name: name.clone(), admin };
            let sent = caller.send(&request).await;
            let ended = sent.map_err(|error| super::show::report(error, name, admin, context))?;
            let lost = if ended.is_none() { " (the response was lost)" } else { "" };
            context.messages.note(&format!("Removed {}{lost}", name.id()));
            // People need no details of the former membership.
            Ok(ended.filter(|_| !context.printer.format().is_for_people()))
        };
        for_each("members remove", &names, MemberName::id, remove, remaining, context).await
    }
}

impl RowCommand for Remove {
    type Work = DeleteMembership;
    const NAME: &'static str = "members remove";
    const WORDS: Words =
        Words { verb: "remove", doing: "Removing", done: "removed", object: "membership", by_request_id: false };
    const RATE: Rate = MEMBERS_RATE;

    fn columns(&self) -> Vec<Column> {
        rows::columns()
    }

    fn options(&self) -> Values {
        rows::options(self.space.as_ref())
    }

    fn plan(&self, values: &Values, _request_id: &str) -> Result<Planned<DeleteMembership>, RowFault> {
        let name = rows::membership(values, self.space.as_ref())?;
        Ok(Planned::of(Some(name.to_string()), DeleteMembership { name, admin: self.admin.use_admin_access }))
    }

    fn scopes(&self, _request: Option<&DeleteMembership>) -> Vec<Scopes> {
        vec![DeleteMembership::SCOPES]
    }

    async fn apply(
        &self,
        request: &DeleteMembership,
        attempt: Attempt,
        caller: &mut Caller<'_>,
    ) -> anyhow::Result<Applied> {
        let name = request.name.to_string();
        let gone = || Applied { name: name.clone(), ..Applied::default() };
        match caller.send(request).await {
            Ok(Some(ended)) => Ok(Applied { object: Some(ended.json), ..gone() }),
            Ok(None) => Ok(gone()),
            // An earlier attempt of this row may have removed it.
            Err(error) if attempt.unknown_since.is_some() && error.is_not_found() => Ok(gone()),
            Err(error) => {
                Err(super::show::report(error, &request.name, self.admin.use_admin_access, caller.context()).into())
            }
        }
    }
}
