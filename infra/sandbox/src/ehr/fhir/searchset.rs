//! Answers a search with a bundle: one page, its links, what was asked to be included. Understanding the
//! search is `query`.

use std::collections::BTreeSet;

use axum::http::StatusCode;
use serde_json::{Map, Value, json};
use url::form_urlencoded::Serializer;

use super::call::{Answer, Base, Handling, Pairs};
use super::outcome::Refusal;
use super::query::{Query, Total, write_page};
use crate::ehr::kind::Kind;
use crate::ehr::params::terms;
use crate::ehr::store::{Bookmark, Stored, Tx};

pub(super) fn search(
    tx: &Tx<'_>,
    base: &Base,
    kind: Kind,
    pairs: &Pairs,
    handling: Handling,
) -> Result<Answer, Refusal> {
    let query = Query::parse(tx, kind, pairs, handling)?;
    let (found, next) = page_of(tx, kind, &query)?;
    let included = included(tx, kind, &query, &found)?;
    let mut bundle =
        json!({"resourceType": "Bundle", "type": "searchset", "link": links(base, kind, &query, next)});
    let own = found.into_iter().map(|body| entry(base, kind, &trimmed(kind, body, &query.elements), "match"));
    let others = included.into_iter().map(|(kind, body)| entry(base, kind, &body, "include"));
    let entries: Vec<Value> = own.chain(others).collect();
    if let Some(fields) = bundle.as_object_mut() {
        if query.total == Total::Accurate {
            fields.insert("total".to_owned(), json!(tx.count(kind, &query.clauses)?));
        }
        // FHIR allows no empty lists.
        if !entries.is_empty() {
            fields.insert("entry".to_owned(), Value::Array(entries));
        }
    }
    Ok(Answer::plain(StatusCode::OK, Some(bundle)))
}

/// The page's resources, and where the next page begins if there is one.
fn page_of(tx: &Tx<'_>, kind: Kind, query: &Query) -> Result<(Vec<Value>, Option<Bookmark>), Refusal> {
    if query.count == 0 {
        return Ok((Vec::new(), None));
    }
    let mut found = tx.list(kind, &query.clauses, query.order, query.after.as_ref(), query.count + 1)?;
    let is_more = found.len() > query.count;
    found.truncate(query.count);
    let next = found.last().filter(|_| is_more).map(|(bookmark, _)| bookmark.clone());
    Ok((found.into_iter().filter_map(|(_, Stored { body, .. })| body).collect(), next))
}

fn links(base: &Base, kind: Kind, query: &Query, next: Option<Bookmark>) -> Value {
    let link = |relation: &str, page: Option<String>| {
        let mut pairs = Serializer::new(String::new());
        pairs.extend_pairs(&query.used);
        if let Some(page) = page {
            pairs.append_pair("_page", &page);
        }
        let pairs = pairs.finish();
        let mark = if pairs.is_empty() { "" } else { "?" };
        json!({"relation": relation, "url": format!("{}/{}{mark}{pairs}", base.as_str(), kind.name())})
    };
    let own = link("self", query.after.as_ref().map(write_page));
    let next = next.map(|bookmark| link("next", Some(write_page(&bookmark))));
    Value::Array([Some(own), next].into_iter().flatten().collect())
}

fn included(tx: &Tx<'_>, kind: Kind, query: &Query, found: &[Value]) -> Result<Vec<(Kind, Value)>, Refusal> {
    let wanted: BTreeSet<(Kind, String)> = found
        .iter()
        .flat_map(|body| terms(kind, body))
        .filter(|term| query.includes.contains(&term.param))
        .filter_map(|term| Some((Kind::from_name(&term.system)?, term.value)))
        .collect();
    let mut included = Vec::new();
    for (kind, id) in wanted {
        let stored = tx.find(kind, &id)?;
        included.extend(stored.and_then(|stored| stored.body).map(|body| (kind, body)));
    }
    Ok(included)
}

fn entry(base: &Base, kind: Kind, body: &Value, mode: &str) -> Value {
    let id = body.get("id").and_then(Value::as_str).unwrap_or_default();
    json!({"fullUrl": base.of(kind, id), "search": {"mode": mode}, "resource": body})
}

/// Keeps what was asked for and what R4 requires, and says that this is not the whole.
fn trimmed(kind: Kind, body: Value, elements: &[String]) -> Value {
    let Value::Object(fields) = body else { return body };
    if elements.is_empty() {
        return Value::Object(fields);
    }
    let always = ["resourceType", "id", "meta"];
    let keeps = |name: &String| {
        always.contains(&name.as_str()) || kind.required().contains(&name.as_str()) || elements.contains(name)
    };
    let mut kept: Map<String, Value> = fields.into_iter().filter(|(name, _)| keeps(name)).collect();
    let meta = kept.entry("meta").or_insert_with(|| json!({}));
    if let Some(meta) = meta.as_object_mut() {
        let tags = meta.entry("tag").or_insert_with(|| json!([]));
        if let Some(tags) = tags.as_array_mut() {
            tags.push(json!({"system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue", "code": "SUBSETTED"}));
        }
    }
    Value::Object(kept)
}
