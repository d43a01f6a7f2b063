//! One stack of a story's own: the deployed functions, seen from outside and, where a test must, from inside. However a
//! story ends, three things are asked of every stack: whether each call to AWS was allowed to the function that made
//! it, whether a word leaked into a log, and whether anything panicked.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::task::JoinHandle;

use super::client::{Client, Invoked};
use super::emulator::Emulator;
use super::front::Front;
use super::recorder::Call;
use super::roles::Statement;
use crate::outside::calendar::PASSWORD;
use crate::outside::daybook::{API_KEY, HOOK_SECRET};
use crate::outside::ehr::PATIENT_WORDS;

/// How the sandbox providers know us.
const CLIENT_SECRET: &str = "secret-of-the-test-client";
/// What stands in calendars and accounts here, and must not stand in a log.
const PRIVATE_WORDS: [&str; 8] =
    ["Dentist", "Dr. Wu", "Elm Street", "clinic.example", API_KEY, CLIENT_SECRET, PASSWORD, "ada-sandbox"];
const MOST_LINES_SHOWN: usize = 400;

static STACKS: AtomicU32 = AtomicU32::new(1);

pub struct Stack {
    /// Where the world reaches it.
    pub url: String,
    name: String,
    emulator: Arc<Emulator>,
    functions: BTreeMap<String, Function>,
    /// Logical id, type and physical id of each resource.
    resources: Vec<(String, String, String)>,
    schedules: Vec<Value>,
    sweeping: Option<JoinHandle<()>>,
    more_private_words: Vec<String>,
}

#[derive(Clone)]
struct Function {
    name: String,
    statements: Vec<Statement>,
}

impl Stack {
    /// Deploys one that reads the EHR at `ehr`. `more` are variables as on one machine; the sweep comes as often as
    /// `DAYBOOK_SWEEP_SECONDS` says, never if that is an hour. `None` where tools or binaries are missing.
    pub async fn open(data: &Path, ehr: &str, more: &[(&str, &str)]) -> Option<Self> {
        let emulator = Emulator::shared().await?;
        let front = Front::open(data).await;
        let name = format!("s{}", STACKS.fetch_add(1, Ordering::SeqCst));
        let sweep = seconds_between_sweeps(more);
        let (parameters, environment) = (parameters(&front.url, ehr, more), environment(sweep, more));
        let (here, stack) = (emulator.clone(), name.clone());
        let created = tokio::task::spawn_blocking(move || here.create(&stack, &parameters, &environment));
        let described = created.await.expect("it is deployed or says why not");
        let mut stack = Self {
            url: front.url.clone(),
            name,
            functions: functions(&described),
            resources: resources(&described),
            schedules: described["schedules"].as_array().cloned().unwrap_or_default(),
            sweeping: None,
            more_private_words: Vec::new(),
            emulator,
        };
        front.lead_to(&stack.emulator.url, &stack.the("AWS::ApiGatewayV2::Api", ""));
        stack.sweeping = (sweep < 3600).then(|| tokio::spawn(stack.sweep_each(Duration::from_secs(sweep))));
        Some(stack)
    }

    pub fn client(&self) -> &Client {
        &self.emulator.client
    }

    /// Invokes a function, named as its binary is.
    pub async fn invoke(&self, function: &str, event: &Value) -> Invoked {
        self.client().invoke(self.function_name(function), event).await
    }

    /// What the schedule does: one invocation for each shard, with the schedule's own input.
    pub async fn sweep(&self) {
        for input in &self.schedules {
            let swept = self.invoke("window_sweep", input).await;
            assert!(!swept.failed, "{input}: {}", swept.answer);
        }
    }

    /// Messages that wait and messages that somebody works on.
    pub async fn queue_depth(&self) -> u64 {
        self.depth(&self.queue()).await
    }

    pub async fn dead_letters(&self) -> u64 {
        self.depth(&self.the("AWS::SQS::Queue", "dead")).await
    }

