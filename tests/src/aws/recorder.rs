//! Stands between the functions and AWS and writes down who asked for what, and what was put into a queue or the table.
//! It changes nothing, except that it lets a queue hurry where a test says so.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::{Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::Value;

use super::client::{ACCOUNT, REGION};
use crate::outside::town::answered;

/// A call as a permission speaks of it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Call {
    /// The function's name, from its user agent.
    pub caller: String,
    /// `dynamodb:GetItem`
    pub action: String,
    /// The ARN it is about.
    pub resource: String,
}

/// Something that stays with AWS: a message, or an item of the table.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Put {
    pub caller: String,
    pub keeper: Keeper,
    /// The whole request.
    pub body: String,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Keeper {
    Queue,
    Table,
}

impl Keeper {
    fn of(target: &str) -> Option<Self> {
        let (service, operation) = target.split_once('.')?;
        let writes = ["Put", "Update", "Write", "Send"].iter().any(|verb| operation.contains(verb));
        match service {
            "AmazonSQS" if writes => Some(Self::Queue),
            "DynamoDB_20120810" if writes => Some(Self::Table),
            _ => None,
        }
    }
}

#[derive(Clone)]
pub struct Recorder {
    pub url: String,
    inner: Arc<Inner>,
}

struct Inner {
    upstream: String,
    client: reqwest::Client,
    /// In the order in which they came.
    calls: Mutex<Vec<Call>>,
    puts: Mutex<Vec<Put>>,
    /// Queues whose messages come again at once.
    hurried: Mutex<BTreeSet<String>>,
}

impl Recorder {
    pub async fn before(upstream: &str) -> Self {
        let client = reqwest::Client::builder().no_proxy().build().expect("a client can be built");
        let inner = Arc::new(Inner {
            upstream: upstream.to_owned(),
            client,
            calls: Mutex::default(),
            puts: Mutex::default(),
            hurried: Mutex::default(),
        });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let router = Router::new().fallback(pass).with_state(inner.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, inner }
    }

    /// What these functions asked for.
    pub fn calls(&self, is_of: impl Fn(&str) -> bool) -> Vec<Call> {
        let calls = self.inner.calls.lock().unwrap_or_else(PoisonError::into_inner);
        calls.iter().filter(|call| is_of(&call.caller)).cloned().collect()
    }

    /// What these functions put anywhere.
    pub fn puts(&self, is_of: impl Fn(&str) -> bool) -> Vec<Put> {
        let puts = self.inner.puts.lock().unwrap_or_else(PoisonError::into_inner);
        puts.iter().filter(|put| is_of(&put.caller)).cloned().collect()
    }
}

impl Recorder {
    /// Whatever a function wants a message of this queue to wait, it waits a second.
    pub fn hurry(&self, queue: &str) {
        self.inner.hurried.lock().unwrap_or_else(PoisonError::into_inner).insert(queue.to_owned());
    }
}

impl Inner {
    fn in_its_time(&self, headers: &HeaderMap, body: Bytes) -> Bytes {
        if headers.get("x-amz-target").is_none_or(|target| target != "AmazonSQS.ChangeMessageVisibility") {
            return body;
        }
        let mut asked: Value = serde_json::from_slice(&body).unwrap_or_default();
        let hurried = self.hurried.lock().unwrap_or_else(PoisonError::into_inner);
        if !asked["QueueUrl"].as_str().is_some_and(|queue| hurried.contains(queue)) {
            return body;
        }
        asked["VisibilityTimeout"] = 1.into();
        asked.to_string().into()
    }
}

async fn pass(State(inner): State<Arc<Inner>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, 64 << 20).await.unwrap_or_default();
    note(&inner, &parts.headers, &body);
    let body = inner.in_its_time(&parts.headers, body);
    let path = parts.uri.path_and_query().map_or("/", axum::http::uri::PathAndQuery::as_str);
    let mut headers = parts.headers;
    headers.remove("content-length");
    let sent = inner.client.request(parts.method, format!("{}{path}", inner.upstream));
    match sent.headers(headers).body(body).send().await {
        Ok(answer) => answered(answer).await,
        Err(_) => StatusCode::BAD_GATEWAY.into_response(),
    }
}

