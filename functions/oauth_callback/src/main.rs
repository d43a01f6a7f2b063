//! The door of `oauth_callback` on AWS Lambda.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::SUCCESS
}