    pub fn queue(&self) -> String {
        let mut queues = self.resources.iter().filter(|(_, kind, _)| kind == "AWS::SQS::Queue");
        let queue = queues.find(|(logical, ..)| !logical.to_lowercase().contains("dead"));
        queue.expect("a queue").2.clone()
    }

    pub fn table(&self) -> String {
        self.the("AWS::DynamoDB::Table", "")
    }

    /// Names of this stack's secrets.
    pub async fn secrets(&self) -> Vec<String> {
        let mine = |name: &String| name.contains(&format!("{}/", self.name));
        self.client().secrets().await.into_iter().filter(mine).collect()
    }

    pub async fn logs(&self, function: &str) -> Vec<String> {
        self.client().logs(self.function_name(function)).await
    }

    /// Our own lines of a function's log, as documents.
    pub async fn records(&self, function: &str) -> Vec<Value> {
        let lines = self.logs(function).await;
        lines.iter().filter_map(|line| serde_json::from_str(line.trim()).ok()).collect()
    }

    /// What the functions asked of AWS so far.
    pub fn calls(&self) -> Vec<Call> {
        let names = self.functions.values().map(|function| function.name.as_str());
        let names: Vec<&str> = names.chain(["nobody"]).collect();
        self.emulator.recorder.calls(|caller| names.contains(&caller))
    }

    /// Names of the functions, and what their roles allow.
    pub fn roles(&self) -> BTreeMap<String, Vec<Statement>> {
        self.functions.values().map(|function| (function.name.clone(), function.statements.clone())).collect()
    }

    /// Words that no log may hold, besides those that no story's may.
    pub fn keep_private(&mut self, word: &str) {
        self.more_private_words.push(word.to_owned());
    }

    pub fn function_name(&self, function: &str) -> &str {
        &self.functions.get(&plain(function)).unwrap_or_else(|| panic!("no function {function}")).name
    }

    async fn depth(&self, queue: &str) -> u64 {
        let counts = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"];
        let asked = json!({"QueueUrl": queue, "AttributeNames": counts});
        let answer = self.client().call("sqs", "AmazonSQS.GetQueueAttributes", &asked).await;
        let count =
            |name: &&str| answer["Attributes"][*name].as_str().and_then(|count| count.parse::<u64>().ok());
        counts.iter().filter_map(count).sum()
    }

    /// The only resource of this type whose logical id has that word in it.
    fn the(&self, kind: &str, word: &str) -> String {
        let fits = |(logical, own, _): &&(String, String, String)| {
            own == kind && logical.to_lowercase().contains(word)
        };
        self.resources.iter().find(fits).unwrap_or_else(|| panic!("no {kind} {word}")).2.clone()
    }

    fn sweep_each(&self, between: Duration) -> impl Future<Output = ()> + Send + use<> {
        let (client, function) = (self.client().clone(), self.function_name("window_sweep").to_owned());
        let schedules = self.schedules.clone();
        async move {
            loop {
                tokio::time::sleep(between).await;
                for input in &schedules {
                    client.invoke(&function, input).await;
                }
            }
        }
    }
}

fn plain(function: &str) -> String {
    function.to_lowercase().replace('_', "")
}

fn seconds_between_sweeps(more: &[(&str, &str)]) -> u64 {
    let given = more.iter().find(|(name, _)| *name == "DAYBOOK_SWEEP_SECONDS");
    given.map_or(2, |(_, value)| value.parse().expect("a number"))
}

