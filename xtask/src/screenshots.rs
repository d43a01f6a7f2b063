//! The README's pictures, made by a browser story that is no test: it asserts nothing but that it can be told.

use std::process::ExitCode;

use crate::shell::{Ended, Failure, Shell};
use crate::steps;
use crate::workspace::Workspace;

const FOLDER: &str = "docs/pictures";

pub fn run(workspace: &Workspace) -> Result<ExitCode, Failure> {
    crate::tools::install_all(workspace)?;
    let build = ["build", "--profile", "ci", "--workspace", "--all-targets"];
    Shell::cargo(&build).within(&workspace.root).run()?;
    let story = ["--test", "browser", "--", "--ignored", "the_pictures_of_the_readme"];
    let arguments = [&["test", "--profile", "ci", "--workspace"][..], &story].concat();
    let ran = steps::with_tools(Shell::cargo(&arguments), workspace)
        .with("DAYBOOK_PICTURES", workspace.root.join(FOLDER))
        .count()?;
    Ok(match ran.ended {
        Ended::Well => ExitCode::SUCCESS,
        Ended::Badly => ExitCode::FAILURE,
    })
}
