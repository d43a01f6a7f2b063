//! Documents speak of things that exist: each relative link leads to a file, and each test that is named as a proof
//! is there. Whether the prose is true, only a reader can tell.

use super::Offence;
use super::source::Source;

/// Where tests are named as proofs.
const PROOFS: &str = "ARCHITECTURE.md";
/// What is named like a test: a sentence of at least this many words.
const WORDS_OF_A_TEST: usize = 5;

/// `exists` tells whether there is a file or folder of that path below the root.
pub fn check(sources: &[Source], exists: &dyn Fn(&str) -> bool) -> Vec<Offence> {
    let documents = sources.iter().filter(|source| source.ends_in("md"));
    documents
        .flat_map(|document| [dead_links(document, exists), lost_tests(document, sources)].concat())
        .collect()
}

fn dead_links(document: &Source, exists: &dyn Fn(&str) -> bool) -> Vec<Offence> {
    let numbered = document.text.lines().enumerate();
    let links = numbered.flat_map(|(place, line)| links(line).map(move |link| (place + 1, link)));
    let dead = links.filter(|(_, link)| !exists(&resolve(&document.path, link)));
    dead.map(|(line, link)| offence(document, line, &format!("`{link}` leads nowhere"))).collect()
}

/// Targets of links and pictures in one line, without those to other hosts and those inside the same document.
fn links(line: &str) -> impl Iterator<Item = &str> {
    let ends = |from: &'static str, end: char| {
        line.split(from).skip(1).filter_map(move |rest| rest.split(end).next())
    };
    let paths = ends("](", ')').chain(ends("src=\"", '"'));
    let own = paths.filter(|target| !target.contains(':') && !target.starts_with('#'));
    own.filter_map(|target| target.split('#').next())
}

/// The path from the root of what a document refers to.
fn resolve(document: &str, link: &str) -> String {
    let folder = document.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut path: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in link.split('/') {
        match part {
            ".." => drop(path.pop()),
            "" | "." => {}
            part => path.push(part),
        }
    }
    path.join("/")
}

fn lost_tests(document: &Source, sources: &[Source]) -> Vec<Offence> {
    if document.path != PROOFS {
        return Vec::new();
    }
    let numbered = document.text.lines().enumerate();
    let named = numbered.flat_map(|(place, line)| {
        line.split('`')
            .skip(1)
            .step_by(2)
            .filter(|name| is_test_name(name))
            .map(move |name| (place + 1, name))
    });
    let is_there = |name: &str| {
        let opening = format!("fn {name}(");
        sources.iter().any(|source| source.text.contains(&opening))
    };
    let lost = named.filter(|(_, name)| !is_there(name));
    lost.map(|(line, name)| offence(document, line, &format!("there is no test `{name}`"))).collect()
}

fn is_test_name(name: &str) -> bool {
    let is_plain =
        name.chars().all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_');
    is_plain && name.split('_').filter(|word| !word.is_empty()).count() >= WORDS_OF_A_TEST
}

fn offence(document: &Source, line: usize, what: &str) -> Offence {
    Offence { place: format!("{}:{line}", document.path), what: what.into() }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use super::*;

    fn offences(path: &str, text: &str) -> Vec<String> {
        let source = |path: &str, text: &str| Source { path: path.into(), text: text.into() };
        let code = source("shared/core/src/a.rs", "fn nothing_is_written_from_nowhere() {}\n");
        let exists = |path: &str| ["docs/adr/0001.md", "README.md", "docs"].contains(&path);
        check(&[source(path, text), code], &exists).into_iter().map(|offence| offence.place).collect()
    }

    #[test]
    fn a_link_that_leads_nowhere_offends() {
        assert_eq!(offences("docs/a.md", "x\n[b](adr/0002.md)\n"), ["docs/a.md:2"]);
        assert_eq!(offences("README.md", "<img src=\"docs/gone.svg\">\n"), ["README.md:1"]);
        for fine in [
            "[b](adr/0001.md#c)",
            "[b](../README.md)",
            "[b](#c)",
            "[b](https://x.example/y.md)",
            "[b](../docs/)",
        ] {
            assert!(offences("docs/a.md", fine).is_empty(), "{fine}");
        }
    }

    #[test]
    fn a_proof_that_is_not_there_offends() {
        assert!(offences(PROOFS, "`nothing_is_written_from_nowhere`").is_empty());
        assert_eq!(offences(PROOFS, "| `nothing_is_removed_from_nowhere` |"), ["ARCHITECTURE.md:1"]);
        assert!(offences("README.md", "`20_not_a_test_at_all`").is_empty());
        assert!(offences(PROOFS, "`cargo test`, `ehr_change`, `last_synced_at`").is_empty());
    }
}
