//! The project's chores: the whole test run, its tools, the simulation and the benches.
//! It builds nothing that ships, and no shipped code depends on it.

mod bench;
mod command_line;
mod costs;
mod prices;
mod purity;
mod report;
mod screenshots;
mod shell;
mod simulate;
mod steps;
mod tally;
mod tools;
mod workspace;

use std::process::ExitCode;

use command_line::{Chore, HELP};
use workspace::Workspace;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let chore = match command_line::parse(&words) {
        Ok(chore) => chore,
        Err(usage) => {
            eprintln!("{usage}\n\n{HELP}");
            return ExitCode::from(2);
        }
    };
    match carry_out(&chore) {
        Ok(code) => code,
        Err(failure) => {
            eprintln!("xtask: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn carry_out(chore: &Chore) -> Result<ExitCode, shell::Failure> {
    match chore {
        Chore::Help => print!("{HELP}"),
        Chore::ListSteps => steps::print_list(),
        Chore::Test { only } => return Ok(steps::run(&Workspace::read()?, *only)),
        Chore::Screenshots => return screenshots::run(&Workspace::read()?),
        Chore::Costs => print!("{}", costs::table()),
        Chore::Tools => tools::install_all(&Workspace::read()?)?,
        Chore::Simulate(wanted) => return simulate::run(&Workspace::read()?, wanted),
        Chore::VerifyLive { provider } => return bench::verify_live(&Workspace::read()?, provider),
        Chore::Bench { name } => return bench::run(&Workspace::read()?, name.as_deref()),
    }
    Ok(ExitCode::SUCCESS)
}
