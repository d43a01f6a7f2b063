//! The door of `settings` on AWS Lambda.

use std::process::ExitCode;
use std::sync::Arc;

use daybook_aws::Part;
use daybook_doorway::{Keyring, ON_LAMBDA, dress, health, never_kept};
use daybook_settings::{PlatformKeys, feeds, pages, platform, router};

const PARTS: [Part; 6] =
    [Part::QUEUE, Part::VAULT, Part::CALENDARS, Part::EHR, Part::API_KEYS, Part::PLATFORM_KEYS];

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    daybook_aws::doors(&PARTS, |house| {
        let table = Arc::new(house.table);
        let keys = Keyring::of(&house.practice.id, &house.api_keys);
        let keys_of_platform = PlatformKeys::of(&house.platform_keys);
        let practices = platform(house.engine.clone(), keys_of_platform, table.clone());
        let people = pages(house.engine.clone(), table.clone(), vec![house.practice.id.clone()]);
        let files = feeds(house.engine.clone());
        let api = router(house.engine, keys, table.clone()).merge(practices).merge(people).merge(files);
        let api = never_kept(api);
        Ok(dress(api.merge(health(table, house.practice.id)), ON_LAMBDA))
    })
    .await
}
