//! The output formats, one file each.

pub(super) mod csv;
pub(super) mod human;
pub(super) mod json;
pub(super) mod jsonl;
pub(super) mod name;
mod table;
