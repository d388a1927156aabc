//! `chatauth spaces update`.

mod changes;

pub use changes::{Options, Plan, plan};

use std::time::Duration;

use serde_json::Value;

use crate::chat::{GetSpace, Method, PatchSpace, Scopes};
use crate::commands::caller::Caller;
use crate::commands::{Context, Failure};

/// Google lets all apps together write once a second to a space.
const BETWEEN_WRITES: Duration = Duration::from_secs(1);

/// Changes a space, in as many requests as the API wants for it.
pub async fn run(plan: Plan, context: &Context) -> anyhow::Result<()> {
    if let Some(note) = &plan.note {
        context.messages.note(note);
    }
    let methods: &[Scopes] =
        if plan.half_of_the_details { &[PatchSpace::SCOPES, GetSpace::SCOPES] } else { &[PatchSpace::SCOPES] };
    let mut caller = Caller::new(context, methods, plan.admin).await?;
    let mut changes = plan.changes;
    if plan.half_of_the_details {
        let space = caller.send(&GetSpace { name: plan.space.clone(), admin: plan.admin }).await?;
        let present = space.json.get("spaceDetails").and_then(Value::as_object).cloned().unwrap_or_default();
        for details in changes.iter_mut().filter_map(|change| change.fields.get_mut("spaceDetails")) {
            // The mask takes both together, so what was not given is sent as it is.
            for (key, value) in present.iter().filter(|(key, _)| ["description", "guidelines"].contains(&key.as_str()))
            {
                if details.get(key).is_none() {
                    details[key] = value.clone();
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
        let request = PatchSpace {
            name: plan.space.clone(),
            update_mask: update_mask.clone(),
            space: change.fields,
            admin: plan.admin,
        };
        let result = caller.send(&request).await;
        latest = Some(result.map_err(|error| after(&done, &update_mask, context.report(error)))?);
        done.push(update_mask);
    }
    match latest {
        Some(space) => Ok(super::print(&space, context)?),
        None => Ok(()),
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
