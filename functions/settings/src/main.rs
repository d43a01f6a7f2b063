//! The door of `settings` on AWS Lambda.

use std::process::ExitCode;
use std::sync::Arc;

use daybook_aws::Part;
use daybook_doorway::{Keyring, ON_LAMBDA, dress, health, never_kept};
use daybook_settings::{feeds, pages, router};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    daybook_aws::doors(&[Part::QUEUE, Part::VAULT, Part::CALENDARS, Part::EHR, Part::API_KEYS], |house| {
        let table = Arc::new(house.table);
        let keys = Keyring::of(&house.practice.id, &house.api_keys);
        let people = pages(house.engine.clone(), table.clone(), vec![house.practice.id.clone()]);
        let files = feeds(house.engine.clone());
        let api = never_kept(router(house.engine, keys, table.clone()).merge(people).merge(files));
        Ok(dress(api.merge(health(table, house.practice.id)), ON_LAMBDA))
    })
    .await
}
