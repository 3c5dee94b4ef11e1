//! The last words of a program that failed.

use std::fs;
use std::path::Path;
use std::process::Output;

/// Marks of the lines that say why.
const TELLING: [&str; 5] = ["FATAL:", "PANIC:", "ERROR:", "error:", "could not"];

/// The lines that say why, at most the last two of them, as one line.
pub(crate) fn reason_in(text: &str) -> Option<String> {
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let telling: Vec<&str> =
        lines.iter().copied().filter(|line| TELLING.iter().any(|mark| line.contains(mark))).collect();
    let chosen = if telling.is_empty() { lines } else { telling };
    let last = chosen[chosen.len().saturating_sub(2)..].join("; ");
    (!last.is_empty()).then_some(last)
}

/// What a program's standard error says.
pub(crate) fn reason_of(output: &Output) -> String {
    reason_in(&String::from_utf8_lossy(&output.stderr))
        .or_else(|| reason_in(&String::from_utf8_lossy(&output.stdout)))
        .unwrap_or_else(|| output.status.to_string())
}

/// What the server's log says, if it says anything.
pub(crate) fn reason_in_log(log: &Path) -> Option<String> {
    // The log begins anew with each start, so it is short when a start has failed.
    let bytes = fs::read(log).ok()?;
    reason_in(&String::from_utf8_lossy(&bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_telling_lines_are_chosen() {
        let log = "LOG: starting\nFATAL:  could not write lock file: No space left\nLOG: shut down\n";
        assert_eq!(reason_in(log).as_deref(), Some("FATAL:  could not write lock file: No space left"));
        assert_eq!(reason_in("one\ntwo\n\nthree\n").as_deref(), Some("two; three"));
        assert_eq!(reason_in("\n"), None);
    }
}
