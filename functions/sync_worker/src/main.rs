//! The door of `sync_worker` on AWS Lambda.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::SUCCESS
}
