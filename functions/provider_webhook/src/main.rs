//! The door of `provider_webhook` on AWS Lambda.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::SUCCESS
}
