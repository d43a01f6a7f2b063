//! The door of `ehr_change` on AWS Lambda.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::SUCCESS
}
