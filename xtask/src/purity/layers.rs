//! Which room may use which: `functions, infra -> adapters -> engine -> core`, and never the other way round.
//! What a room's own tests use is left to them.

use super::Offence;
use crate::workspace::Package;

/// A room, and the rooms that it may use. A name with a `/` at its end is every room inside.
const MAY_USE: &[(&str, &[&str])] = &[
    ("shared/core", &[]),
    ("shared/engine", &["shared/core"]),
    // What adapters share: the way out, and the sign-in that two providers have in common.
    ("shared/adapters/http", &[]),
    ("shared/adapters/oauth", &["shared/core", "shared/engine", "shared/adapters/http"]),
    ("shared/adapters/", &["shared/core", "shared/engine", "shared/adapters/http", "shared/adapters/oauth"]),
    // What the doors share, on any deployment.
    ("functions/doorway", &["shared/core", "shared/engine"]),
    ("functions/", &["shared/", "functions/doorway", "infra/aws"]),
    // What the functions have in common on AWS; of the doors it knows nothing.
    ("infra/aws", &["shared/"]),
    // The sandbox stands for the outside world: of ours it knows nothing.
    ("infra/sandbox", &[]),
    ("infra/", &["shared/", "functions/", "infra/sandbox"]),
    ("tests", &["shared/", "functions/", "infra/"]),
    ("xtask", &[]),
];

pub fn check(packages: &[Package]) -> Vec<Offence> {
    packages.iter().flat_map(check_package).collect()
}

fn check_package(package: &Package) -> Vec<Offence> {
    let Some((_, allowed)) = MAY_USE.iter().find(|(room, _)| covers(room, &package.room)) else {
        return vec![offence(package, "is in a room that no rule knows")];
    };
    let wrong = package.needs.iter().filter(|needed| !allowed.iter().any(|room| covers(room, needed)));
    wrong.map(|needed| offence(package, &format!("uses `{needed}`, which points the wrong way"))).collect()
}

fn covers(rule: &str, room: &str) -> bool {
    room == rule || rule.ends_with('/') && room.starts_with(rule)
}

fn offence(package: &Package, what: &str) -> Offence {
    Offence { place: package.room.clone(), what: what.into() }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use super::*;

    fn offences(room: &str, needs: &[&str]) -> usize {
        let needs = needs.iter().map(ToString::to_string).collect();
        let package =
            Package { name: room.into(), room: room.into(), needs, tests: Vec::new(), programs: Vec::new() };
        check(&[package]).len()
    }

    #[test]
    fn dependencies_point_one_way() {
        for (room, needs, expected) in [
            ("shared/core", &[][..], 0),
            ("shared/core", &["shared/engine"], 1),
            ("shared/engine", &["shared/core"], 0),
            ("shared/engine", &["shared/core", "shared/adapters/caldav"], 1),
            ("shared/adapters/caldav", &["shared/core", "shared/engine"], 0),
            ("shared/adapters/caldav", &["shared/adapters/ehr"], 1),
            ("shared/adapters/google", &["shared/adapters/http", "shared/adapters/oauth"], 0),
            ("shared/adapters/http", &["shared/engine"], 1),
            ("shared/adapters/oauth", &["shared/adapters/google"], 1),
            ("shared/adapters/ehr", &["infra/sandbox"], 1),
            ("functions/settings", &["shared/engine", "shared/adapters/secrets"], 0),
            ("functions/settings", &["functions/doorway", "infra/aws"], 0),
            ("functions/settings", &["functions/ehr_change"], 1),
            ("functions/doorway", &["functions/settings"], 1),
            ("infra/aws", &["shared/adapters/secrets"], 0),
            ("infra/aws", &["functions/doorway"], 1),
            ("infra/sandbox", &["shared/core"], 1),
            ("infra/local", &["infra/sandbox", "functions/settings", "shared/core"], 0),
            ("shared/extra", &[], 1),
        ] {
            assert_eq!(offences(room, needs), expected, "{room} uses {needs:?}");
        }
    }
}
