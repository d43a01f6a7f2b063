//! What one change costs, counted: requests of the table, the queue and the vault, from the EHR's hook to the mirror, in a
//! deployed stack whose functions are warm. Then the same as money for a million changes.

use std::collections::BTreeMap;

use daybook_tests::aws::{Call, Stack};
use daybook_tests::outside::browser::{Browser, sign_in};
use daybook_tests::outside::cloud::ADA;
use daybook_tests::outside::daybook::{Connection, Daybook};
use daybook_tests::outside::ehr::{Ehr, at};
use daybook_tests::outside::place::Place;
use serde_json::json;

use super::prices;

/// Sent, received, deleted.
const REQUESTS_A_MESSAGE: u64 = 3;

/// What was asked on account of one change.
#[derive(Clone, Copy, Default)]
struct Asked {
    reads: usize,
    writes: usize,
    messages: usize,
    secrets: usize,
}

pub async fn measure() {
    println!(
        "\n| at | change | table reads | table writes | goal | queue messages | Secrets Manager calls | $ a million |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    for at in [At::Caldav, At::Google] {
        let data = tempfile::tempdir().unwrap();
        let ehr = Ehr::start(data.path()).await;
        ehr.empty().await;
        let daybook = Place::Aws.open(data.path(), &ehr, &[("DAYBOOK_SWEEP_SECONDS", "3600")]).await;
        let daybook = daybook.unwrap();
        let connection = at.connect(&daybook).await;
        connection.becomes("active").await;
        change(at, daybook.stack(), &ehr, &connection).await;
    }
}

/// Where the mirrors are. Google tells of our own writes too, which costs a look.
#[derive(Clone, Copy, Debug)]
enum At {
    Caldav,
    Google,
}

impl At {
    async fn connect(self, daybook: &Daybook) -> Connection<'_> {
        match self {
            At::Caldav => {
                let url = format!("{}/sandbox/caldav/", daybook.url);
                let login = json!({"url": url, "username": "ada", "password": "ada-sandbox"});
                daybook.begin("caldav", &json!({"caldav": login})).await
            }
            At::Google => {
                let connection = daybook.begin("google", &json!({})).await;
                sign_in(&Browser::new(), &connection.authorise_url().await, ADA).await;
                connection
            }
        }
    }
}

async fn change(place: At, stack: &Stack, ehr: &Ehr, connection: &Connection<'_>) {
    // So that the functions are warm and the account is open.
    ehr.book("warm", &at(2, 600), &at(2, 650)).await;
    settled(connection).await;
    for (what, goal, day, minutes) in
        [("booked: a new link", "3, 5", 3, 650), ("moved", "3, 4", 4, 650), ("made longer", "3, 4", 4, 680)]
    {
        let before = stack.calls().len();
        ehr.book("one", &at(day, 600), &at(day, minutes)).await;
        settled(connection).await;
        tell(place, what, goal, &asked(stack, before));
    }
    let before = stack.calls().len();
    ehr.cancel("one").await;
    settled(connection).await;
    tell(place, "cancelled", "3, 4", &asked(stack, before));
}

/// Until nothing waits or runs; the echo of our own write counts too, so it is waited for.
async fn settled(connection: &Connection<'_>) {
    for _ in 0..3 {
        tokio::time::sleep(std::time::Duration::from_secs(2)).await;
        connection.settles().await;
    }
}

fn tell(place: At, what: &str, goal: &str, asked: &Asked) {
    let Asked { reads, writes, messages, secrets } = *asked;
    println!(
        "| {place:?} | {what} | {reads} | {writes} | {goal} | {messages} | {secrets} | {:.2} |",
        dollars(asked)
    );
}

/// For a million. Consistent reads of rows below 4 KB and writes of rows below 1 KB; one hook, one run.
#[expect(clippy::cast_precision_loss, reason = "small counts")]
fn dollars(asked: &Asked) -> f64 {
    let [reads, writes, messages, secrets] =
        [asked.reads, asked.writes, asked.messages, asked.secrets].map(|count| count as u64);
    let queue = messages * REQUESTS_A_MESSAGE * prices::MESSAGE_REQUEST;
    let doors = prices::API_REQUEST + (1 + messages) * prices::INVOCATION;
    let table = reads * prices::READ + writes * prices::WRITE;
    (table + queue + doors + secrets * prices::SECRET_CALL) as f64 / 1_000.0
}

/// What the functions asked since then, leaving out the API, through which this bench itself looks.
fn asked(stack: &Stack, before: usize) -> Asked {
    let mut counted: BTreeMap<String, usize> = BTreeMap::new();
    let calls = stack.calls();
    for Call { caller, action, .. } in calls.iter().skip(before) {
        if !caller.contains("settings") {
            *counted.entry(action.clone()).or_default() += 1;
        }
    }
    let of = |actions: &[&str]| actions.iter().filter_map(|action| counted.get(*action)).sum();
    let secrets = counted.iter().filter(|(action, _)| action.starts_with("secretsmanager:"));
    Asked {
        reads: of(&["dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query"]),
        writes: of(&["dynamodb:UpdateItem", "dynamodb:PutItem", "dynamodb:DeleteItem"]),
        messages: of(&["sqs:SendMessage"]),
        secrets: secrets.map(|(_, count)| count).sum(),
    }
}
