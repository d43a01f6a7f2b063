//! The door of `oauth_callback` on AWS Lambda.

use std::process::ExitCode;

use daybook_aws::Part;
use daybook_doorway::{ON_LAMBDA, dress, never_kept};
use daybook_oauth_callback::{LeadsTo, router};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    // The EHR, since the page names the clinician.
    daybook_aws::doors(&[Part::QUEUE, Part::VAULT, Part::CALENDARS, Part::EHR], |house| {
        let mut leads_to = LeadsTo::default();
        for (provider, page) in &house.sign_in_pages {
            leads_to.add(*provider, page);
        }
        Ok(dress(never_kept(router(house.engine, leads_to)), ON_LAMBDA))
    })
    .await
}
