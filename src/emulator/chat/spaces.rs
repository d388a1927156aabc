//! The spaces, in the order of their creation, with indexes that keep a create independent of their number.

use std::collections::{BTreeMap, HashMap};

use super::space::{Space, pair};

/// All spaces.
#[derive(Debug, Default)]
pub(in crate::emulator) struct Spaces {
    by_number: BTreeMap<u64, Space>,
    created: u64,
    /// Resource name to number.
    numbers: HashMap<String, u64>,
    /// Display name to the number of spaces that have it.
    display_names: HashMap<String, usize>,
    /// The ids of both members of a direct message to its number.
    direct_messages: HashMap<[String; 2], u64>,
}

impl Spaces {
    pub(super) fn add(&mut self, space: Space) {
        self.created += 1;
        self.insert(self.created, space);
    }

    /// Replaces the space of the same resource name.
    pub(super) fn replace(&mut self, space: Space) {
        if let Some((number, _)) = self.take(space.name()) {
            self.insert(number, space);
        }
    }

    pub(super) fn remove(&mut self, name: &str) {
        self.take(name);
    }

    fn insert(&mut self, number: u64, space: Space) {
        self.numbers.insert(space.name().to_owned(), number);
        *self.display_names.entry(space.field("displayName").to_owned()).or_default() += 1;
        if let Some(pair) = space.direct_message_pair() {
            self.direct_messages.insert(pair, number);
        }
        self.by_number.insert(number, space);
    }

    fn take(&mut self, name: &str) -> Option<(u64, Space)> {
        let number = self.numbers.remove(name)?;
        let space = self.by_number.remove(&number)?;
        if let Some(count) = self.display_names.get_mut(space.field("displayName")) {
            *count -= 1;
        }
        if let Some(pair) = space.direct_message_pair() {
            self.direct_messages.remove(&pair);
        }
        Some((number, space))
    }

    /// Returns the space with this resource name.
    pub(in crate::emulator) fn get(&self, name: &str) -> Option<&Space> {
        self.by_number.get(self.numbers.get(name)?)
    }

    /// Returns the space with this resource name, to change anything but its names and type.
    pub(in crate::emulator) fn get_mut(&mut self, name: &str) -> Option<&mut Space> {
        self.by_number.get_mut(self.numbers.get(name)?)
    }

    /// Returns the direct message between two people, or between a person and `app`.
    pub(super) fn direct_message(&self, one: &str, other: &str) -> Option<&Space> {
        self.by_number.get(self.direct_messages.get(&pair(one, other))?)
    }

    /// Returns the number of spaces with this display name.
    pub(super) fn count_named(&self, display_name: &str) -> usize {
        self.display_names.get(display_name).copied().unwrap_or_default()
    }

    /// Returns the spaces, the oldest first.
    pub(in crate::emulator) fn iter(&self) -> impl DoubleEndedIterator<Item = &Space> + ExactSizeIterator {
        self.by_number.values()
    }
}
