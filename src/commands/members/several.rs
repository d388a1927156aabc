//! One request for each of several members.

use super::role::{Invited, finish_by};
use super::show::{list_of_members, print, row};
use crate::bulk::RateLimiter;
use crate::chat::{Membership, Resource};
use crate::commands::caller::MEMBERS_RATE;
use crate::commands::write::Progress;
use crate::commands::{Context, ErrorCode, Failure, Outcome};
use crate::output::{self, Item, List};

/// Sends a request for each of `members`, under the quota, and prints the memberships that come back: one as an object,
/// several as a list. A failure that concerns one member does not stop the others. `action` is the command, for a report of
/// what was done if it cannot be printed.
///
/// # Errors
/// The failure that ended the command, or else the first, with the messages of all, and as its hint the `command` for the
/// members for whom it can still succeed.
pub(super) async fn for_each<Member>(
    action: &str,
    members: &[Member],
    id: impl Fn(&Member) -> &str,
    mut request: impl AsyncFnMut(&Member) -> anyhow::Result<Option<Resource<Membership>>>,
    command: impl Fn(&[&str]) -> String,
    context: &Context,
) -> anyhow::Result<()> {
    let ids: Vec<&str> = members.iter().map(id).collect();
    let mut list = (ids.len() != 1).then(|| list_of_members(context));
    let mut failures: Vec<(String, Failure)> = Vec::new();
    let (mut left, mut done) = (Vec::new(), Vec::new());
    let succeeded = |done: &[&str]| format!("{action} succeeded for {}", done.join(", "));
    let unprinted = |error: output::Error, done: &[&str]| context.report_unprinted(error, &succeeded(done));
    let mut any_invited = false;
    let hint_at_rest = |failure: Failure, left: &[&str], invited| {
        if left.is_empty() { failure } else { failure.hint_after_wait(finish_by(&command(left), invited)) }
    };
    let mut printed = Ok(());
    let limiter = RateLimiter::new(MEMBERS_RATE, 1, []);
    for (index, member) in members.iter().enumerate() {
        if ids.len() > 1 {
            let failed = failures.iter().map(|(who, failure)| format!("{who}: {}", failure.message));
            let outcomes: Vec<String> =
                (!done.is_empty()).then(|| succeeded(&done)).into_iter().chain(failed).collect();
            let remaining = command(&[&left, &ids[index..]].concat());
            context.progress.replace(Some(Progress { done: outcomes.join("; "), remaining }));
        }
        let _permit = limiter.acquire(1).await;
        match request(member).await {
            Ok(membership) => {
                done.push(ids[index]);
                let result = match (membership, &mut list) {
                    (None, _) => Ok(()),
                    (Some(membership), None) => print(&membership, context),
                    (Some(Resource { fields, json }), Some(list)) => {
                        list.push(&Item { json: &json, name: &fields.name }, row(&fields, false))
                    }
                };
                // Nothing but a signal stops the further requests: no error of --jq, no full disk, no closed pipe.
                if let Err(error @ output::Error::Interrupted(_)) = result {
                    left.extend(&ids[index + 1..]);
                    return Err(hint_at_rest(unprinted(error, &done), &left, any_invited).into());
                }
                printed = printed.and(result);
            }
            Err(error) => {
                let invited = error.is::<Invited>();
                any_invited |= invited;
                let failure = context.report(error);
                let continues = failure.affects_one_item();
                // The same command would be refused again, also after a lost answer that took the permission away.
                let refused =
                    failure.outcome == Some(Outcome::NotApplied) || failure.code == ErrorCode::PermissionDenied;
                let is_left = invited || !continues || !refused;
                left.extend(is_left.then_some(ids[index]));
                failures.push((ids[index].to_owned(), failure));
                if !continues {
                    left.extend(&ids[index + 1..]);
                    break;
                }
            }
        }
    }
    let printed = printed.and(list.map_or(Ok(0), List::finish));
    let unprinted = printed.err().filter(|_| !done.is_empty()).map(|error| unprinted(error, &done));
    let failed = if ids.len() == 1 {
        failures.pop().map(|(_, failure)| failure)
    } else {
        let start = format!("{} of {} failed: ", failures.len(), ids.len());
        let untried = ids.len() - done.len() - failures.len();
        // A hint about the only one who is left is better than the command for them.
        let is_last = matches!(&failures[..], [(_, only)] if only.affects_one_item());
        Failure::combine(&start, failures, untried).map(|failure| {
            let failure = if done.is_empty() { failure } else { failure.after_other_requests() };
            if is_last { failure } else { hint_at_rest(failure, &left, any_invited) }
        })
    };
    Ok(Failure::with_unprinted(failed, unprinted)?)
}
