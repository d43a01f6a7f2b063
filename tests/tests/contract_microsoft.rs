//! The calendar contract, kept by the Microsoft adapter against the sandbox Microsoft. `cargo xtask verify-live` runs
//! the same promises against the real one.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use std::sync::Arc;

use daybook_core::connection::Provider;
use daybook_engine::ports::{Account, CalendarProvider, Credentials};
use daybook_http::Web;
use daybook_microsoft::{Microsoft, MicrosoftConfig};
use daybook_tests::person::MicrosoftPerson;
use daybook_tests::stand_in::{CLIENT, FixedToken, Noon, StandIn};

daybook_tests::every_promise!(sandbox);

const SCOPES: [&str; 2] = ["Calendars.ReadWrite", "User.Read"];

async fn sandbox() -> Option<(StandIn, Arc<dyn Account>, MicrosoftPerson)> {
    let stand_in = StandIn::microsoft().await;
    let token = stand_in.token("ada@clinic.example", &SCOPES);
    let person = MicrosoftPerson::new(stand_in.url("/v1.0").as_str(), &token);
    let account = adapter(&stand_in).open(&granted(), Arc::new(FixedToken(token.into()))).unwrap();
    Some((stand_in, account, person))
}

fn adapter(stand_in: &StandIn) -> Microsoft {
    let config = MicrosoftConfig {
        client_id: CLIENT.into(),
        client_secret: "secret".into(),
        auth_url: stand_in.url("/common/oauth2/v2.0/authorize"),
        token_url: stand_in.url("/common/oauth2/v2.0/token"),
        api_url: stand_in.url("/v1.0"),
    };
    Microsoft::new(config, Arc::new(Web::new().unwrap()), Arc::new(Noon))
}

fn granted() -> Credentials {
    Credentials::Granted { provider: Provider::Microsoft, refresh_token: "unused".into() }
}

#[tokio::test]
async fn calendars_of_others_are_told_apart_e_013() {
    let (_stand_in, account, _) = sandbox().await.unwrap();
    let listed = account.list_calendars().await.unwrap();
    let owned: Vec<&str> = listed.iter().filter(|c| c.owned).map(|c| c.name.as_str()).collect();
    assert_eq!(owned, ["Calendar", "Family"]);
    assert_eq!(listed.iter().filter(|c| c.primary).count(), 1);
    assert!(listed.iter().any(|c| !c.owned), "a colleague's");
}
