//! The files that are ours to judge, and which of their lines ship. It judges nothing itself.

use std::fs;
use std::path::Path;

use crate::shell::Failure;

/// A text file of the tree.
#[derive(Debug)]
pub struct Source {
    /// Relative to the root, with `/`.
    pub path: String,
    pub text: String,
}

/// Endings of the files that are read.
const READ: &[&str] = &[".rs", ".toml", ".md", ".html", ".css", ".js", ".yaml", ".yml"];
/// Folders that hold nothing written by hand.
const SKIPPED: &[&str] = &["target", "node_modules"];

pub fn read_all(root: &Path) -> Result<Vec<Source>, Failure> {
    let mut sources = Vec::new();
    read_folder(root, "", &mut sources)
        .map_err(|cause| Failure::new(format!("reading the tree: {cause}")))?;
    sources.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(sources)
}

fn read_folder(folder: &Path, prefix: &str, into: &mut Vec<Source>) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = format!("{prefix}{name}");
        if name.starts_with('.') || SKIPPED.contains(&name.as_str()) {
            continue;
        }
        if entry.file_type()?.is_dir() {
            read_folder(&entry.path(), &format!("{path}/"), into)?;
        } else if READ.iter().any(|ending| name.ends_with(ending)) {
            into.push(Source { path, text: fs::read_to_string(entry.path())? });
        }
    }
    Ok(())
}

impl Source {
    pub fn is_rust(&self) -> bool {
        self.ends_in("rs")
    }

    pub fn ends_in(&self, ending: &str) -> bool {
        Path::new(&self.path).extension().is_some_and(|found| found == ending)
    }

    pub fn is_in(&self, folders: &[&str]) -> bool {
        folders.iter().any(|folder| self.path.starts_with(folder))
    }

    /// A file of tests only: an integration test, a bench, or a module of tests in a file of its own.
    pub fn is_test(&self) -> bool {
        let folders = self.path.split('/').rev().skip(1);
        folders.into_iter().any(|folder| folder == "tests" || folder == "benches")
            || self.path.ends_with("/tests.rs")
    }

    /// The lines that ship, each with its number from 1: no test module. What rustfmt has formatted closes a
    /// module with a brace in the first column.
    pub fn shipped(&self) -> Vec<(usize, &str)> {
        let mut shipped = Vec::new();
        let mut lines = self.text.lines().enumerate();
        while let Some((place, line)) = lines.next() {
            if line == "#[cfg(test)]" {
                let _ = lines.by_ref().find(|(_, line)| *line == "}" || line.ends_with(';') && is_item(line));
            } else {
                shipped.push((place + 1, line));
            }
        }
        shipped
    }
}

/// Whether the line starts in the first column, as an item does.
fn is_item(line: &str) -> bool {
    !line.starts_with([' ', '#', '/'])
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use super::*;

    fn shipped(text: &str) -> Vec<usize> {
        let source = Source { path: "a.rs".into(), text: text.into() };
        source.shipped().into_iter().map(|(number, _)| number).collect()
    }

    #[test]
    fn test_modules_do_not_ship_and_what_follows_them_does() {
        let text = "//! a\n#[cfg(test)]\nmod tests {\n    use x;\n    fn b() {\n    }\n}\nfn c() {}\n";
        assert_eq!(shipped(text), [1, 8]);
        assert_eq!(shipped("//! a\n#[cfg(test)]\nmod tests;\nfn c() {}\n"), [1, 4]);
    }

    #[test]
    fn files_of_tests_are_known_by_their_place() {
        for (path, expected) in [
            ("tests/tests/story.rs", true),
            ("infra/sandbox/tests/fhir.rs", true),
            ("shared/core/src/plan/tests.rs", true),
            ("shared/core/src/plan.rs", false),
            ("xtask/src/tests_of.rs", false),
        ] {
            assert_eq!(Source { path: path.into(), text: String::new() }.is_test(), expected, "{path}");
        }
    }
}
