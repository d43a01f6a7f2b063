//! The benches, each a binary under `tests/benches/`. They judge nothing: they print what they measured.

use std::process::ExitCode;

use crate::shell::{Failure, Shell};
use crate::workspace::Workspace;

pub fn run(workspace: &Workspace, name: Option<&str>) -> Result<ExitCode, Failure> {
    let all = workspace.packages.iter().flat_map(|package| &package.benches);
    let wanted: Vec<&String> = all.filter(|bench| name.is_none_or(|name| name == *bench)).collect();
    if wanted.is_empty() {
        let which = name.map_or("any".into(), |name| format!("named `{name}`"));
        return Err(Failure::new(format!("there is no bench {which} under tests/benches")));
    }
    for bench in wanted {
        Shell::cargo(&["bench", "--workspace", "--bench", bench]).within(&workspace.root).run()?;
    }
    Ok(ExitCode::SUCCESS)
}
