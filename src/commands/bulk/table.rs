//! A table that does not grow in memory: a bulk run is as big as its file, and what it remembers must not be.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};

use sha2::{Digest, Sha256};

use crate::platform::files;

/// A key in sixteen bytes and its value in eight.
const SLOT: usize = 24;

/// How many slots there are at first, and up to how many they stay in memory: 96 KiB.
const FIRST: u64 = 1 << 6;
const IN_MEMORY: u64 = 1 << 12;

/// Values by text, of which only a hash is kept. What outgrows a little memory goes to a file without a name, which the
/// system removes whatever ends the program.
#[derive(Debug)]
pub(super) struct Table {
    slots: Slots,
    count: u64,
    taken: u64,
}

#[derive(Debug)]
enum Slots {
    Memory(Vec<u8>),
    File(File),
}

impl Table {
    /// An empty table.
    pub(super) fn new() -> Self {
        Self { slots: Slots::of(FIRST), count: FIRST, taken: 0 }
    }

    /// Puts the value of `text`, and gives the one that it had before. An error is one of the temporary file.
    pub(super) fn put(&mut self, text: &str, value: u64) -> io::Result<Option<u64>> {
        // Half full at most, so that few slots are looked at for each.
        if self.taken * 2 >= self.count {
            self.grow()?;
        }
        self.put_key(key(text), value)
    }

    /// The value of `text`.
    pub(super) fn get(&mut self, text: &str) -> io::Result<Option<u64>> {
        let key = key(text);
        Ok(self.find(key)?.1)
    }

    fn put_key(&mut self, key: u128, value: u64) -> io::Result<Option<u64>> {
        let (index, before) = self.find(key)?;
        let mut slot = [0; SLOT];
        slot[..16].copy_from_slice(&key.to_le_bytes());
        slot[16..].copy_from_slice(&value.to_le_bytes());
        self.slots.write(index, &slot)?;
        self.taken += u64::from(before.is_none());
        Ok(before)
    }

    /// The slot of a key, or the one in which it would stand, and its value.
    fn find(&mut self, key: u128) -> io::Result<(u64, Option<u64>)> {
        // The count is a power of two, so the lowest bits of the hash are a place.
        let mask = self.count - 1;
        let mut index = u64::try_from(key & u128::from(mask)).unwrap_or_default();
        loop {
            match read_slot(self.slots.read(index)?) {
                None => return Ok((index, None)),
                Some((found, value)) if found == key => return Ok((index, Some(value))),
                Some(_) => index = (index + 1) & mask,
            }
        }
    }

    fn grow(&mut self) -> io::Result<()> {
        let count = self.count * 2;
        let mut bigger = Self { slots: Slots::of(count), count, taken: 0 };
        for index in 0..self.count {
            if let Some((key, value)) = read_slot(self.slots.read(index)?) {
                bigger.put_key(key, value)?;
            }
        }
        *self = bigger;
        Ok(())
    }
}

impl Slots {
    fn of(count: u64) -> Self {
        let length = count * SLOT as u64;
        let file = || {
            let file = files::scratch().ok()?;
            file.set_len(length).ok()?;
            Some(file)
        };
        // Without a place for temporary files memory has to do.
        let file = if count > IN_MEMORY { file() } else { None };
        file.map_or_else(|| Self::Memory(vec![0; usize::try_from(length).unwrap_or(usize::MAX)]), Self::File)
    }

    fn read(&mut self, index: u64) -> io::Result<[u8; SLOT]> {
        let mut slot = [0; SLOT];
        match self {
            Self::Memory(bytes) => slot.copy_from_slice(&bytes[place(index)..place(index) + SLOT]),
            Self::File(file) => {
                file.seek(SeekFrom::Start(index * SLOT as u64))?;
                file.read_exact(&mut slot)?;
            }
        }
        Ok(slot)
    }

    fn write(&mut self, index: u64, slot: &[u8; SLOT]) -> io::Result<()> {
        match self {
            Self::Memory(bytes) => bytes[place(index)..place(index) + SLOT].copy_from_slice(slot),
            Self::File(file) => {
                file.seek(SeekFrom::Start(index * SLOT as u64))?;
                file.write_all(slot)?;
            }
        }
        Ok(())
    }
}

/// Where a slot begins in memory, in which there are few.
fn place(index: u64) -> usize {
    usize::try_from(index).unwrap_or(usize::MAX).saturating_mul(SLOT)
}

/// The key and the value in a slot; `None` when it is empty.
fn read_slot(slot: [u8; SLOT]) -> Option<(u128, u64)> {
    let (key, value) = slot.split_first_chunk::<16>()?;
    let key = u128::from_le_bytes(*key);
    let value = u64::from_le_bytes(*value.first_chunk::<8>()?);
    (key != 0).then_some((key, value))
}

/// Half of a SHA-256: whoever writes the rows cannot make two of them meet. Zero is the empty slot.
fn key(text: &str) -> u128 {
    let hash = Sha256::digest(text);
    hash.first_chunk::<16>().map_or(1, |bytes| u128::from_le_bytes(*bytes)).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_found_again_in_memory_and_in_a_file() {
        let mut table = Table::new();
        let rows = IN_MEMORY * 2;
        for number in 0..rows {
            assert_eq!(table.put(&format!("row {number}"), number).unwrap(), None);
        }
        assert!(matches!(table.slots, Slots::File(_)));
        assert_eq!(table.put("row 7", 1000).unwrap(), Some(7));
        assert_eq!(table.taken, rows);
        for number in 0..rows {
            let expected = if number == 7 { 1000 } else { number };
            assert_eq!(table.get(&format!("row {number}")).unwrap(), Some(expected));
        }
        assert_eq!(table.get("row -1").unwrap(), None);
    }

    #[test]
    fn a_small_table_needs_no_file_and_an_empty_one_has_nothing() {
        let mut table = Table::new();
        assert_eq!(table.get("").unwrap(), None);
        assert_eq!(table.put("", 0).unwrap(), None);
        assert_eq!(table.get("").unwrap(), Some(0));
        for number in 1..IN_MEMORY / 2 {
            table.put(&number.to_string(), number).unwrap();
        }
        assert!(matches!(table.slots, Slots::Memory(_)));
    }
}
