//! Hundreds of rows, each exactly once.

mod csv;
mod input;
mod journal;
mod pace;

pub use pace::Rate;
