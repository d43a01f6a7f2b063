//! Stories: little scripts with golden output, played through the production engine over the world in memory.
//! What the lines mean is in `tests/stories/README.md`. Nothing here decides what ought to happen: the script says so.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "test code")]
#![allow(clippy::missing_panics_doc, reason = "a test that panics says so")]

mod people;
mod stage;

use std::fmt::Write;

pub use stage::Stage;

/// Plays a script and returns it with the lines that followed from it in the place of its golden ones.
pub fn play(script: &str) -> String {
    let mut stage = Stage::new();
    let mut played = String::new();
    for line in script.lines().filter(|line| !line.starts_with('>')) {
        writeln!(played, "{line}").unwrap();
        let command = line.split('#').next().unwrap_or_default().trim();
        if !command.is_empty() {
            for told in stage.act(command) {
                writeln!(played, "> {told}").unwrap();
            }
        }
    }
    played
}
