//! AWS's JSON calls, as far as a test looks into a stack. Unsigned: the emulator reads account and region from the
//! signature's scope and checks nothing. An SDK for each of five services would be minutes of compiling.

use serde_json::{Value, json};

/// Twelve digits choose an account.
pub const ACCOUNT: &str = "111122223333";
pub const REGION: &str = "eu-north-1";
/// More pages than any test fills.
const MOST_PAGES: usize = 200;

/// Somebody with all rights in the account.
#[derive(Clone)]
pub struct Client {
    endpoint: String,
    http: reqwest::Client,
}

/// What became of an invocation.
#[derive(Clone, PartialEq, Debug)]
pub struct Invoked {
    /// Whether the function failed, be it by its own word or by its end.
    pub failed: bool,
    pub answer: Value,
}

impl Client {
    pub fn new(endpoint: &str) -> Self {
        let http = reqwest::Client::builder().no_proxy().build().expect("a client can be built");
        Self { endpoint: endpoint.to_owned(), http }
    }

    /// One call by its target, such as `Logs_20140328.FilterLogEvents`.
    pub async fn call(&self, service: &str, target: &str, body: &Value) -> Value {
        let (status, answer) = self.try_call(service, target, body).await;
        assert_eq!(status, 200, "{target}: {answer}");
        answer
    }

    pub async fn try_call(&self, service: &str, target: &str, body: &Value) -> (u16, Value) {
        let request = self.http.post(&self.endpoint).header("x-amz-target", target);
        let request = request.header("content-type", "application/x-amz-json-1.0");
        let answer = request.header("authorization", scope(service)).body(body.to_string()).send().await;
        let answer = answer.expect("an answer");
        (answer.status().as_u16(), answer.json().await.unwrap_or_default())
    }

    /// Invokes a function and waits for it.
    pub async fn invoke(&self, function: &str, event: &Value) -> Invoked {
        let url = format!("{}/2015-03-31/functions/{function}/invocations", self.endpoint);
        let request = self.http.post(url).header("authorization", scope("lambda"));
        let answer = request.body(event.to_string()).send().await.expect("an answer");
        let failed = !answer.status().is_success() || answer.headers().contains_key("x-amz-function-error");
        let text = answer.text().await.unwrap_or_default();
        Invoked { failed, answer: serde_json::from_str(&text).unwrap_or(Value::String(text)) }
    }

    /// All lines that a function's invocations left, each behind its stream: one for each invocation.
    pub async fn logs(&self, function: &str) -> Vec<(String, String)> {
        let mut asked = json!({"logGroupName": format!("/aws/lambda/{function}")});
        let mut lines = Vec::new();
        for _ in 0..MOST_PAGES {
            let (status, page) = self.try_call("logs", "Logs_20140328.FilterLogEvents", &asked).await;
            if status != 200 {
                assert!(page.to_string().contains("ResourceNotFound"), "{page}");
                return lines;
            }
            let events = page["events"].as_array().cloned().unwrap_or_default();
            let text = |value: &Value| value.as_str().unwrap_or_default().trim_end().to_owned();
            lines.extend(events.iter().map(|event| (text(&event["logStreamName"]), text(&event["message"]))));
            match page["nextToken"].as_str() {
                Some(token) => asked["nextToken"] = json!(token),
                None => return lines,
            }
        }
        panic!("the log of {function} does not end")
    }

    /// Every row of a table.
    pub async fn rows(&self, table: &str) -> Vec<Value> {
        let mut asked = json!({"TableName": table});
        let mut rows = Vec::new();
        for _ in 0..MOST_PAGES {
            let page = self.call("dynamodb", "DynamoDB_20120810.Scan", &asked).await;
            rows.extend(page["Items"].as_array().cloned().unwrap_or_default());
            match page.get("LastEvaluatedKey") {
                Some(key) => asked["ExclusiveStartKey"] = key.clone(),
                None => return rows,
            }
        }
        panic!("{table} does not end")
    }

    /// How a function is configured.
    pub async fn function(&self, name: &str) -> Value {
        let url = format!("{}/2015-03-31/functions/{name}/configuration", self.endpoint);
        let answer =
            self.http.get(url).header("authorization", scope("lambda")).send().await.expect("an answer");
        answer.json().await.expect("a document")
    }

    /// Ends a stack and everything in it.
    pub async fn delete_stack(&self, name: &str) {
        let form = [("Action", "DeleteStack"), ("Version", "2010-05-15"), ("StackName", name)];
        let request = self.http.post(&self.endpoint).header("authorization", scope("cloudformation"));
        let answer = request.form(&form).send().await.expect("an answer");
        assert!(answer.status().is_success(), "{name} is not deleted: {}", answer.status());
    }

    /// The names of all secrets that are there.
    pub async fn secrets(&self) -> Vec<String> {
        let mut asked = json!({"MaxResults": 100});
        let mut names = Vec::new();
        for _ in 0..MOST_PAGES {
            let page = self.call("secretsmanager", "secretsmanager.ListSecrets", &asked).await;
            let all = page["SecretList"].as_array().cloned().unwrap_or_default();
            names.extend(all.iter().filter_map(|secret| secret["Name"].as_str()).map(str::to_owned));
            match page["NextToken"].as_str() {
                Some(token) => asked["NextToken"] = json!(token),
                None => return names,
            }
        }
        panic!("the secrets do not end")
    }
}

fn scope(service: &str) -> String {
    format!(
        "AWS4-HMAC-SHA256 Credential={ACCOUNT}/20260101/{REGION}/{service}/aws4_request, SignedHeaders=host, Signature=none"
    )
}