fn note(inner: &Inner, headers: &HeaderMap, body: &Bytes) {
    let Some(target) = headers.get("x-amz-target").and_then(|target| target.to_str().ok()) else { return };
    let caller = caller(headers);
    if let Some(keeper) = Keeper::of(target) {
        let body = String::from_utf8_lossy(body).into_owned();
        let put = Put { caller: caller.clone(), keeper, body };
        inner.puts.lock().unwrap_or_else(PoisonError::into_inner).push(put);
    }
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let found = needed(target, &body);
    let calls = found.into_iter().map(|(action, resource)| Call { caller: caller.clone(), action, resource });
    inner.calls.lock().unwrap_or_else(PoisonError::into_inner).extend(calls);
}

/// The application's name as the SDK tells it: `app/NAME` in the user agent.
fn caller(headers: &HeaderMap) -> String {
    let agents = ["x-amz-user-agent", "user-agent"].map(|name| headers.get(name));
    let agents = agents.into_iter().flatten().filter_map(|agent| agent.to_str().ok());
    let mut words = agents.flat_map(str::split_whitespace);
    words.find_map(|word| word.strip_prefix("app/")).unwrap_or("nobody").to_owned()
}

/// Every action and resource for which this call needs a permission.
fn needed(target: &str, body: &Value) -> BTreeSet<(String, String)> {
    let (service, operation) = target.split_once('.').unwrap_or((target, ""));
    match service {
        "DynamoDB_20120810" => dynamodb(operation, body),
        "AmazonSQS" => {
            let queue = text(&body["QueueUrl"]).rsplit('/').next().unwrap_or_default().to_owned();
            // A batch needs the permission of the single call.
            let action = operation.strip_suffix("Batch").unwrap_or(operation);
            BTreeSet::from([(format!("sqs:{action}"), arn("sqs", &queue))])
        }
        "secretsmanager" => {
            let named = text(&body["SecretId"]);
            let name = if named.is_empty() { text(&body["Name"]) } else { named };
            let is_arn = name.starts_with("arn:");
            let whole = if is_arn { name } else { arn("secretsmanager", &format!("secret:{name}-AbCdEf")) };
            BTreeSet::from([(format!("secretsmanager:{operation}"), whole)])
        }
        other => BTreeSet::from([(format!("{other}:{operation}"), "unknown".to_owned())]),
    }
}

fn dynamodb(operation: &str, body: &Value) -> BTreeSet<(String, String)> {
    let table = |body: &Value| arn("dynamodb", &format!("table/{}", text(&body["TableName"])));
    let items = body["TransactItems"].as_array().into_iter().flatten();
    match operation {
        // Each part needs the permission of its own kind.
        "TransactWriteItems" | "TransactGetItems" => items
            .filter_map(|item| item.as_object().and_then(|item| item.iter().next()))
            .map(|(kind, body)| (format!("dynamodb:{}", single(kind)), table(body)))
            .collect(),
        "BatchGetItem" | "BatchWriteItem" => {
            let tables = body["RequestItems"].as_object().into_iter().flat_map(|tables| tables.keys());
            tables
                .map(|name| (format!("dynamodb:{operation}"), arn("dynamodb", &format!("table/{name}"))))
                .collect()
        }
        _ => {
            let index = body["IndexName"].as_str().map(|index| format!("/index/{index}"));
            let whole = format!("{}{}", table(body), index.unwrap_or_default());
            BTreeSet::from([(format!("dynamodb:{operation}"), whole)])
        }
    }
}

fn single(kind: &str) -> String {
    if kind == "ConditionCheck" {
        "ConditionCheckItem".into()
    } else if kind.ends_with("Item") {
        kind.into()
    } else {
        format!("{kind}Item")
    }
}

fn arn(service: &str, rest: &str) -> String {
    format!("arn:aws:{service}:{REGION}:{ACCOUNT}:{rest}")
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
