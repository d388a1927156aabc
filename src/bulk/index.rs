//! The rows of a journal, with some dozen bytes of memory for each.

use std::cmp::Reverse;
use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use super::identity::digest;

/// The state of a row. Equal rows are matched with their entries in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum State {
    /// It is done.
    Finished,
    /// Its resource exists; the second step (roles, more members) may remain.
    Exists,
    /// Its request is about to be sent, or was.
    Started,
    /// It failed, and the next run repeats its request id.
    Failed,
    /// The API rejected the request, and the next run uses a new request id unless the author gave one.
    Refused,
}

/// The entries of a journal, by the identity of the row. Equal rows are several copies.
#[derive(Debug, Default)]
pub(super) struct Index(HashMap<[u8; 16], Copies>);

/// The copies of a row.
#[derive(Debug, Default)]
struct Copies {
    /// The number of copies, with those that have no entry.
    count: u32,
    /// The number of rows of the input, if they were counted.
    rows: u32,
    /// The entries that are not claimed, the next one last.
    entries: SmallVec<[Place; 1]>,
}

/// The offset of a copy's most complete entry, and the copy's last state.
#[derive(Debug)]
struct Place {
    offset: u64,
    copy: u32,
    state: State,
}

impl Index {
    /// Adds an entry of the journal. Of an existing resource, the last entry that has the resource is kept.
    pub(super) fn put(&mut self, identity: &str, copy: u32, state: State, has_resource: bool, offset: u64) {
        let copies = self.0.entry(digest(identity)).or_default();
        copies.count = copies.count.max(copy.saturating_add(1));
        // Entries of a copy are close together.
        if let Some(known) = copies.entries.iter_mut().rev().find(|known| known.copy == copy) {
            if has_resource || known.state > State::Exists || state > State::Exists {
                known.offset = offset;
            }
            known.state = state;
        } else {
            copies.entries.push(Place { offset, copy, state });
        }
    }

    /// Reserves memory for this many rows in all.
    pub(super) fn expect_rows(&mut self, rows: usize) {
        self.0.reserve(rows.saturating_sub(self.0.len()));
    }

    /// Sorts the copies of each row into the order of claims.
    pub(super) fn sort(&mut self) {
        for copies in self.0.values_mut() {
            copies.entries.sort_unstable_by_key(|place| Reverse((place.state, place.copy)));
        }
    }

    /// Counts a row of the input, which will claim a copy.
    pub(super) fn count(&mut self, identity: &str) {
        if let Some(copies) = self.0.get_mut(&digest(identity)) {
            copies.rows = copies.rows.saturating_add(1);
        }
    }

    /// Returns the states and offsets of the entries that are not claimed, beyond those for the rows that were counted.
    pub(super) fn unclaimed(&self) -> impl Iterator<Item = (State, u64)> {
        self.0.values().flat_map(|copies| {
            let rest = copies.entries.len().saturating_sub(copies.rows as usize);
            copies.entries[..rest].iter().map(|place| (place.state, place.offset))
        })
    }

    /// Claims the next copy of a row, with its last state and the offset of its entry. Without an entry, the copy is new.
    pub(super) fn claim(&mut self, identity: &str) -> (u32, Option<(State, u64)>) {
        let copies = self.0.entry(digest(identity)).or_default();
        if let Some(place) = copies.entries.pop() {
            return (place.copy, Some((place.state, place.offset)));
        }
        let copy = copies.count;
        copies.count = copy.saturating_add(1);
        (copy, None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_equal_rows_the_finished_ones_are_claimed_first_and_the_rest_is_new() {
        let mut index = Index::default();
        for (copy, state, has_resource, offset) in [
            (0, State::Started, false, 10),
            (1, State::Started, false, 20),
            (2, State::Started, false, 30),
            (0, State::Refused, false, 40),
            (3, State::Started, false, 50),
            (2, State::Exists, true, 60),
            (3, State::Exists, true, 70),
            (2, State::Finished, false, 80),
            (3, State::Exists, false, 90),
            (3, State::Finished, true, 95),
        ] {
            index.put("a", copy, state, has_resource, offset);
        }
        index.put("b", 0, State::Failed, false, 100);
        index.sort();
        let claims: Vec<_> = (0..6).map(|_| index.claim("a")).collect();
        assert_eq!(
            claims,
            [
                (2, Some((State::Finished, 60))),
                (3, Some((State::Finished, 95))),
                (1, Some((State::Started, 20))),
                (0, Some((State::Refused, 40))),
                (4, None),
                (5, None),
            ]
        );
        assert_eq!(index.claim("b"), (0, Some((State::Failed, 100))));
        assert_eq!(index.claim("c"), (0, None));
        assert_eq!(index.claim("c"), (1, None));
        // What a journal says is not trusted.
        index.put("d", u32::MAX, State::Finished, false, 110);
        assert_eq!(index.claim("d"), (u32::MAX, Some((State::Finished, 110))));
        assert_eq!(index.claim("d"), (u32::MAX, None));
    }

    #[test]
    fn a_row_costs_some_dozen_bytes() {
        assert_eq!(size_of::<([u8; 16], Copies)>(), 48);
    }
}
