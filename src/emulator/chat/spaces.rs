//! The spaces, in the order of their creation, with indexes that keep a create independent of their number.

use std::collections::{BTreeMap, HashMap};

use super::space::{Space, pair};

/// All spaces.
#[derive(Debug)]
pub(in crate::emulator) struct Spaces {
    by_number: BTreeMap<u64, Space>,
    /// The number of the next space.
    next: u64,
    /// Resource name to number.
    numbers: HashMap<String, u64>,
    /// Display name to the number of spaces that have it.
    display_names: HashMap<String, usize>,
    /// The ids of both members of a direct message to its number.
    direct_messages: HashMap<[String; 2], u64>,
}

impl Spaces {
    /// Creates an empty collection with a random first number, so that ids of one emulator mean nothing to another.
    pub(in crate::emulator) fn new() -> Self {
        Self {
            by_number: BTreeMap::new(),
            next: uuid::Uuid::new_v4().as_fields().0.into(),
            numbers: HashMap::new(),
            display_names: HashMap::new(),
            direct_messages: HashMap::new(),
        }
    }

    /// Returns the id of the next space: eleven characters with the prefix of Google's newer ids. The factor is odd, so
    /// that different numbers have different ids.
    pub(super) fn next_id(&self) -> String {
        format!("AAQA{:07x}", self.next.wrapping_mul(0x9E37_79B1) & 0x0FFF_FFFF)
    }

    pub(super) fn add(&mut self, space: Space) {
        self.insert(self.next, space);
        self.next += 1;
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

#[cfg(test)]
mod tests {
    use time::OffsetDateTime;

    use super::super::membership::NewMember;
    use super::*;
    use crate::emulator::options::{Options, User};

    fn space(spaces: &Spaces, kind: &str, display_name: &str, members: &[NewMember]) -> Space {
        let fields = serde_json::json!({ "spaceType": kind, "displayName": display_name });
        let ann = User::new("ann@example.com");
        let now = OffsetDateTime::UNIX_EPOCH;
        Space::new(&spaces.next_id(), fields.as_object().unwrap(), &ann, members, &Options::default(), now)
    }

    #[test]
    fn the_indexes_follow_every_change() {
        let mut spaces = Spaces::new();
        for name in ["a", "b", "a"] {
            spaces.add(space(&spaces, "SPACE", name, &[]));
        }
        assert_eq!((spaces.count_named("a"), spaces.count_named("b"), spaces.count_named("c")), (2, 1, 0));
        let names: Vec<String> = spaces.iter().map(|space| space.name().to_owned()).collect();
        let mut renamed = spaces.get(&names[0]).unwrap().clone();
        renamed.set("displayName", Some(serde_json::json!("c")));
        spaces.replace(renamed);
        assert_eq!((spaces.count_named("a"), spaces.count_named("c")), (1, 1));
        spaces.remove(&names[1]);
        assert_eq!(spaces.count_named("b"), 0);
        assert!(spaces.get(&names[1]).is_none() && spaces.get_mut(&names[2]).is_some());
        let left: Vec<&str> = spaces.iter().map(Space::name).collect();
        assert_eq!(left, [names[0].as_str(), names[2].as_str()], "a change keeps the order");
    }

    #[test]
    fn no_two_spaces_have_one_id() {
        let mut spaces = Spaces::new();
        let mut ids = std::collections::HashSet::new();
        for _ in 0..100_000 {
            assert!(ids.insert(spaces.next_id()), "{}", spaces.next_id());
            spaces.next += 1;
        }
        assert!(ids.iter().all(|id| id.len() == 11 && id.starts_with("AAQA")));
    }

    #[test]
    fn a_direct_message_is_found_by_either_person() {
        let mut spaces = Spaces::new();
        let bob = User::new("bob@example.com");
        let member = NewMember::Human { id: bob.sub.clone(), email: Some(bob.email) };
        spaces.add(space(&spaces, "DIRECT_MESSAGE", "", &[member]));
        let ann = User::new("ann@example.com").sub;
        assert!(spaces.direct_message(&ann, &bob.sub).is_some());
        assert!(spaces.direct_message(&bob.sub, &ann).is_some());
        assert!(spaces.direct_message(&ann, "app").is_none());
    }
}
