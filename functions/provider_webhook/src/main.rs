//! The door of `provider_webhook` on AWS Lambda.

use std::process::ExitCode;

use daybook_aws::Part;
use daybook_doorway::{ON_LAMBDA, dress, never_kept};
use daybook_provider_webhook::router;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    daybook_aws::doors(&[Part::QUEUE], |house| Ok(dress(never_kept(router(house.engine)), ON_LAMBDA))).await
}
