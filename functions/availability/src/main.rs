//! The door of `availability` on AWS Lambda.

use std::process::ExitCode;

use daybook_availability::router;
use daybook_aws::Part;
use daybook_doorway::{Keyring, ON_LAMBDA, dress, never_kept};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    daybook_aws::doors(&[Part::EHR, Part::API_KEYS], |house| {
        let keys = Keyring::of(&house.practice.id, &house.api_keys);
        Ok(dress(never_kept(router(house.engine, keys)), ON_LAMBDA))
    })
    .await
}
