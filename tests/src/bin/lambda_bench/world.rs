//! What the functions work with while they are measured: a deployed stack in ministack, and in it a table and a queue that
//! no other function touches, with one connection and one subscription.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{AppName, BehaviorVersion, Credentials, Region};
use daybook_core::connection::Provider;
use daybook_core::proof::Proof;
use daybook_dynamodb::Table;
use daybook_engine::ports::{Clock, ConnectionRef, Connections, SubscriptionRow, Subscriptions};
use daybook_tests::aws::Stack;
use daybook_tests::outside::daybook::API_KEY;
use daybook_tests::outside::ehr::Ehr;
use daybook_tests::outside::hook::{Message, appointment_changed};
use daybook_tests::outside::town::Town;
use daybook_tests::sample::waiting;
use jiff::{Timestamp, ToSpan};
use serde_json::{Value, json};

pub const FUNCTIONS: [&str; 7] = [
    "provider_webhook",
    "ehr_change",
    "oauth_callback",
    "settings",
    "availability",
    "window_sweep",
    "sync_worker",
];
const TABLE: &str = "bench";
const QUEUE: &str = "bench.fifo";
/// Of the subscription, and what proves its sender.
const CHANNEL: &str = "bench";
const TOKEN: &str = "bench-token";

pub struct World {
    stack: Stack,
    queue: String,
    _ehr: Ehr,
    data: tempfile::TempDir,
}

struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "a bench has the machine's clock")]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

impl World {
    /// `None` where tools or binaries are missing; it says which.
    pub async fn open() -> Option<Self> {
        let data = tempfile::tempdir().unwrap();
        let ehr = Ehr::start(data.path()).await;
        let stack =
            Stack::open(&Town::open().await, &ehr.fhir_url(), &[("DAYBOOK_SWEEP_SECONDS", "3600")]).await?;
        let asked = json!({"QueueName": QUEUE, "Attributes": {"FifoQueue": "true"}});
        let queue = stack.client().call("sqs", "AmazonSQS.CreateQueue", &asked).await;
        let queue = queue["QueueUrl"].as_str().unwrap().to_owned();
        let world = Self { stack, queue, _ehr: ehr, data };
        world.furnish().await;
        Some(world)
    }

    async fn furnish(&self) {
        let variables = self.stack.variables_of("settings").await;
        let table = Table::new(client(&variables), TABLE, Arc::new(SystemClock));
        table.create_if_missing().await.unwrap();
        table.create_connection(&waiting("bench", SystemClock.now())).await.unwrap();
        let row = SubscriptionRow {
            provider: Provider::Google,
            id: CHANNEL.into(),
            at: ConnectionRef { practice: "demo".into(), id: "bench".into() },
            calendar: "work".into(),
            secret: Proof::of(TOKEN),
            expires_at: SystemClock.now() + 24.hours(),
        };
        table.put_subscription(&row).await.unwrap();
    }

    /// As the stack's own function has them, with the table and the queue of this bench.
    pub async fn variables_of(&self, function: &str) -> BTreeMap<String, String> {
        let mut variables = self.stack.variables_of(function).await;
        variables.insert("DAYBOOK_TABLE".into(), TABLE.into());
        variables.insert("DAYBOOK_QUEUE_URL".into(), self.queue.clone());
        // No role is theirs, and none is compared with what they ask.
        variables.insert("AWS_LAMBDA_FUNCTION_NAME".into(), "bench".into());
        variables
    }

    /// Binaries lie where the one of the one-machine deployment would.
    pub fn binary(name: &str) -> PathBuf {
        let daybook = std::env::var_os("DAYBOOK_BIN").map(PathBuf::from);
        let folder = daybook.as_deref().and_then(Path::parent).map(Path::to_owned);
        folder.expect("DAYBOOK_BIN is set by `cargo xtask bench`").join(name)
    }

    pub fn folder(&self) -> &Path {
        self.data.path()
    }

    /// An event for each function that has an everyday one.
    pub fn events() -> Vec<(&'static str, &'static str, Value)> {
        let key = json!({"authorization": format!("Bearer {API_KEY}")});
        let list = "/v1/practices/demo/connections/bench";
        vec![
            ("provider_webhook", "a notification", Self::notification()),
            ("ehr_change", "a signed hook", hook()),
            ("settings", "one connection is read", request("GET", list, &key, "")),
            ("oauth_callback", "a stale way back", request("GET", "/oauth/google/callback", &json!({}), "")),
            ("window_sweep", "a shard without due work", json!({"shard": 7})),
        ]
    }

    /// Of the subscription; its connection has a request waiting already from the second one on.
    pub fn notification() -> Value {
        let headers = json!({
            "x-goog-channel-id": CHANNEL, "x-goog-channel-token": TOKEN,
            "x-goog-resource-state": "exists", "x-goog-message-number": "7",
        });
        request("POST", "/webhooks/google", &headers, "")
    }
}

fn hook() -> Value {
    let body = appointment_changed("a1", "prac-1").to_string();
    let Message { id, signature, at, body } = Message::new("m1", &body);
    let headers = json!({
        "content-type": "application/json", "webhook-id": id, "webhook-timestamp": at,
        "webhook-signature": signature,
    });
    request("POST", "/hooks/ehr/demo", &headers, &body)
}

/// As the HTTP API hands a request on.
fn request(method: &str, path: &str, headers: &Value, body: &str) -> Value {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/lambda-events/http-api.json");
    let mut event: Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    event["rawPath"] = json!(path);
    event["requestContext"]["http"]["method"] = json!(method);
    event["requestContext"]["http"]["path"] = json!(path);
    event["headers"].as_object_mut().unwrap().extend(headers.as_object().unwrap().clone());
    event["body"] = json!(body);
    event
}

fn client(variables: &BTreeMap<String, String>) -> Client {
    let text = |name: &str| variables[name].clone();
    let credentials =
        Credentials::new(text("AWS_ACCESS_KEY_ID"), text("AWS_SECRET_ACCESS_KEY"), None, None, "bench");
    let config = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(text("AWS_REGION")))
        .endpoint_url(text("AWS_ENDPOINT_URL"))
        // So that nobody takes its calls for a function's.
        .app_name(AppName::new("bench").unwrap())
        .credentials_provider(credentials);
    Client::from_conf(config.build())
}
