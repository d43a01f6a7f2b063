//! The calendar contract, kept by the Google adapter against the sandbox Google. `cargo xtask verify-live` runs the
//! same promises against the real one.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use std::sync::Arc;

use daybook_core::connection::Provider;
use daybook_core::ids::CalendarId;
use daybook_core::time::Interval;
use daybook_engine::ports::{Account, CalendarProvider, Credentials};
use daybook_google::{Google, GoogleConfig};
use daybook_http::Web;
use daybook_tests::person::GooglePerson;
use daybook_tests::stand_in::{CLIENT, FixedToken, Noon, StandIn};

daybook_tests::every_promise!(sandbox);

const ALL: &str = "https://www.googleapis.com/auth/calendar";

async fn sandbox() -> Option<(StandIn, Arc<dyn Account>, GooglePerson)> {
    let stand_in = StandIn::google().await;
    let token = stand_in.token("ada@clinic.example", &[ALL]);
    let person = GooglePerson::new(stand_in.base.as_str(), &token);
    let account = adapter(&stand_in).open(&granted(), Arc::new(FixedToken(token.into()))).unwrap();
    Some((stand_in, account, person))
}

fn adapter(stand_in: &StandIn) -> Google {
    let config = GoogleConfig {
        client_id: CLIENT.into(),
        client_secret: "secret".into(),
        auth_url: stand_in.url("/o/oauth2/v2/auth"),
        token_url: stand_in.url("/token"),
        revoke_url: stand_in.url("/revoke"),
        api_url: stand_in.base.clone(),
    };
    Google::new(config, Arc::new(Web::new().unwrap()), Arc::new(Noon))
}

fn granted() -> Credentials {
    Credentials::Granted { provider: Provider::Google, refresh_token: "unused".into() }
}

#[tokio::test]
async fn calendars_of_others_are_told_apart_e_013() {
    let (_stand_in, account, _) = sandbox().await.unwrap();
    let listed = account.list_calendars().await.unwrap();
    let owned: Vec<&str> = listed.iter().filter(|c| c.owned).map(|c| c.name.as_str()).collect();
    assert_eq!(owned, ["ada@clinic.example", "Family"]);
    assert_eq!(listed.iter().filter(|c| c.primary).count(), 1);
    assert!(listed.iter().any(|c| !c.owned && c.writable), "a colleague's, shared for writing");
    assert!(listed.iter().any(|c| !c.owned && !c.writable), "one to look at only");
}

#[tokio::test]
async fn a_calendar_that_cannot_be_asked_is_not_free() {
    let (_stand_in, account, _) = sandbox().await.unwrap();
    let primary = account.list_calendars().await.unwrap().into_iter().find(|c| c.primary).unwrap().id;
    let nobody = CalendarId::new("nobody@nowhere.example");
    let week =
        Interval::new("2026-02-22T00:00:00Z".parse().unwrap(), "2026-03-08T00:00:00Z".parse().unwrap());
    let asked = [primary.clone(), nobody.clone()];
    let times = account.busy_times(&asked, week.unwrap()).await.unwrap().unwrap();
    assert!(times[&primary].as_ref().is_ok_and(|busy| !busy.is_empty()), "{times:?}");
    assert!(times[&nobody].is_err(), "{times:?}");
}
