//! Several interactions in one request: a `batch`, whose entries succeed or fail alone, or a
//! `transaction`, which is done whole or not at all.

use std::collections::HashMap;

use axum::http::{Method, StatusCode};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::call::{Answer, Base, Call, Interaction, Prefer};
use super::interactions::{new_id, only_match, perform};
use super::outcome::Refusal;
use super::pairs_from;
use crate::ehr::Sandbox;
use crate::ehr::kind::Kind;
use crate::ehr::store::Tx;

/// The ids that a transaction's new resources will have, by the provisional name they came with.
type Names = HashMap<String, (Kind, String)>;

pub(super) fn run(sandbox: &Sandbox, base: &Base, bundle: Option<Value>) -> Result<Answer, Refusal> {
    let bundle = bundle.unwrap_or_default();
    let field = |name| bundle.get(name).and_then(Value::as_str);
    let entries = bundle.get("entry").and_then(Value::as_array).cloned().unwrap_or_default();
    if field("resourceType") != Some("Bundle") {
        return Err(Refusal::malformed("only a Bundle can be posted to the base"));
    }
    let (kind, answers) = match field("type") {
        Some("batch") => ("batch-response", batch(sandbox, base, &entries)),
        Some("transaction") => {
            ("transaction-response", sandbox.transact(|tx| transaction(tx, base, entries))?)
        }
        _ => return Err(Refusal::malformed("the bundle is neither a batch nor a transaction")),
    };
    let body = json!({"resourceType": "Bundle", "type": kind, "entry": answers});
    Ok(Answer::plain(StatusCode::OK, Some(body)))
}

fn batch(sandbox: &Sandbox, base: &Base, entries: &[Value]) -> Vec<Value> {
    let one = |entry: &Value| {
        let call = call_from(base, entry)?;
        sandbox.transact(|tx| perform(tx, base, call))
    };
    entries.iter().map(|entry| one(entry).map_or_else(|refusal| refused(&refusal), answered)).collect()
}

/// Deletes first, then creates, updates and reads, as the standard orders; answers in the order given.
fn transaction(tx: &Tx<'_>, base: &Base, mut entries: Vec<Value>) -> Result<Vec<Value>, Refusal> {
    let names = names_for(tx, base, &entries)?;
    for entry in &mut entries {
        if let Some(resource) = entry.get_mut("resource") {
            rename(resource, &names);
        }
    }
    let mut order: Vec<(usize, &Value)> = entries.iter().enumerate().collect();
    order.sort_by_key(|(_, entry)| turn(entry));
    let mut answers = Vec::with_capacity(order.len());
    for (position, entry) in order {
        let call = settled(tx, call_from(base, entry)?, entry, &names)?;
        answers.push((position, answered(perform(tx, base, call)?)));
    }
    answers.sort_by_key(|(position, _)| *position);
    Ok(answers.into_iter().map(|(_, answer)| answer).collect())
}

fn turn(entry: &Value) -> u8 {
    match request_field(entry, "method") {
        Some("DELETE") => 0,
        Some("POST") => 1,
        Some("PUT") => 2,
        _ => 3,
    }
}

/// Chooses the ids of what will be created, so that entries may refer to each other.
fn names_for(tx: &Tx<'_>, base: &Base, entries: &[Value]) -> Result<Names, Refusal> {
    let mut names = Names::new();
    for entry in entries {
        let Some(name) = entry.get("fullUrl").and_then(Value::as_str).filter(|name| name.starts_with("urn:"))
        else {
            continue;
        };
        let call = call_from(base, entry)?;
        if let Interaction::Create(kind) = call.interaction {
            let there =
                call.if_none_exist.map(|condition| only_match(tx, kind, &condition)).transpose()?.flatten();
            let id = there.map_or_else(|| new_id(kind), |stored| stored.id);
            names.insert(name.to_owned(), (kind, id));
        }
    }
    Ok(names)
}

/// Replaces provisional names by real references, wherever they stand.
fn rename(value: &mut Value, names: &Names) {
    match value {
        Value::String(text) => {
            if let Some((kind, id)) = names.get(text.as_str()) {
                *text = format!("{}/{id}", kind.name());
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| rename(item, names)),
        Value::Object(fields) => fields.values_mut().for_each(|field| rename(field, names)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// A create whose id is already chosen becomes an update to that id, which creates it; unless its
/// condition has found the resource, then it stays a conditional create, which changes nothing.
fn settled(tx: &Tx<'_>, mut call: Call, entry: &Value, names: &Names) -> Result<Call, Refusal> {
    let name = entry.get("fullUrl").and_then(Value::as_str).and_then(|name| names.get(name));
    let (Interaction::Create(_), Some((kind, id))) = (&call.interaction, name) else { return Ok(call) };
    if tx.find(*kind, id)?.is_none() {
        call.interaction = Interaction::Update(*kind, id.clone());
        if let Some(fields) = call.body.as_mut().and_then(Value::as_object_mut) {
            fields.remove("id");
        }
    }
    Ok(call)
}

fn request_field<'a>(entry: &'a Value, name: &str) -> Option<&'a str> {
    entry.get("request")?.get(name)?.as_str()
}

fn call_from(base: &Base, entry: &Value) -> Result<Call, Refusal> {
    let (Some(method), Some(url)) = (request_field(entry, "method"), request_field(entry, "url")) else {
        return Err(Refusal::malformed("an entry needs request.method and request.url"));
    };
    let method = Method::from_bytes(method.as_bytes()).map_err(|_| Refusal::malformed("unknown method"))?;
    let text = |name| request_field(entry, name).map(str::to_owned);
    Ok(Call {
        interaction: Interaction::parse(&method, base.relative(url))?,
        if_match: text("ifMatch"),
        if_none_match: text("ifNoneMatch"),
        if_none_exist: request_field(entry, "ifNoneExist").map(pairs_from),
        prefer: Prefer::default(),
        body: entry.get("resource").cloned(),
    })
}

fn answered(answer: Answer) -> Value {
    let mut response = json!({"status": answer.status.to_string()});
    if let Some(fields) = response.as_object_mut() {
        let mut set = |name: &str, text: Option<String>| {
            fields.extend(text.map(|text| (name.to_owned(), Value::String(text))));
        };
        set("etag", answer.etag());
        set("lastModified", answer.updated.map(|at: Timestamp| at.to_string()));
        set("location", answer.location);
    }
    match answer.body {
        Some(body) => json!({"response": response, "resource": body}),
        None => json!({"response": response}),
    }
}

fn refused(refusal: &Refusal) -> Value {
    json!({"response": {"status": refusal.status.to_string(), "outcome": refusal.outcome()}})
}
