//! Checks on one file: how it opens, how long it is, and words that must not stand in it.

use super::Offence;
use super::source::Source;

/// Rooms that know no provider.
const PROVIDER_FREE: &[&str] = &["shared/core/src/", "shared/engine/src/"];
/// Rooms that do nothing but decide.
const PURE: &[&str] = &["shared/core/src/"];

/// Longest file that one still reads as one thing; its test module does not count.
const MOST_LINES: usize = 500;

/// What the pure room must not call, and why.
const IMPURE: &[(&str, &str)] = &[
    ("::now(", "time is an argument"),
    ("SystemTime", "time is an argument"),
    ("Instant", "time is an argument"),
    ("std::net", "it talks to nobody"),
    ("std::fs", "it reads no file"),
    ("std::env", "settings are arguments"),
    ("std::process", "it starts nothing"),
    ("std::io", "it reads and writes nothing"),
    ("println", "it prints nothing"),
    ("thread", "it starts nothing"),
    ("async fn", "it waits for nobody"),
    (".await", "it waits for nobody"),
];

/// Names from providers' interfaces, in lower case and without `_`.
const PROVIDER_WORDS: &[&str] = &["etag", "ctag", "synctoken", "deltalink", "resourcestate", "clientstate"];

/// Marks of work that is not done. Split, so that this file does not offend itself.
const UNFINISHED: &[&str] = &[concat!("TO", "DO"), concat!("FIX", "ME")];
/// The same as code. A test's stand-in may have methods that its test never calls.
const HOLES: &[&str] = &[concat!("to", "do!"), concat!("unimple", "mented!")];

/// Every file says what it is for before anything else.
pub fn opening(source: &Source) -> Vec<Offence> {
    let opens = source.text.starts_with("//!");
    if !source.is_rust() || opens { Vec::new() } else { vec![at(source, 1, "does not open with `//!`")] }
}

pub fn impure(source: &Source) -> Vec<Offence> {
    if !source.is_in(PURE) {
        return Vec::new();
    }
    source.shipped().into_iter().flat_map(|(number, line)| impure_calls(source, number, line)).collect()
}

fn impure_calls(source: &Source, number: usize, line: &str) -> Vec<Offence> {
    let found = IMPURE.iter().filter(|(word, _)| contains_word(code_of(line), word));
    found.map(|(word, why)| at(source, number, &format!("`{word}` in the core: {why}"))).collect()
}

/// Comments count too: what must be explained by a provider's word belongs to that provider's adapter.
pub fn provider_words(source: &Source) -> Vec<Offence> {
    if !source.is_in(PROVIDER_FREE) {
        return Vec::new();
    }
    let lines = source.text.lines().enumerate();
    let named = lines.filter_map(|(place, line)| Some((place + 1, provider_word(line)?)));
    named.map(|(number, word)| at(source, number, &format!("the provider's word `{word}`"))).collect()
}

pub fn length(source: &Source) -> Vec<Offence> {
    let lines = source.shipped().len();
    if !source.is_rust() || source.is_test() || lines <= MOST_LINES {
        return Vec::new();
    }
    vec![at(
        source,
        MOST_LINES + 1,
        &format!("{lines} lines, more than {MOST_LINES}: split it by what it does"),
    )]
}

pub fn unfinished(source: &Source) -> Vec<Offence> {
    let all = source.text.lines().enumerate().map(|(place, line)| (place + 1, line)).collect();
    let shipped = if source.is_test() { Vec::new() } else { source.shipped() };
    [marks(source, all, UNFINISHED), marks(source, shipped, HOLES)].concat()
}

fn marks(source: &Source, lines: Vec<(usize, &str)>, words: &[&str]) -> Vec<Offence> {
    let found = lines.into_iter().flat_map(|(number, line)| {
        let marks = words.iter().filter(move |word| contains_word(line, word));
        marks.map(move |word| at(source, number, &format!("`{word}`: finish it or leave it out")))
    });
    found.collect()
}

fn at(source: &Source, line: usize, what: &str) -> Offence {
    Offence { place: format!("{}:{line}", source.path), what: what.into() }
}

fn code_of(line: &str) -> &str {
    line.split_once("//").map_or(line, |(code, _)| code)
}

