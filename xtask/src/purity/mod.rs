//! Promises about the source itself that no compiler keeps: what the core may use, which way dependencies
//! point, which words may appear where. Formatting and lints are other steps.

mod catalogue;
mod crates;
mod documents;
mod layers;
mod source;
mod words;

use std::fmt;
use std::path::Path;

use crate::shell::{Ended, Failure, Ran, Shell};
use crate::tally::Tally;
use crate::workspace::Workspace;
use source::Source;

/// One broken promise.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Offence {
    /// `path:line`, a path, or a package.
    place: String,
    what: String,
}

impl fmt::Display for Offence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.what)
    }
}

/// Runs every check and prints every offence.
pub fn check(workspace: &Workspace) -> Result<Ran, Failure> {
    let sources = source::read_all(&workspace.root)?;
    let mut offences = layers::check(&workspace.packages);
    offences.extend(crates::check_core(&tree(&workspace.root, "daybook-core")?));
    offences.extend(crates::check_engine(&tree(&workspace.root, "daybook-engine")?));
    offences.extend(sources.iter().flat_map(check_source));
    offences.extend(catalogue::check(&sources));
    offences.extend(documents::check(&sources, &|path| workspace.root.join(path).exists()));
    for offence in &offences {
        println!("{offence}");
    }
    println!("{} files, {} offences", sources.len(), offences.len());
    let ended = if offences.is_empty() { Ended::Well } else { Ended::Badly };
    Ok(Ran { ended, tally: Tally::default() })
}

fn check_source(source: &Source) -> Vec<Offence> {
    [words::opening, words::impure, words::provider_words, words::length, words::unfinished]
        .iter()
        .flat_map(|check| check(source))
        .collect()
}

/// What a package links, as cargo prints it.
fn tree(root: &Path, package: &str) -> Result<String, Failure> {
    Shell::cargo(&["tree", "-p", package, "-e", "normal", "--prefix", "none"]).within(root).read()
}
