//! The calendar contract, kept by the Microsoft adapter against the sandbox Microsoft. `cargo xtask verify-live` runs
//! the same promises against the real one.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use std::sync::Arc;

use daybook_core::connection::Provider;
use daybook_core::ids::{CalendarId, ItemId};
use daybook_core::mirror::{Certainty, Content, Expected, MirrorContent, MirrorId};
use daybook_core::time::Interval;
use daybook_engine::ports::{Account, Calendar, CalendarProvider, Credentials, MirrorRef, RemoteError, Step};
use daybook_http::Web;
use daybook_microsoft::{Microsoft, MicrosoftConfig};
use daybook_tests::person::MicrosoftPerson;
use daybook_tests::stand_in::{CLIENT, FixedToken, Noon, StandIn};
use serde_json::{Value, json};

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

const MARKER: &str = "String {6f1d2b0e-8c4a-4e57-9a35-d0b7c1e2f483} Name DaybookMirror";

/// How Graph may answer a transaction that it has seen before.
const MEMORIES: [&str; 5] = ["original", "conflict", "bad_request", "remembered", "forgotten"];

/// A calendar of ours, and one mirror that is to stand there.
struct Desk {
    stand_in: StandIn,
    token: String,
    id: CalendarId,
    calendar: Arc<dyn Calendar>,
}

impl Desk {
    async fn new(memory: &str) -> Self {
        let stand_in = StandIn::microsoft().await;
        let token = stand_in.token("ada@clinic.example", &SCOPES);
        let account =
            adapter(&stand_in).open(&granted(), Arc::new(FixedToken(token.clone().into()))).unwrap();
        let id = account.create_calendar("Work schedule", "daybook-1").await.unwrap().id;
        let desk = Self { calendar: account.calendar(&id), stand_in, token, id };
        desk.send("PUT", "/control/graph", json!({"transactions": memory})).await;
        desk
    }

    async fn send(&self, method: &str, path: &str, body: Value) -> Value {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let request = client.request(method.parse().unwrap(), self.stand_in.url(path)).json(&body);
        let request = request.bearer_auth(&self.token).header("prefer", r#"IdType="ImmutableId""#);
        let answer = request.send().await.unwrap().error_for_status().unwrap().text().await.unwrap();
        serde_json::from_str(&answer).unwrap_or_default()
    }

    fn mirror() -> MirrorId {
        MirrorId::parse(&format!("db1{}", "7".repeat(40))).unwrap()
    }

    async fn put(&self, remote: Option<&ItemId>, expected: Expected) -> Result<ItemId, RemoteError> {
        let at = MirrorRef { mirror: Self::mirror(), remote: remote.cloned() };
        let interval =
            Interval::new("2026-03-10T09:00:00Z".parse().unwrap(), "2026-03-10T09:50:00Z".parse().unwrap());
        let content = Content::Mirror(MirrorContent {
            title: "Busy".into(),
            interval: interval.unwrap(),
            certainty: Certainty::Confirmed,
            location: None,
            reminder_minutes: None,
        });
        let mut done = self.calendar.carry_out(&[Step::Put { at, expected, content }]).await;
        done.remove(0).map(|written| written.remote.unwrap())
    }

    /// A person's copy of our mirror, made by a program that copies everything but the transaction.
    async fn copy(&self) -> ItemId {
        let time = |time: &str| json!({"dateTime": time, "timeZone": "UTC"});
        let copy = json!({
            "subject": "Busy", "start": time("2026-03-11T09:00:00"), "end": time("2026-03-11T09:50:00"),
            "singleValueExtendedProperties": [{"id": MARKER, "value": Self::mirror().as_str()}],
        });
        let made = self.send("POST", &format!("/v1.0/me/calendars/{}/events", self.id), copy).await;
        ItemId::new(made["id"].as_str().unwrap())
    }

    async fn standing(&self) -> Vec<ItemId> {
        let events = self.send("GET", &format!("/v1.0/me/calendars/{}/events", self.id), Value::Null).await;
        let ids = events["value"].as_array().unwrap().iter();
        ids.map(|one| ItemId::new(one["id"].as_str().unwrap())).collect()
    }

    async fn delete(&self, item: &ItemId) {
        self.send("DELETE", &format!("/v1.0/me/events/{}", item.as_str().replace('=', "%3D")), Value::Null)
            .await;
    }
}

#[tokio::test]
async fn e_048_a_write_whose_answer_was_lost_is_done_once() {
    for memory in MEMORIES {
        let desk = Desk::new(memory).await;
        let first = desk.put(None, Expected::Absent).await.unwrap();
        assert_eq!(desk.put(None, Expected::Doubtful).await.unwrap(), first, "{memory}: its id unknown");
        assert_eq!(
            desk.put(Some(&first), Expected::Doubtful).await.unwrap(),
            first,
            "{memory}: its id known"
        );
        assert_eq!(desk.standing().await, [first], "{memory}");
    }
}

#[tokio::test]
async fn e_047_a_copy_is_never_taken_for_the_mirror_nor_removed() {
    for memory in MEMORIES {
        let desk = Desk::new(memory).await;
        let copy = desk.copy().await;
        let ours = desk.put(None, Expected::Doubtful).await.unwrap();
        assert_ne!(ours, copy, "{memory}");
        let sought = [MirrorRef { mirror: Desk::mirror(), remote: None }];
        assert_eq!(desk.calendar.find(&sought).await.unwrap()[0].remote, Some(ours.clone()), "{memory}");
        let remove = Step::Delete { at: sought.into_iter().next().unwrap(), expected: Expected::Unversioned };
        desk.calendar.carry_out(&[remove]).await.remove(0).unwrap();
        assert_eq!(desk.standing().await, [copy], "{memory}");
    }
}

#[tokio::test]
async fn e_043_a_mirror_comes_back_however_often_it_is_deleted() {
    for memory in MEMORIES {
        let desk = Desk::new(memory).await;
        let mut last = desk.put(None, Expected::Absent).await.unwrap();
        for cycle in 0..7 {
            desk.delete(&last).await;
            let expected = if cycle % 2 == 0 { Expected::Absent } else { Expected::Doubtful };
            let next = desk.put(Some(&last), expected).await.unwrap();
            assert_eq!(desk.standing().await, std::slice::from_ref(&next), "{memory}, {cycle}");
            last = next;
        }
        // Its id forgotten, and its first transaction long used.
        desk.delete(&last).await;
        let next = desk.put(None, Expected::Doubtful).await.unwrap();
        assert_eq!(desk.standing().await, [next], "{memory}");
    }
}

#[tokio::test]
async fn a_calendar_of_ours_is_known_by_its_mark() {
    let (_stand_in, account, _) = sandbox().await.unwrap();
    let family =
        account.list_calendars().await.unwrap().into_iter().find(|one| one.name == "Family").unwrap();
    let made = account.create_calendar("Family", "daybook-1").await.unwrap();
    assert_eq!(made.name, "Family (Daybook)");
    assert_ne!(made.id, family.id, "a person's own stays theirs");
    assert_eq!(account.create_calendar("Family", "daybook-1").await.unwrap(), made);
}
