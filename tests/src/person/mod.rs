//! A person at a provider, in their own calendar program: what they do goes over the provider's public API, with a
//! token of their own. The same hands work at the sandboxes and at the real providers.

mod caldav;
mod google;
mod microsoft;

pub use caldav::CaldavPerson;
pub use google::GooglePerson;
pub use microsoft::MicrosoftPerson;

use reqwest::Method;
use serde_json::Value;

/// One API and the token of whoever uses it.
struct Hands {
    client: reqwest::Client,
    api: String,
    token: String,
}

impl Hands {
    /// `api` is the root below which paths are, without a slash at its end.
    fn new(api: &str, token: &str) -> Self {
        let client = reqwest::Client::builder().no_proxy().build().expect("a client");
        Self { client, api: api.to_owned(), token: token.to_owned() }
    }

    /// What the provider answers; `Null` where that is nothing.
    async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> Result<Value, String> {
        let url = format!("{}{path}", self.api);
        let mut request = self.client.request(method.clone(), &url).bearer_auth(&self.token);
        request = request.header("prefer", r#"IdType="ImmutableId", outlook.timezone="UTC""#);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.map_err(|error| error.to_string())?;
        let status = answer.status();
        let text = answer.text().await.map_err(|error| error.to_string())?;
        if !status.is_success() {
            return Err(format!("{method} {path}: {status} {text}"));
        }
        if text.is_empty() { Ok(Value::Null) } else { serde_json::from_str(&text).map_err(|e| e.to_string()) }
    }

    async fn do_it(&self, method: Method, path: &str, body: Option<Value>) -> Value {
        self.ask(method, path, body).await.unwrap_or_else(|error| panic!("{error}"))
    }
}

/// An id as one path segment.
fn segment(id: &str) -> String {
    let fit = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~');
    id.bytes()
        .map(|byte| if fit(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

fn text_of(value: &Value) -> String {
    value.as_str().map_or_else(|| panic!("no text: {value}"), str::to_owned)
}
