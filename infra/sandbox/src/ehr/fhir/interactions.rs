//! Read, create, update, delete: one small function each, inside the caller's transaction. Searching is
//! `searchset`, several at once is `batch`.

use axum::http::StatusCode;
use serde_json::Value;

use super::call::{Answer, Base, Call, Interaction, Pairs, Return};
use super::metadata::capabilities;
use super::outcome::Refusal;
use super::query::Query;
use super::{searchset, validate};
use crate::ehr::kind::Kind;
use crate::ehr::store::{Order, Stored, Tx, random_hex};

/// Does one interaction other than a bundle.
pub(super) fn perform(tx: &Tx<'_>, base: &Base, mut call: Call) -> Result<Answer, Refusal> {
    let body = call.body.take();
    match call.interaction.clone() {
        Interaction::Capabilities => Ok(Answer::plain(StatusCode::OK, Some(capabilities(base)))),
        Interaction::Bundle => Err(Refusal::malformed("a bundle cannot hold a bundle")),
        Interaction::Search(kind, pairs) => searchset::search(tx, base, kind, &pairs, call.prefer.handling),
        Interaction::Read(kind, id) => read(tx, kind, &id, call.if_none_match.as_deref()),
        Interaction::ReadVersion(kind, id, version) => read_version(tx, kind, &id, &version),
        Interaction::Create(kind) => create(tx, base, kind, &call, body),
        Interaction::Update(kind, id) => update(tx, base, kind, &id, &call, body),
        Interaction::UpdateWhere(kind, pairs) => update_where(tx, base, kind, &pairs, &call, body),
        Interaction::Delete(kind, id) => delete(tx, kind, &id, call.if_match.as_deref()),
        Interaction::DeleteWhere(kind, pairs) => delete_where(tx, kind, &pairs),
    }
}

fn read(tx: &Tx<'_>, kind: Kind, id: &str, if_none_match: Option<&str>) -> Result<Answer, Refusal> {
    let stored = existing(tx, kind, id)?;
    let unchanged = if_none_match.is_some_and(|tags| names_version(tags, stored.version));
    let mut answer = answer_with(StatusCode::OK, stored);
    if unchanged {
        answer.status = StatusCode::NOT_MODIFIED;
        answer.body = None;
    }
    Ok(answer)
}

/// Only the newest version is kept, so only that one can be read by number.
fn read_version(tx: &Tx<'_>, kind: Kind, id: &str, version: &str) -> Result<Answer, Refusal> {
    let stored = existing(tx, kind, id)?;
    if stored.version.to_string() != version {
        return Err(Refusal::not_found(format!("version {version} of {}/{id} is not kept", kind.name())));
    }
    Ok(answer_with(StatusCode::OK, stored))
}

fn create(tx: &Tx<'_>, base: &Base, kind: Kind, call: &Call, body: Option<Value>) -> Result<Answer, Refusal> {
    let body = validate::resource(kind, body)?;
    if let Some(condition) = &call.if_none_exist
        && let Some(stored) = only_match(tx, kind, condition)?
    {
        return Ok(located(base, kind, answer_with(StatusCode::OK, stored)));
    }
    create_as(tx, base, kind, &new_id(kind), call, body)
}

/// An id that nothing has yet.
pub(super) fn new_id(kind: Kind) -> String {
    format!("{}-{}", kind.id_prefix(), random_hex())
}

fn create_as(
    tx: &Tx<'_>,
    base: &Base,
    kind: Kind,
    id: &str,
    call: &Call,
    body: Value,
) -> Result<Answer, Refusal> {
    let stored = tx.put(kind, id, body)?;
    Ok(as_preferred(call, located(base, kind, answer_with(StatusCode::CREATED, stored))))
}

fn update(
    tx: &Tx<'_>,
    base: &Base,
    kind: Kind,
    id: &str,
    call: &Call,
    body: Option<Value>,
) -> Result<Answer, Refusal> {
    let body = validate::resource(kind, body)?;
    if body.get("id").is_some_and(|own| own != id) {
        return Err(Refusal::malformed("the resource's id is not the one in the address"));
    }
    let before = tx.find(kind, id)?.filter(|stored| stored.body.is_some());
    check_if_match(kind, id, before.as_ref(), call.if_match.as_deref())?;
    if before.is_none() {
        return create_as(tx, base, kind, id, call, body);
    }
    let stored = tx.put(kind, id, body)?;
    Ok(as_preferred(call, answer_with(StatusCode::OK, stored)))
}

