//! The door of `availability` on AWS Lambda.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::SUCCESS
}
