//! What others know of templates.

use std::path::Path;
use std::process::{Command, Output};

use crate::plain::{Plain, plain, root, source_of, template, tool};

fn told(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// As written, and as deployed: what is wrong in a value shows in the second alone.
fn both(plain: &Plain, room: &Path) -> [std::path::PathBuf; 2] {
    let deployed = room.join("deployed.json");
    std::fs::write(&deployed, &plain.text).unwrap();
    [template(), deployed]
}

#[test]
fn cfn_lint_finds_nothing() {
    let (Some(plain), Some(lint)) = (plain(), tool("lint/bin/cfn-lint")) else { return };
    let room = tempfile::tempdir().unwrap();
    let done = Command::new(lint).args(both(plain, room.path())).output().unwrap();
    assert!(done.status.success(), "{}", told(&done));
}

#[test]
fn checkov_finds_nothing() {
    let (Some(plain), Some(_)) = (plain(), tool("lint/bin/checkov")) else { return };
    let room = tempfile::tempdir().unwrap();
    for file in both(plain, room.path()) {
        // Started through its Python: its script begins with the place where it was installed first.
        let mut checkov = Command::new(tool("lint/bin/python").unwrap());
        checkov.args(["-m", "checkov.main", "--config-file"]).arg(root().join("infra/aws/checkov.yaml"));
        let done = checkov.arg("--file").arg(file).current_dir(room.path()).output().unwrap();
        let told = told(&done);
        assert!(done.status.success(), "{told}");
        let passed = told.split("Passed checks: ").nth(1).and_then(|rest| rest.split(',').next());
        let passed: u32 = passed.and_then(|count| count.parse().ok()).unwrap_or_default();
        assert!(passed > 100, "it looked at next to nothing: {told}");
    }
}

#[test]
fn whatever_is_excepted_has_its_reason_beside_it() {
    for (file, mark) in [
        ("infra/aws/checkov.yaml", "- CKV"),
        ("infra/aws/template.yaml", "ignore_checks"),
        ("infra/aws/template.yaml", "checkov:"),
    ] {
        let text = source_of(file);
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        for pair in lines.windows(2).filter(|pair| pair[1].contains(mark)) {
            assert!(pair[0].starts_with('#'), "{file}: {}", pair[1]);
        }
    }
}
