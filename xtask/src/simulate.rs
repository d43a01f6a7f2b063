//! The simulation on its own, outside the whole test run: more histories, or one history again.

use std::process::ExitCode;

use crate::shell::{Ended, Failure, Shell};
use crate::workspace::Workspace;

/// Which random histories to run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Histories {
    /// So many, from seed 0 on.
    Many(u64),
    /// The one that this seed decides.
    One(u64),
}

impl Default for Histories {
    fn default() -> Self {
        Self::Many(50_000)
    }
}

impl Histories {
    /// How the simulation is told: a variable of its environment and its value.
    pub fn variable(self) -> (&'static str, String) {
        match self {
            Self::Many(count) => ("DAYBOOK_SEEDS", count.to_string()),
            Self::One(seed) => ("DAYBOOK_SEED", seed.to_string()),
        }
    }
}

pub fn run(workspace: &Workspace, histories: &Histories) -> Result<ExitCode, Failure> {
    let (name, value) = histories.variable();
    let arguments = ["test", "--profile", "ci", "--workspace", "--test", "simulation", "--", "--nocapture"];
    let ran = Shell::cargo(&arguments).within(&workspace.root).with(name, value).count()?;
    Ok(match ran.ended {
        Ended::Well => ExitCode::SUCCESS,
        Ended::Badly => ExitCode::FAILURE,
    })
}
