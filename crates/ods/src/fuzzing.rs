//! What the fuzz targets call: the laws of the readers, for one input.
//!
//! Exists only in builds with `--cfg fuzzing`.

use crate::load::laws;

/// Reads a CSV file; the first two bytes say how it is cut into pieces and how long a row may be.
pub fn csv(input: &[u8]) {
    if let [piece, longest, file @ ..] = input {
        laws::csv::check(file, laws::Cut::of_bytes(*piece, *longest));
    }
}

/// Reads a file of events; the first two bytes as in [`csv()`].
pub fn events(input: &[u8]) {
    if let [piece, longest, file @ ..] = input {
        laws::events::check(file, laws::Cut::of_bytes(*piece, *longest));
    }
}

/// Reads a timestamp.
pub fn timestamp(input: &[u8]) {
    if let Ok(text) = std::str::from_utf8(input) {
        laws::timestamp::check(text);
    }
}
