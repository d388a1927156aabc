//! One request for each of several members.

use super::show::{list_of_members, print, row};
use super::throttle::WriteThrottle;
use crate::chat::{Membership, Resource};
use crate::commands::{Context, Failure};
use crate::output::{self, Item, List};

/// Sends a request for each of `members`, under the quota, and prints the memberships that come back: one as an object,
/// several as a list. A failure that concerns one member does not stop the others. `action` is the command, for a report of
/// what was done if it cannot be printed.
///
/// # Errors
/// The first failure, with the messages of all, and as its hint the `command` for the members that remain.
pub(super) async fn for_each<Member>(
    action: &str,
    members: &[Member],
    id: impl Fn(&Member) -> &str,
    mut request: impl AsyncFnMut(&Member) -> anyhow::Result<Option<Resource<Membership>>>,
    command: impl FnOnce(&[&str]) -> String,
    context: &Context,
) -> anyhow::Result<()> {
    let mut list = (members.len() != 1).then(|| list_of_members(context));
    let (mut failures, mut left, mut done) = (Vec::new(), Vec::new(), Vec::new());
    let unprinted = |error: output::Error, done: &[&str]| {
        context.report_unprinted(error, &format!("{action} succeeded for {}", done.join(", ")))
    };
    let mut printed = Ok(());
    let mut throttle = WriteThrottle::default();
    for (index, member) in members.iter().enumerate() {
        throttle.wait().await;
        match request(member).await {
            Ok(membership) => {
                done.push(id(member));
                let result = match (membership, &mut list) {
                    (None, _) => Ok(()),
                    (Some(membership), None) => print(&membership, context),
                    (Some(Resource { fields, json }), Some(list)) => {
                        list.push(&Item { json: &json, name: &fields.name }, || row(&fields, false))
                    }
                };
                match result {
                    Ok(()) => {}
                    // An error of --jq or a full disk stops no further request.
                    Err(error @ (output::Error::Filter(_) | output::Error::Write(_))) => {
                        printed = printed.and(Err(error));
                    }
                    Err(error) => return Err(unprinted(error, &done).into()),
                }
            }
            Err(error) => {
                let failure = context.report(error);
                let continues = failure.affects_one_item();
                failures.push((id(member).to_owned(), failure));
                left.push(id(member));
                if !continues {
                    left.extend(members[index + 1..].iter().map(&id));
                    break;
                }
            }
        }
    }
    let printed = printed.and(list.map_or(Ok(0), List::finish));
    if members.len() == 1
        && let Some((_, failure)) = failures.pop()
    {
        return Err(failure.into());
    }
    let start = format!("{} of {} failed: ", left.len(), members.len());
    match Failure::combine(&start, failures) {
        Some(failure) => {
            let failure = if done.is_empty() { failure } else { failure.after_other_requests() };
            Err(failure.hint(format!("to retry those, run {}", command(&left))).into())
        }
        None => Ok(printed.map(drop).map_err(|error| unprinted(error, &done))?),
    }
}
