//! The results of one request per member.

use crate::chat::{Membership, Resource};
use crate::commands::{Context, Failure};
use crate::output::{Item, List};

/// Prints and collects the results of several requests of one kind.
pub(super) struct Several<'a> {
    context: &'a Context,
    list: Option<List<'a>>,
    failed: Vec<(String, Failure)>,
    left: Vec<String>,
    done: usize,
}

impl<'a> Several<'a> {
    /// Creates the collector. One result is printed as an object, several as a list.
    pub(super) fn new(context: &'a Context, count: usize) -> Self {
        let list = (count != 1).then(|| super::show::list_of_members(context));
        Self { context, list, failed: Vec::new(), left: Vec::new(), done: 0 }
    }

    /// Prints a success; `None` if its response was lost.
    pub(super) fn done(&mut self, membership: Option<&Resource<Membership>>) -> anyhow::Result<()> {
        self.done += 1;
        let Some(membership) = membership else { return Ok(()) };
        match &mut self.list {
            None => super::show::print(membership, self.context),
            Some(list) => {
                let item = Item { json: &membership.json, name: &membership.fields.name };
                Ok(list.push(&item, || super::show::row(&membership.fields, false))?)
            }
        }
    }

    /// Records the failure for `user` and returns whether to continue with the next one.
    pub(super) fn failed(&mut self, user: &str, failure: Failure) -> bool {
        let continues = failure.concerns_one();
        self.left.push(user.to_owned());
        self.failed.push((user.to_owned(), failure));
        continues
    }

    /// Records users whose request was skipped.
    pub(super) fn not_tried(&mut self, users: impl IntoIterator<Item = String>) {
        self.left.extend(users);
    }

    /// Ends the list. With failures, the first one stands for all; `command` makes the command for those who are left.
    pub(super) fn finish(mut self, command: impl FnOnce(&[String]) -> String) -> Result<(), Failure> {
        let printed = self.list.map_or(Ok(0), List::finish);
        let total = self.done + self.left.len();
        if total == 1
            && let Some((_, failure)) = self.failed.pop()
        {
            return Err(failure);
        }
        let start = format!("{} of {total} failed: ", self.left.len());
        match Failure::of_several(&start, self.failed) {
            Some(failure) => Err(failure.hint(format!("to retry those, run {}", command(&self.left)))),
            None => Ok(printed.map(drop)?),
        }
    }
}
