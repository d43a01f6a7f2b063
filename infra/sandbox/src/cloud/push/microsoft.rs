//! Graph's change and lifecycle notifications: JSON, several in one post, without the event's content.

use serde_json::{Value, json};

use super::sender::Post;
use crate::cloud::world::{ChangeKind, Message, Organisation, Saying, World};
use crate::microsoft::announced;

/// The tenants that accounts stand in; the second one is Microsoft's own for personal accounts.
const TENANT: &str = "e2a7c6b0-3f48-4d19-9b5e-71d0c8a4f263";
const CONSUMERS: &str = "9188040d-6c67-4c5b-b112-36a304b66dad";

/// Lifecycle events have an address of their own.
pub(super) fn address(message: &Message) -> String {
    let lifecycle = match message.saying {
        Saying::Lifecycle(_) => message.to.lifecycle_url.as_ref(),
        _ => None,
    };
    lifecycle.unwrap_or(&message.to.url).clone()
}

/// One post for messages to the same address.
pub(super) fn post(world: &World, messages: Vec<Message>) -> Post {
    let url = messages.first().map(address).unwrap_or_default();
    let value: Vec<Value> = messages.iter().map(|message| notification(world, message)).collect();
    let headers = vec![("Content-Type".to_owned(), "application/json; charset=utf-8".to_owned())];
    Post { url, headers, body: json!({ "value": value }).to_string(), messages }
}

fn notification(world: &World, message: &Message) -> Value {
    let to = &message.to;
    let tenant = tenant_of(world, &to.account);
    let mut said = json!({
        "subscriptionId": to.id,
        "subscriptionExpirationDateTime": to.expires.strftime("%Y-%m-%dT%H:%M:%S+00:00").to_string(),
        "clientState": to.secret,
        "tenantId": tenant,
    });
    let more = match &message.saying {
        Saying::Changed { item, kind, seq } => changed(message, item, *kind, *seq),
        Saying::Lifecycle(event) => {
            json!({"lifecycleEvent": event, "resource": to.resource, "organizationId": tenant})
        }
        Saying::Hello | Saying::Gone => json!({"changeType": "deleted", "resource": to.resource}),
    };
    if let (Value::Object(said), Value::Object(more)) = (&mut said, more) {
        said.extend(more);
    }
    said
}

fn changed(message: &Message, item: &str, kind: ChangeKind, seq: u64) -> Value {
    let (id, etag) = announced(&message.to, item, seq);
    let resource = format!("Users/{}/Events/{id}", message.to.account);
    json!({
        "id": format!("ntf-{:04}", message.key),
        "changeType": kind.word(),
        "resource": resource,
        "resourceData": {
            "@odata.type": "#Microsoft.Graph.Event",
            "@odata.id": resource,
            "@odata.etag": etag,
            "id": id,
        },
    })
}

/// The tenant of an account.
pub(in crate::cloud) fn tenant_of(world: &World, account: &str) -> &'static str {
    match world.accounts.get(account).map(|account| account.kind) {
        Some(Organisation::Personal) => CONSUMERS,
        _ => TENANT,
    }
}
