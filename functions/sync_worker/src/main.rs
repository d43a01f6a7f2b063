//! The door of `sync_worker` on AWS Lambda.

use std::process::ExitCode;

use daybook_sync_worker::{PARTS, work};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    daybook_aws::events(PARTS, Ok, work).await
}