/// Whether `word` stands in `line` and is not a part of a longer name.
fn contains_word(line: &str, word: &str) -> bool {
    let part = |character: char| character.is_alphanumeric() || character == '_';
    line.match_indices(word).any(|(start, found)| {
        let before = line.get(..start).and_then(|text| text.chars().next_back());
        let after = line.get(start + found.len()..).and_then(|text| text.chars().next());
        let joined_before = found.starts_with(part) && before.is_some_and(part);
        let joined_after = found.ends_with(part) && after.is_some_and(part);
        !joined_before && !joined_after
    })
}

/// The first name in the line that is a provider's, as a whole or as one of its `_` parts.
fn provider_word(line: &str) -> Option<&str> {
    let is_name = |character: char| character.is_alphanumeric() || character == '_';
    line.split(|character| !is_name(character)).find(|name| {
        let whole = name.replace('_', "").to_lowercase();
        let is_provider = |word: &str| PROVIDER_WORDS.contains(&word.to_lowercase().as_str());
        is_provider(&whole) || name.split('_').any(is_provider)
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use super::*;

    fn places(check: fn(&Source) -> Vec<Offence>, path: &str, text: &str) -> Vec<String> {
        let source = Source { path: path.into(), text: text.into() };
        check(&source).into_iter().map(|offence| offence.place).collect()
    }

    #[test]
    fn a_file_that_does_not_say_what_it_is_for_offends() {
        assert_eq!(places(opening, "a.rs", "use std::fmt;\n"), ["a.rs:1"]);
        assert!(places(opening, "a.rs", "//! Sums.\n").is_empty());
        assert!(places(opening, "a.toml", "[package]\n").is_empty());
    }

    #[test]
    fn each_impure_call_in_the_core_offends() {
        for (word, _) in IMPURE {
            let text = format!("//! x\nfn f() {{ {word} }}\n");
            let found = places(impure, "shared/core/src/a.rs", &text);
            assert_eq!(found, ["shared/core/src/a.rs:2"], "{word}");
            assert!(places(impure, "shared/engine/src/a.rs", &text).is_empty(), "{word} elsewhere");
        }
    }

    #[test]
    fn comments_tests_and_longer_names_are_not_calls() {
        for text in [
            "// Instant\n",
            "fn threaded() { instant_of(Instantly) }\n",
            "#[cfg(test)]\nmod tests {\n    use std::fs;\n}\n",
        ] {
            assert!(places(impure, "shared/core/src/a.rs", text).is_empty(), "{text}");
        }
    }

    #[test]
    fn a_providers_word_offends_however_it_is_spelt() {
        for word in ["ETag", "etag", "etag_of", "syncToken", "sync_token", "delta_link", "CTag"] {
            let found = places(provider_words, "shared/engine/src/a.rs", &format!("//! x\n/// {word} y\n"));
            assert_eq!(found, ["shared/engine/src/a.rs:2"], "{word}");
        }
        for word in ["stage", "metagame", "link", "token"] {
            assert!(places(provider_words, "shared/core/src/a.rs", word).is_empty(), "{word}");
        }
        assert!(places(provider_words, "shared/adapters/caldav/src/a.rs", "etag").is_empty());
    }

    #[test]
    fn a_file_that_is_too_long_offends_unless_it_holds_tests() {
        let text = "fn f() {}\n".repeat(MOST_LINES + 1);
        assert_eq!(places(length, "shared/core/src/a.rs", &text), ["shared/core/src/a.rs:501"]);
        assert!(places(length, "tests/tests/story.rs", &text).is_empty());
        let mostly_tests = format!("fn f() {{}}\n#[cfg(test)]\nmod tests {{\n{}}}\n", " x\n".repeat(600));
        assert!(places(length, "shared/core/src/a.rs", &mostly_tests).is_empty());
    }

    #[test]
    fn unfinished_work_offends_in_any_file() {
        for mark in UNFINISHED {
            assert_eq!(places(unfinished, "docs/a.md", &format!("x\n{mark} y\n")), ["docs/a.md:2"], "{mark}");
        }
        assert!(places(unfinished, "docs/a.md", "MASTODON, a to-do list\n").is_empty());
    }

    #[test]
    fn a_hole_offends_where_it_would_ship() {
        for hole in HOLES {
            let text =
                format!("//! x\nfn f() {{ {hole}() }}\n#[cfg(test)]\nmod tests {{\n    {hole}();\n}}\n");
            assert_eq!(places(unfinished, "shared/engine/src/a.rs", &text), ["shared/engine/src/a.rs:2"]);
            assert!(places(unfinished, "functions/settings/tests/world/mod.rs", &text).is_empty());
        }
    }
}
