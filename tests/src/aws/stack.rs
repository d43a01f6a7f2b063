//! One stack of a story's own: the deployed functions, seen from outside and, where a test must, from inside. It ends
//! with its story; what is asked of it then is in `ending`.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::task::JoinHandle;

use super::client::{ACCOUNT, Client, Invoked, REGION};
use super::emulator::Emulator;
use super::recorder::{Call, Put};
use super::roles::Statement;
use super::tools;
use crate::outside::cloud::CLIENT_SECRET;
use crate::outside::daybook::{API_KEY, HOOK_SECRET, PLATFORM_KEY};
use crate::outside::eventually;
use crate::outside::town::Town;

static STACKS: AtomicU32 = AtomicU32::new(1);

pub struct Stack {
    pub(super) name: String,
    /// Its connections live on this test's runtime.
    client: Client,
    pub(super) emulator: Arc<Emulator>,
    pub(super) functions: BTreeMap<String, Function>,
    /// Logical id, type and physical id of each resource.
    resources: Vec<(String, String, String)>,
    schedules: Vec<Value>,
    pub(super) sweeping: Option<JoinHandle<()>>,
}

#[derive(Clone)]
pub(super) struct Function {
    pub name: String,
    pub statements: Vec<Statement>,
}

impl Stack {
    /// Deploys one at this town's address that reads the EHR at `ehr`. `more` are variables as on one machine; the sweep comes as often as
    /// `DAYBOOK_SWEEP_SECONDS` says, never if that is an hour. `None` where tools or binaries are missing.
    pub async fn open(town: &Town, ehr: &str, more: &[(&str, &str)]) -> Option<Self> {
        let emulator = Emulator::shared().await?;
        let name = format!("s{}", STACKS.fetch_add(1, Ordering::SeqCst));
        let sweep = seconds_between_sweeps(more);
        let (parameters, environment) = (parameters(&town.url, ehr, more), environment(sweep, more));
        let (here, stack) = (emulator.clone(), name.clone());
        let created = tokio::task::spawn_blocking(move || here.create(&stack, &parameters, &environment));
        let described = created.await.expect("it is deployed or says why not");
        let mut stack = Self {
            client: Client::new(&emulator.url),
            name,
            functions: functions(&described),
            resources: resources(&described),
            schedules: described["schedules"].as_array().cloned().unwrap_or_default(),
            sweeping: None,
            emulator,
        };
        let api = stack.the("AWS::ApiGatewayV2::Api", "");
        town.lead_to_aws(&format!("{}/_aws/execute-api/{api}/$default", stack.emulator.url));
        // The schedule does it within its first minute.
        stack.sweep().await;
        stack.sweeping = (sweep < 3600).then(|| tokio::spawn(stack.sweep_each(Duration::from_secs(sweep))));
        Some(stack)
    }

    pub fn client(&self) -> &Client {
        &self.client
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

    /// Our own lines of a function's log, each with the stream of its invocation.
    pub async fn logs(&self, function: &str) -> Vec<(String, Value)> {
        let lines = self.client().logs(self.function_name(function)).await;
        lines
            .into_iter()
            .filter_map(|(stream, line)| Some((stream, serde_json::from_str(&line).ok()?)))
            .collect()
    }

    /// What the functions asked of AWS so far.
    pub fn calls(&self) -> Vec<Call> {
        self.emulator.recorder.calls(|caller| caller == "nobody" || self.has(caller))
    }

    /// What the functions put into the queue and the table so far.
    pub fn puts(&self) -> Vec<Put> {
        self.emulator.recorder.puts(|caller| self.has(caller))
    }

    fn has(&self, caller: &str) -> bool {
        self.functions.values().any(|function| function.name == caller)
    }

    /// Names of the functions, and what their roles allow.
    pub fn roles(&self) -> BTreeMap<String, Vec<Statement>> {
        self.functions.values().map(|function| (function.name.clone(), function.statements.clone())).collect()
    }

    /// The environment that a function runs in.
    pub async fn variables_of(&self, function: &str) -> BTreeMap<String, String> {
        let name = self.function_name(function);
        let config = self.client().function(name).await;
        let own = config["Environment"]["Variables"].as_object().cloned().unwrap_or_default();
        let own = own.into_iter().map(|(name, value)| (name, value.as_str().unwrap_or_default().to_owned()));
        let given = [
            ("AWS_ENDPOINT_URL", self.emulator.recorder.url.as_str()),
            ("AWS_REGION", REGION),
            ("AWS_DEFAULT_REGION", REGION),
            ("AWS_ACCESS_KEY_ID", ACCOUNT),
            ("AWS_SECRET_ACCESS_KEY", "none"),
            ("AWS_LAMBDA_FUNCTION_NAME", name),
        ];
        own.chain(given.map(|(name, value)| (name.to_owned(), value.to_owned()))).collect()
    }

    pub fn function_name(&self, function: &str) -> &str {
        &self.functions.get(&plain(function)).unwrap_or_else(|| panic!("no function {function}")).name
    }

    /// Another visibility timeout than the template's, for a test that has no six minutes.
    pub async fn hide_messages_for(&self, seconds: u32) {
        let asked =
            json!({"QueueUrl": self.queue(), "Attributes": {"VisibilityTimeout": seconds.to_string()}});
        self.client().call("sqs", "AmazonSQS.SetQueueAttributes", &asked).await;
    }

    /// From now on whoever tells a message when to come again is told "in a second" by the queue.
    pub fn hurry(&self) {
        self.emulator.recorder.hurry(&self.queue());
    }

    /// From now on other processes work, which have nothing in memory. A message that somebody is at work on would come again
    /// after minutes only, so that this waits until there is none.
    pub async fn renew_workers(&self) {
        eventually("nobody is at work", || async { self.queue_depth().await == 0 }).await;
        assert!(self.kill("sync_worker") > 0, "there were workers");
    }

    /// Ends the processes of a function as a crash does, each by its id; how many there were.
    pub fn kill(&self, function: &str) -> usize {
        let found = tools::processes_with(&[
            format!("AWS_LAMBDA_FUNCTION_NAME={}", self.function_name(function)),
            // Another run on this machine has stacks of the same names.
            format!("AWS_ENDPOINT_URL={}", self.emulator.recorder.url),
        ]);
        for process in &found {
            tools::kill(*process);
        }
        found.len()
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
        "EhrFhirUrl": ehr, "PublicUrl": public_url, "ApiKey": API_KEY, "PlatformKey": PLATFORM_KEY, "EhrHookSecret": HOOK_SECRET,
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
