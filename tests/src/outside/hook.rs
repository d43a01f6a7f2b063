//! The EHR's change hook as its sender speaks it: Standard Webhooks, signed with the practice's secret.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use standardwebhooks::Webhook;

use super::daybook::HOOK_SECRET;
use super::ehr::now_seconds;

/// A message before it is sent.
#[derive(Clone)]
pub struct Message {
    pub id: String,
    pub signature: String,
    pub at: String,
    pub body: String,
}

/// "This appointment of this practitioner has changed."
pub fn appointment_changed(id: &str, practitioner: &str) -> Value {
    json!({
        "type": "appointment.updated", "timestamp": "2026-01-01T00:00:00Z",
        "data": {"id": id, "version": "7", "practitioner_id": practitioner, "changed_fields": ["start"]},
    })
}

impl Message {
    /// Signed now; `id` is to be another one for each message.
    pub fn new(id: &str, body: &str) -> Self {
        Self::signed_with(HOOK_SECRET, id, body)
    }

    pub fn signed_with(secret: &str, id: &str, body: &str) -> Self {
        let at = now_seconds();
        let hook = Webhook::new(secret).expect("a secret");
        let signature = hook.sign(id, at, body.as_bytes()).expect("a signature");
        Self { id: id.to_owned(), signature, at: at.to_string(), body: body.to_owned() }
    }

    /// Posts it; the answer's status and document.
    pub async fn post(&self, daybook: &str, practice: &str) -> (u16, Value) {
        let client = reqwest::Client::builder().no_proxy().build().expect("a client can be built");
        let request = client.post(format!("{daybook}/hooks/ehr/{practice}"));
        let request = request.header("content-type", "application/json");
        let request = request.header("webhook-id", &self.id).header("webhook-timestamp", &self.at);
        let sent = request.header("webhook-signature", &self.signature).body(self.body.clone()).send().await;
        let answer = sent.expect("an answer");
        (answer.status().as_u16(), answer.json().await.unwrap_or_default())
    }
}

/// Another secret of the right form.
pub fn another_secret() -> String {
    format!("whsec_{}", STANDARD.encode([7; 24]))
}
