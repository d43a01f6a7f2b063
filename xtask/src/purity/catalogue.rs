//! Every problem that the program can report has an entry in `docs/problems.md`.
//! What the entry says is the author's business.

use std::collections::BTreeSet;

use super::Offence;
use super::source::Source;

const DOCUMENT: &str = "docs/problems.md";
/// Where the problems are named: a connection's, and those that the API answers with.
const CATALOGUES: &[(&str, &str)] =
    &[("shared/core/src/connection.rs", "ProblemKind"), ("functions/doorway/src/problem.rs", "Kind")];

const TYPE: &str = "/problems/";

pub fn check(sources: &[Source]) -> Vec<Offence> {
    let documented = entries(text(sources, DOCUMENT));
    CATALOGUES
        .iter()
        .flat_map(|(path, name)| undocumented(text(sources, path), path, name, &documented))
        .collect()
}

fn text<'a>(sources: &'a [Source], path: &str) -> &'a str {
    sources.iter().find(|source| source.path == path).map_or("", |source| source.text.as_str())
}

fn undocumented(source: &str, path: &str, name: &str, documented: &BTreeSet<String>) -> Vec<Offence> {
    let reported = variants(source, name);
    if reported.is_empty() {
        return vec![offence(path, &format!("`enum {name}` is not where it was"))];
    }
    let missing = reported.difference(documented);
    missing.map(|slug| offence(DOCUMENT, &format!("has no entry `{TYPE}{slug}`"))).collect()
}

fn offence(place: &str, what: &str) -> Offence {
    Offence { place: place.into(), what: what.into() }
}

/// `### /problems/calendar-missing` is an entry; the same words in running text are not.
fn entries(document: &str) -> BTreeSet<String> {
    let headings = document.lines().filter_map(|line| line.strip_prefix("### "));
    headings.filter_map(|heading| heading.trim().strip_prefix(TYPE).map(Into::into)).collect()
}

/// The variants of an enum without fields, as they are spelt in a `type`.
fn variants(source: &str, name: &str) -> BTreeSet<String> {
    let body = source.split_once(&format!("enum {name} {{")).map_or("", |(_, rest)| rest);
    let body = body.split_once("\n}").map_or("", |(body, _)| body);
    let variants = body.lines().filter_map(|line| line.trim().strip_suffix(','));
    variants.filter(|variant| variant.chars().all(char::is_alphanumeric)).map(kebab).collect()
}

fn kebab(name: &str) -> String {
    let mut text = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() && !text.is_empty() {
            text.push('-');
        }
        text.extend(letter.to_lowercase());
    }
    text
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use super::*;

    fn offences(document: &str) -> Vec<String> {
        let source = |path: &str, text: &str| Source { path: path.into(), text: text.into() };
        let connection = "pub enum ProblemKind {\n    /// Gone, for good.\n    CalendarMissing,\n}\n";
        let api = "pub enum Kind {\n    TooLarge,\n}\n\nfn f() {\n    Other,\n}\n";
        let sources = [
            source(DOCUMENT, document),
            source("shared/core/src/connection.rs", connection),
            source("functions/doorway/src/problem.rs", api),
        ];
        check(&sources).into_iter().map(|offence| offence.what).collect()
    }

    #[test]
    fn a_problem_without_an_entry_offends() {
        let document = "### /problems/calendar-missing\n\nSee /problems/too-large.\n";
        assert_eq!(offences(document), ["has no entry `/problems/too-large`"]);
        assert!(offences("### /problems/calendar-missing\n### /problems/too-large\n").is_empty());
    }

    #[test]
    fn a_catalogue_that_moved_is_noticed() {
        assert_eq!(check(&[]).len(), CATALOGUES.len());
    }
}
