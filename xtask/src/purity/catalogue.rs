//! Every problem that the program can report has an entry in `docs/problems.md`.
//! What the entry says is the author's business.

use std::collections::BTreeSet;

use super::Offence;
use super::source::Source;

const DOCUMENT: &str = "docs/problems.md";
/// Where a connection's problems are named.
const KINDS: &str = "shared/core/src/connection.rs";
/// Where the API's own problems are named.
const API: &str = "functions/settings/src/problem.rs";

const TYPE: &str = "/problems/";

pub fn check(sources: &[Source]) -> Vec<Offence> {
    let text = |path| sources.iter().find(|source| source.path == path).map(|source| source.text.as_str());
    let documented = entries(text(DOCUMENT).unwrap_or_default());
    let mut reported = kinds(text(KINDS).unwrap_or_default());
    if reported.is_empty() {
        return vec![offence(KINDS, "`enum ProblemKind` is not where it was")];
    }
    reported.extend(text(API).map(types).unwrap_or_default());
    let missing = reported.difference(&documented);
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

/// The variants of `enum ProblemKind`, as they are spelt in a `type`.
fn kinds(source: &str) -> BTreeSet<String> {
    let body = source.split_once("enum ProblemKind {").map_or("", |(_, rest)| rest);
    let body = body.split_once("\n}").map_or("", |(body, _)| body);
    let variants = body.lines().filter_map(|line| line.trim().strip_suffix(','));
    variants.filter(|variant| variant.chars().all(char::is_alphanumeric)).map(kebab).collect()
}

/// Every `/problems/...` in a string of the source.
fn types(source: &str) -> BTreeSet<String> {
    let slug =
        |rest: &str| rest.chars().take_while(|c| c.is_ascii_lowercase() || *c == '-').collect::<String>();
    source.split(TYPE).skip(1).map(slug).filter(|slug| !slug.is_empty()).collect()
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

    fn missing(document: &str, api: &str) -> Vec<String> {
        let kinds = "pub enum ProblemKind {\n    /// Gone.\n    CalendarMissing,\n    FreeAllDay,\n}\n";
        let source = |path: &str, text: &str| Source { path: path.into(), text: text.into() };
        let sources = [source(KINDS, kinds), source(DOCUMENT, document), source(API, api)];
        check(&sources).into_iter().map(|offence| offence.what).collect()
    }

    #[test]
    fn a_problem_without_an_entry_offends() {
        let document = "### /problems/calendar-missing\n\nSee /problems/free-all-day.\n";
        assert_eq!(missing(document, ""), ["has no entry `/problems/free-all-day`"]);
        let document = "### /problems/calendar-missing\n### /problems/free-all-day\n";
        assert!(missing(document, "").is_empty());
        assert_eq!(missing(document, "\"/problems/too-large\""), ["has no entry `/problems/too-large`"]);
    }

    #[test]
    fn a_catalogue_that_moved_is_noticed() {
        assert_eq!(check(&[]).len(), 1);
    }
}
