//! The programs of `tests/src/bin`: benches, whose names end with `_bench`, and the contract put to a real provider.
//! They print what they found; what it should be, each says itself.

use std::process::ExitCode;

use crate::shell::{Failure, Shell};
use crate::workspace::{TESTS, Workspace};

const ENDING: &str = "_bench";
/// It measures the functions as they are shipped, not itself.
const OF_FUNCTIONS: &str = "lambda_bench";
/// Rooms of the functions.
const FUNCTIONS: &str = "functions/";

pub fn run(workspace: &Workspace, name: Option<&str>) -> Result<ExitCode, Failure> {
    let package = workspace.package(TESTS);
    let programs: Vec<&str> = package.iter().flat_map(|tests| &tests.programs).map(String::as_str).collect();
    let chosen = wanted(&programs, name);
    if chosen.is_empty() {
        let known = wanted(&programs, None).join(", ");
        return Err(Failure::new(format!("there is no such bench; there are: {known}")));
    }
    for program in chosen {
        if program == OF_FUNCTIONS {
            measure_functions(workspace)?;
        } else {
            run_program(workspace, program, &[])?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Builds every function with the profile that is shipped, and what they are measured against.
fn measure_functions(workspace: &Workspace) -> Result<(), Failure> {
    let functions = workspace.packages.iter().filter(|package| package.room.starts_with(FUNCTIONS));
    let functions = functions.filter(|package| !package.programs.is_empty());
    let named: Vec<&str> = functions.flat_map(|package| ["--package", package.name.as_str()]).collect();
    let build = ["build", "--profile", "lambda"];
    let bins = [&build[..], &["--bins"], &named].concat();
    Shell::cargo(&bins).within(&workspace.root).run()?;
    let bare = [&build[..], &["--package", "daybook-aws", "--example", "bare"]].concat();
    Shell::cargo(&bare).within(&workspace.root).run()?;
    Shell::cargo(&["run", "--profile", "ci", "--package", TESTS, "--bin", OF_FUNCTIONS])
        .within(&workspace.root)
        .with("DAYBOOK_TEST_SERVERS", "required")
        .with("DAYBOOK_TEST_TOOLS", workspace.test_tools())
        .with("DAYBOOK_BIN", workspace.target.join("lambda").join("daybook"))
        .run()
}

/// It speaks to a provider outside, and so is no test.
pub fn verify_live(workspace: &Workspace, provider: &str) -> Result<ExitCode, Failure> {
    run_program(workspace, "verify_live", &["--", provider])?;
    Ok(ExitCode::SUCCESS)
}

fn run_program(workspace: &Workspace, program: &str, more: &[&str]) -> Result<(), Failure> {
    let arguments = [&["run", "--release", "--package", TESTS, "--bin", program], more].concat();
    Shell::cargo(&arguments).within(&workspace.root).run()
}

/// All of them, or the one that is named with or without the ending.
fn wanted<'a>(programs: &[&'a str], name: Option<&str>) -> Vec<&'a str> {
    let benches = programs.iter().filter_map(|program| Some((*program, program.strip_suffix(ENDING)?)));
    let named = benches.filter(|(program, short)| name.is_none_or(|name| name == *short || name == *program));
    named.map(|(program, _)| program).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use super::*;

    #[test]
    fn benches_are_found_by_their_ending() {
        let programs = ["daybook", "plan_bench", "sync_bench"];
        assert_eq!(wanted(&programs, None), ["plan_bench", "sync_bench"]);
        assert_eq!(wanted(&programs, Some("plan")), ["plan_bench"]);
        assert_eq!(wanted(&programs, Some("sync_bench")), ["sync_bench"]);
        assert!(wanted(&programs, Some("daybook")).is_empty());
    }
}