fn update_where(
    tx: &Tx<'_>,
    base: &Base,
    kind: Kind,
    condition: &Pairs,
    call: &Call,
    body: Option<Value>,
) -> Result<Answer, Refusal> {
    if let Some(stored) = only_match(tx, kind, condition)? {
        return update(tx, base, kind, &stored.id, call, body);
    }
    let named = body.as_ref().and_then(|body| body.get("id")?.as_str().map(str::to_owned));
    match named {
        Some(id) => update(tx, base, kind, &id, call, body),
        None => create_as(tx, base, kind, &new_id(kind), call, validate::resource(kind, body)?),
    }
}

/// Deleting what is not there is a success: the client has what it wanted.
fn delete(tx: &Tx<'_>, kind: Kind, id: &str, if_match: Option<&str>) -> Result<Answer, Refusal> {
    let before = tx.find(kind, id)?.filter(|stored| stored.body.is_some());
    check_if_match(kind, id, before.as_ref(), if_match)?;
    if let Some(stored) = before {
        tx.delete(kind, &stored)?;
    }
    Ok(Answer::plain(StatusCode::NO_CONTENT, None))
}

fn delete_where(tx: &Tx<'_>, kind: Kind, condition: &Pairs) -> Result<Answer, Refusal> {
    if let Some(stored) = only_match(tx, kind, condition)? {
        tx.delete(kind, &stored)?;
    }
    Ok(Answer::plain(StatusCode::NO_CONTENT, None))
}

fn existing(tx: &Tx<'_>, kind: Kind, id: &str) -> Result<Stored, Refusal> {
    let name = format!("{}/{id}", kind.name());
    let stored = tx.find(kind, id)?.ok_or_else(|| Refusal::not_found(format!("{name} is not known")))?;
    if stored.body.is_none() {
        return Err(Refusal::new(StatusCode::GONE, "deleted", format!("{name} was deleted")));
    }
    Ok(stored)
}

/// The one resource that meets a condition; several are refused, as is a condition that says nothing.
pub(super) fn only_match(tx: &Tx<'_>, kind: Kind, condition: &Pairs) -> Result<Option<Stored>, Refusal> {
    let query = Query::parse(tx, kind, condition, super::Handling::Strict)?;
    if query.clauses.is_empty() {
        return Err(Refusal::malformed("a condition needs at least one search parameter"));
    }
    let mut found = tx.list(kind, &query.clauses, Order::Id, None, 2)?;
    match (found.pop(), found.pop()) {
        (Some(_), Some(_)) => Err(Refusal::several(kind.name())),
        (only, _) => Ok(only.map(|(_, stored)| stored)),
    }
}

fn check_if_match(kind: Kind, id: &str, before: Option<&Stored>, tags: Option<&str>) -> Result<(), Refusal> {
    let Some(tags) = tags else { return Ok(()) };
    match before {
        None => Err(Refusal::conflict(format!("{}/{id} does not exist", kind.name()))),
        Some(stored) if names_version(tags, stored.version) => Ok(()),
        Some(stored) => {
            let version = stored.version;
            Err(Refusal::conflict(format!(
                "{}/{id} is at version {version}, the request was for another",
                kind.name()
            )))
        }
    }
}

/// Does a list of entity tags (`W/"3"`, `"3"` or `*`) name this version?
fn names_version(tags: &str, version: i64) -> bool {
    let version = version.to_string();
    let bare = |tag: &str| {
        let tag = tag.trim();
        tag.strip_prefix("W/").unwrap_or(tag).trim_matches('"').to_owned()
    };
    tags.split(',').map(bare).any(|tag| tag == "*" || tag == version)
}

fn answer_with(status: StatusCode, stored: Stored) -> Answer {
    Answer {
        status,
        version: Some(stored.version),
        updated: Some(stored.updated),
        location: None,
        body: stored.body,
    }
}

fn located(base: &Base, kind: Kind, mut answer: Answer) -> Answer {
    let id = answer.body.as_ref().and_then(|body| body.get("id")?.as_str());
    let version = answer.version.unwrap_or(1);
    answer.location = id.map(|id| format!("{}/_history/{version}", base.of(kind, id)));
    answer
}

fn as_preferred(call: &Call, mut answer: Answer) -> Answer {
    if call.prefer.returns == Return::Minimal {
        answer.body = None;
    }
    answer
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use super::names_version;

    #[test]
    fn entity_tags_are_compared_by_version() {
        for (tags, named) in [
            (r#"W/"3""#, true),
            (r#""3""#, true),
            ("*", true),
            (r#"W/"2", W/"3""#, true),
            (r#"W/"33""#, false),
        ] {
            assert_eq!(names_version(tags, 3), named, "{tags}");
        }
    }
}
