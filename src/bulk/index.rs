//! The rows of a journal, with some dozen bytes of memory for each.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

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

/// The places of entries in the journal, by the identity of the row. Equal rows are several copies.
#[derive(Debug, Default)]
pub(super) struct Index {
    rows: HashMap<[u64; 2], Copies>,
    places: Vec<Place>,
}

/// The unclaimed copies of a row as a chain of places, and the number of all copies.
#[derive(Debug, Clone, Copy, Default)]
struct Copies {
    /// The index of the first place plus one; 0 if there is none.
    first: u32,
    count: u32,
}

/// The place of the entry that knows most about a copy.
#[derive(Debug, Clone, Copy)]
struct Place {
    /// The offset in the journal, with the last state in the lowest three bits.
    packed: u64,
    copy: u32,
    /// As [`Copies::first`].
    next: u32,
}

const STATES: [State; 5] = [State::Finished, State::Exists, State::Started, State::Failed, State::Refused];

impl Place {
    fn state(self) -> State {
        STATES[usize::try_from(self.packed & 7).unwrap_or_default().min(STATES.len() - 1)]
    }
}

fn key(identity: &str) -> [u64; 2] {
    let digest = u128::from_le_bytes(digest(identity));
    #[expect(clippy::cast_possible_truncation, reason = "two halves")]
    [digest as u64, (digest >> 64) as u64]
}

impl Index {
    /// Adds an entry of the journal. The first entry of a resource that exists knows most.
    pub(super) fn put(&mut self, identity: &str, copy: u32, state: State, offset: u64) {
        let copies = self.rows.entry(key(identity)).or_default();
        copies.count = copies.count.max(copy + 1);
        let mut next = copies.first;
        while let Some(place) = usize::try_from(next).ok().and_then(|next| self.places.get_mut(next.checked_sub(1)?)) {
            if place.copy == copy {
                let keeps = place.state() <= State::Exists && state <= State::Exists;
                let offset = if keeps { place.packed >> 3 } else { offset };
                place.packed = offset << 3 | state as u64;
                return;
            }
            next = place.next;
        }
        self.places.push(Place { packed: offset << 3 | state as u64, copy, next: copies.first });
        copies.first = u32::try_from(self.places.len()).unwrap_or(0);
    }

    /// Reserves memory for this many rows in all.
    pub(super) fn expect_rows(&mut self, rows: usize) {
        self.rows.reserve(rows.saturating_sub(self.rows.len()));
    }

    /// Sorts the copies of each row into the order of claims.
    pub(super) fn sort(&mut self) {
        for copies in self.rows.values_mut().filter(|copies| copies.count > 1) {
            let mut chain = Vec::new();
            let mut next = copies.first;
            while let Some(index) = next.checked_sub(1) {
                chain.push(index);
                next = self.places[index as usize].next;
            }
            chain.sort_by_key(|index| {
                let place = self.places[*index as usize];
                (place.state(), place.copy)
            });
            copies.first = 0;
            for index in chain.into_iter().rev() {
                self.places[index as usize].next = copies.first;
                copies.first = index + 1;
            }
        }
    }

    /// Claims the next copy of a row, with its last state and the offset of its entry. Without an entry, the copy is new.
    pub(super) fn claim(&mut self, identity: &str) -> (u32, Option<(State, u64)>) {
        let copies = self.rows.entry(key(identity)).or_default();
        if let Some(place) = copies.first.checked_sub(1).and_then(|index| self.places.get(index as usize)) {
            copies.first = place.next;
            return (place.copy, Some((place.state(), place.packed >> 3)));
        }
        copies.count += 1;
        (copies.count - 1, None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_equal_rows_the_finished_ones_are_claimed_first_and_the_rest_is_new() {
        let mut index = Index::default();
        for (copy, state, offset) in [
            (0, State::Started, 10),
            (1, State::Started, 20),
            (2, State::Started, 30),
            (0, State::Refused, 40),
            (3, State::Started, 50),
            (2, State::Exists, 60),
            (3, State::Exists, 70),
            (2, State::Finished, 80),
            (3, State::Exists, 90),
        ] {
            index.put("a", copy, state, offset);
        }
        index.put("b", 0, State::Failed, 100);
        index.sort();
        let claims: Vec<_> = (0..6).map(|_| index.claim("a")).collect();
        assert_eq!(
            claims,
            [
                (2, Some((State::Finished, 60))),
                (3, Some((State::Exists, 70))),
                (1, Some((State::Started, 20))),
                (0, Some((State::Refused, 40))),
                (4, None),
                (5, None),
            ]
        );
        assert_eq!(index.claim("b"), (0, Some((State::Failed, 100))));
        assert_eq!(index.claim("c"), (0, None));
        assert_eq!(index.claim("c"), (1, None));
    }

    #[test]
    fn a_row_costs_some_dozen_bytes() {
        let entry = size_of::<([u64; 2], Copies)>();
        assert_eq!((entry, size_of::<Place>()), (24, 16));
    }
}
