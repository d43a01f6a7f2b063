//! Where things are and which packages there are, as cargo tells it. It guesses no path of its own.

use std::path::PathBuf;

use serde_json::Value;

use crate::shell::{Failure, Shell};

/// The package of the tests over more than one room.
pub const TESTS: &str = "daybook-tests";

/// The workspace that this program was started in.
#[derive(Debug)]
pub struct Workspace {
    pub root: PathBuf,
    /// As cargo sees it, so `CARGO_TARGET_DIR` is respected.
    pub target: PathBuf,
    pub packages: Vec<Package>,
}

/// One of our own packages.
#[derive(PartialEq, Eq, Debug)]
pub struct Package {
    pub name: String,
    /// Relative to the root, with `/`: `shared/core`.
    pub room: String,
    /// Rooms that it needs in order to be built; those of its tests are left out.
    pub needs: Vec<String>,
    /// Names of its integration tests, each a binary of its own.
    pub tests: Vec<String>,
    /// Names of its binaries.
    pub programs: Vec<String>,
}

impl Workspace {
    pub fn read() -> Result<Self, Failure> {
        let text = Shell::cargo(&["metadata", "--no-deps", "--format-version", "1"]).read()?;
        let metadata: Value =
            serde_json::from_str(&text).map_err(|cause| Failure::new(format!("cargo metadata: {cause}")))?;
        Self::parse(&metadata).ok_or_else(|| Failure::new("cargo metadata has an unknown form".into()))
    }

    fn parse(metadata: &Value) -> Option<Self> {
        let root = metadata.get("workspace_root")?.as_str()?;
        let target = metadata.get("target_directory")?.as_str()?;
        let packages = metadata.get("packages")?.as_array()?;
        Some(Self {
            root: root.into(),
            target: target.into(),
            packages: packages.iter().map(|package| Package::parse(root, package)).collect::<Option<_>>()?,
        })
    }

    pub fn test_tools(&self) -> PathBuf {
        self.target.join("test-tools")
    }

    pub fn package(&self, name: &str) -> Option<&Package> {
        self.packages.iter().find(|package| package.name == name)
    }
}

impl Package {
    fn parse(root: &str, package: &Value) -> Option<Self> {
        let manifest = package.get("manifest_path")?.as_str()?;
        Some(Self {
            name: package.get("name")?.as_str()?.into(),
            room: room_of(root, manifest.strip_suffix("/Cargo.toml")?),
            needs: needs_of(root, package)?,
            tests: targets_of(package, "test")?,
            programs: targets_of(package, "bin")?,
        })
    }
}

fn room_of(root: &str, folder: &str) -> String {
    folder.strip_prefix(root).unwrap_or(folder).trim_start_matches('/').into()
}

fn needs_of(root: &str, package: &Value) -> Option<Vec<String>> {
    let dependencies = package.get("dependencies")?.as_array()?;
    let needs = dependencies.iter().filter(|dependency| !is_for_tests(dependency));
    Some(needs.filter_map(|needed| Some(room_of(root, needed.get("path")?.as_str()?))).collect())
}

fn is_for_tests(dependency: &Value) -> bool {
    dependency.get("kind").and_then(Value::as_str) == Some("dev")
}

fn targets_of(package: &Value, kind: &str) -> Option<Vec<String>> {
    let targets = package.get("targets")?.as_array()?.iter();
    let of_kind = targets.filter(|target| {
        let kinds = target.get("kind").and_then(Value::as_array);
        kinds.is_some_and(|kinds| kinds.iter().any(|found| found.as_str() == Some(kind)))
    });
    of_kind.map(|target| Some(target.get("name")?.as_str()?.to_owned())).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use super::*;
    use serde_json::json;

    #[test]
    fn metadata_becomes_rooms_needs_and_tests() {
        let metadata = json!({
            "workspace_root": "/w",
            "target_directory": "/elsewhere",
            "packages": [{
                "name": "daybook-tests",
                "manifest_path": "/w/tests/Cargo.toml",
                "dependencies": [
                    {"name": "daybook-core", "kind": null, "path": "/w/shared/core"},
                    {"name": "daybook-sandbox", "kind": "dev", "path": "/w/infra/sandbox"},
                    {"name": "serde_json", "kind": null},
                ],
                "targets": [
                    {"name": "daybook_tests", "kind": ["lib"]},
                    {"name": "story", "kind": ["test"]},
                    {"name": "sync_bench", "kind": ["bin"]},
                ],
            }],
        });
        let workspace = Workspace::parse(&metadata).unwrap();
        assert_eq!(workspace.test_tools(), PathBuf::from("/elsewhere/test-tools"));
        let expected = Package {
            name: "daybook-tests".into(),
            room: "tests".into(),
            needs: vec!["shared/core".into()],
            tests: vec!["story".into()],
            programs: vec!["sync_bench".into()],
        };
        assert_eq!(workspace.package("daybook-tests"), Some(&expected));
    }
}
