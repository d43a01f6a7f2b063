//! The door of `ehr_change` on AWS Lambda.

use std::process::ExitCode;

use daybook_aws::{Part, failed};
use daybook_doorway::{ON_LAMBDA, dress, never_kept};
use daybook_ehr_change::{HookKeys, HookSecret, router};
use secrecy::ExposeSecret;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    daybook_aws::doors(&[Part::QUEUE, Part::EHR, Part::HOOK_SECRETS], |house| {
        let mut keys = HookKeys::default();
        for secret in &house.hook_secrets {
            let secret = HookSecret::parse(secret.expose_secret());
            keys.add(house.practice.id.clone(), secret.map_err(failed("a hook's secret cannot be used"))?);
        }
        Ok(dress(never_kept(router(house.engine, keys)), ON_LAMBDA))
    })
    .await
}
