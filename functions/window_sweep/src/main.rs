//! The door of `window_sweep` on AWS Lambda.

use std::process::ExitCode;

use daybook_window_sweep::{PARTS, Sweeper, sweep};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    daybook_aws::events(PARTS, |house| Ok(Sweeper::new(house)), sweep).await
}
