//! `chatauth spaces update`.

mod changes;

use changes::plan;

use std::time::Duration;

use serde_json::Value;

use super::options::SpaceFields;
use crate::chat::{GetSpace, Method, PatchSpace, Scopes};
use crate::commands::caller::Caller;
use crate::commands::members::AdminAccess;
use crate::commands::{Context, Failure};

/// Google lets all apps together write once a second to a space.
const BETWEEN_WRITES: Duration = Duration::from_secs(1);

/// Change a space
#[derive(Debug, clap::Args)]
#[command(after_help = super::with_columns(examples!("chatauth spaces update spaces/AAAA --name 'A better name'")))]
pub struct Update {
    /// The space: spaces/AAAA, its ID or its URL
    #[arg(value_name = "SPACE")]
    space: String,
    #[command(flatten)]
    fields: SpaceFields<false>,
    /// Who can do what, as in use-at-mention-all=managers: owners, managers (and owners), or members (everyone)
    /// (repeatable)
    #[arg(long, value_name = "SETTING=WHO")]
    allow: Vec<String>,
    #[command(flatten)]
    admin: AdminAccess,
}

impl Update {
    /// Changes the space, in as many requests as the API wants for it.
    pub fn run(self, context: &Context) -> anyhow::Result<()> {
        context.block_on(self.update(context))
    }

    async fn update(self, context: &Context) -> anyhow::Result<()> {
        let admin = self.admin.use_admin_access;
        let plan = plan(&self)?;
        if let Some(note) = &plan.note {
            context.messages.note(note);
        }
        let methods: &[Scopes] =
            if plan.partial.is_empty() { &[PatchSpace::SCOPES] } else { &[PatchSpace::SCOPES, GetSpace::SCOPES] };
        let mut caller = Caller::new(context, methods, admin).await?;
        let mut changes = plan.changes;
        if !plan.partial.is_empty() {
            let space = caller.send(&GetSpace { name: plan.space.clone(), admin }).await?;
            for outer in plan.partial {
                let Some(Value::Object(present)) = space.json.get(outer) else { continue };
                // The mask takes the object as a whole, so what was not given is sent as it is.
                for given in changes.iter_mut().filter_map(|change| change.fields.get_mut(outer)) {
                    for (key, value) in present {
                        if given.get(key).is_none() {
                            given[key] = value.clone();
                        }
                    }
                }
            }
        }
        let mut done: Vec<String> = Vec::new();
        let mut latest = None;
        for change in changes {
            if latest.is_some() {
                tokio::time::sleep(BETWEEN_WRITES).await;
            }
            let update_mask = change.mask.join(",");
            let request =
                PatchSpace { name: plan.space.clone(), update_mask: update_mask.clone(), space: change.fields, admin };
            let result = caller.send(&request).await;
            latest = Some(result.map_err(|error| after(&done, &update_mask, context.report(error)))?);
            done.push(update_mask);
        }
        match latest {
            Some(space) => Ok(super::print(&space, context)?),
            None => Ok(()),
        }
    }
}

/// Says how far it went, where one of several requests failed.
fn after(done: &[String], failed: &str, mut failure: Failure) -> Failure {
    failure.message = format!("{} (updateMask {failed})", failure.message);
    if !done.is_empty() {
        failure.message = format!("{}; updated before that: {}", failure.message, done.join(", "));
    }
    failure
}