/// The parameters of a deployment whose whole world is on this machine. The sweep is ours to order.
fn parameters(public_url: &str, ehr: &str, more: &[(&str, &str)]) -> Value {
    let (google, microsoft) =
        (format!("{public_url}/sandbox/google"), format!("{public_url}/sandbox/microsoft"));
    let mut parameters = json!({
        "Architecture": "x86_64", "DeletionProtection": "false", "SweepRate": "rate(1 hour)",
        "EhrFhirUrl": ehr, "PublicUrl": public_url, "ApiKey": API_KEY, "EhrHookSecret": HOOK_SECRET,
        "CaldavAllow": "loopback",
        "GoogleClientId": "daybook-sandbox", "GoogleClientSecret": CLIENT_SECRET, "GoogleApiUrl": google,
        "GoogleAuthUrl": format!("{google}/o/oauth2/v2/auth"), "GoogleTokenUrl": format!("{google}/token"),
        "GoogleRevokeUrl": format!("{google}/revoke"),
        "MicrosoftClientId": "daybook-sandbox", "MicrosoftClientSecret": CLIENT_SECRET,
        "MicrosoftAuthUrl": format!("{microsoft}/common/oauth2/v2.0/authorize"),
        "MicrosoftTokenUrl": format!("{microsoft}/common/oauth2/v2.0/token"),
        "MicrosoftApiUrl": format!("{microsoft}/v1.0"),
    });
    // A parameter has no underscore, a variable no small letter.
    for (name, value) in more.iter().filter(|(name, _)| !name.contains('_')) {
        parameters[*name] = json!(value);
    }
    parameters
}

/// What the template would not let a deployment ask for.
fn environment(sweep: u64, more: &[(&str, &str)]) -> Value {
    let poll = (sweep / 2).max(1).to_string();
    let mut environment = json!({"DAYBOOK_POLL_SECONDS": poll, "DAYBOOK_POLL_TOLD_SECONDS": poll});
    for (name, value) in more.iter().filter(|(name, _)| name.contains('_')) {
        environment[*name] = json!(value);
    }
    environment
}

fn functions(described: &Value) -> BTreeMap<String, Function> {
    let all = described["functions"].as_object().expect("functions");
    let read = |function: &Value| Function {
        name: function["name"].as_str().expect("a name").to_owned(),
        statements: function["statements"]
            .as_array()
            .expect("statements")
            .iter()
            .map(Statement::read)
            .collect(),
    };
    all.iter().map(|(name, function)| (name.clone(), read(function))).collect()
}

fn resources(described: &Value) -> Vec<(String, String, String)> {
    let all = described["resources"].as_object().expect("resources");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    all.iter().map(|(logical, of)| (logical.clone(), text(&of[0]), text(&of[1]))).collect()
}

impl Drop for Stack {
    fn drop(&mut self) {
        if let Some(sweeping) = self.sweeping.take() {
            sweeping.abort();
        }
        let (client, name) = (self.client().clone(), self.name.clone());
        let names: Vec<String> = self.functions.values().map(|function| function.name.clone()).collect();
        let lines = self.emulator.finish(async move {
            let mut lines = Vec::new();
            for function in names {
                let own = client.logs(&function).await;
                lines.extend(own.into_iter().map(|line| format!("{function}: {}", line.trim_end())));
            }
            client.delete_stack(&name).await;
            lines
        });
        if std::thread::panicking() {
            let from = lines.len().saturating_sub(MOST_LINES_SHOWN);
            lines[from..].iter().for_each(|line| println!("{line}"));
        } else {
            self.assert_nothing_leaked(&lines);
            self.assert_all_was_allowed();
        }
    }
}

impl Stack {
    fn assert_nothing_leaked(&self, lines: &[String]) {
        let hook = HOOK_SECRET.trim_start_matches("whsec_");
        let words = PATIENT_WORDS.iter().chain(&PRIVATE_WORDS).copied();
        let words: Vec<&str> = words
            .chain([hook, "panicked at"])
            .chain(self.more_private_words.iter().map(String::as_str))
            .collect();
        for line in lines {
            let found = words.iter().find(|word| line.contains(**word));
            assert_eq!(found, None, "in a log: {line}");
        }
    }

    fn assert_all_was_allowed(&self) {
        for call in self.calls() {
            let mut all = self.functions.values();
            let function = all.find(|function| function.name == call.caller);
            let function = function.unwrap_or_else(|| panic!("nobody's call: {call:?}"));
            assert!(
                function.statements.iter().any(|statement| statement.allows(&call)),
                "not allowed: {call:?}"
            );
        }
    }
}
