//! A step as a write to the EHR, and what its answer means. Which write a step becomes is decided in
//! `carry`.

use daybook_core::ids::ItemId;
use daybook_core::link::Touch;
use daybook_core::mirror::BlockContent;
use daybook_engine::ports::{RemoteError, Written};
use http::StatusCode;
use serde_json::{Value, json};

use super::revision::{revision_from_headers, revision_of};
use crate::config::Base;
use crate::http::Prepared;
use crate::instant::write_instant;
use crate::refusal::refusal;
use crate::requests::{CreateSlot, DeleteSlot, EntryAnswer, UpdateSlot};
use crate::wire::KeptSlot;

const WHAT: &str = "a block in the EHR";

/// One write.
#[derive(Clone)]
pub(super) enum Write<'a> {
    Create(CreateSlot<'a>),
    Update(UpdateSlot),
    Delete(String),
}

/// What is left to do after a write was answered.
pub(super) enum Verdict {
    Done(Result<Written, RemoteError>),
    /// One of this name stood already; it has to be looked at.
    Existed(Option<KeptSlot>),
    /// The EHR does not delete slots: it is to be marked as an error instead.
    Undeletable,
}

impl Write<'_> {
    pub(super) fn prepare(&self, base: &Base) -> Prepared {
        match self {
            Write::Create(create) => create.prepare(base),
            Write::Update(update) => update.prepare(base),
            Write::Delete(id) => DeleteSlot { id }.prepare(base),
        }
    }

    pub(super) fn prepare_entry(&self, base: &Base) -> Value {
        match self {
            Write::Create(create) => create.prepare_entry(),
            Write::Update(update) => update.prepare_entry(base),
            Write::Delete(id) => DeleteSlot { id }.prepare_entry(base),
        }
    }

    pub(super) fn judge(&self, answer: EntryAnswer) -> Verdict {
        match self {
            Write::Create(_) => judge_create(answer),
            Write::Update(update) => Verdict::Done(judge_update(&answer, &update.id)),
            Write::Delete(_) => judge_delete(&answer),
        }
    }
}

fn judge_create(answer: EntryAnswer) -> Verdict {
    match answer.status {
        StatusCode::OK | StatusCode::NOT_MODIFIED => Verdict::Existed(answer.slot),
        status if status.is_success() => match written(&answer, None) {
            Some(written) => Verdict::Done(Ok(written)),
            // It stands, and we were not told under which id.
            None => Verdict::Existed(None),
        },
        _ => Verdict::Done(Err(refused(&answer))),
    }
}

/// What is not there any more has changed since we looked.
pub(super) fn judge_update(answer: &EntryAnswer, id: &str) -> Result<Written, RemoteError> {
    match answer.status {
        StatusCode::NOT_FOUND | StatusCode::GONE => Err(conflict()),
        status if status.is_success() => Ok(written(answer, Some(id)).unwrap_or_default()),
        _ => Err(refused(answer)),
    }
}

fn judge_delete(answer: &EntryAnswer) -> Verdict {
    match answer.status {
        StatusCode::NOT_FOUND | StatusCode::GONE => Verdict::Done(Ok(Written::default())),
        status if status.is_success() => Verdict::Done(Ok(Written::default())),
        StatusCode::METHOD_NOT_ALLOWED | StatusCode::NOT_IMPLEMENTED | StatusCode::CONFLICT => {
            Verdict::Undeletable
        }
        _ if answer.codes.have(&["not-supported"]) => Verdict::Undeletable,
        _ => Verdict::Done(Err(refused(answer))),
    }
}

fn refused(answer: &EntryAnswer) -> RemoteError {
    refusal(WHAT, answer.status, &answer.codes, answer.retry_after)
}

pub(super) fn conflict() -> RemoteError {
    RemoteError::Conflict { what: WHAT.to_owned() }
}

/// How it stands now. `None` where nobody tells its id.
fn written(answer: &EntryAnswer, id: Option<&str>) -> Option<Written> {
    if let Some(kept) = answer.slot.as_ref().filter(|kept| kept.slot.id.is_some()) {
        return Some(standing(kept));
    }
    let id = id.or_else(|| id_in(answer.location.as_deref()?))?;
    let revision = revision_from_headers(answer.etag.as_deref(), answer.last_modified.as_deref());
    Some(Written { remote: Some(ItemId::from(id)), revision, touch: Some(Touch::OursAlone) })
}

pub(super) fn standing(kept: &KeptSlot) -> Written {
    Written {
        remote: kept.slot.id.as_deref().map(ItemId::from),
        revision: Some(revision_of(kept)),
        touch: Some(touch_of(&kept.raw)),
    }
}

/// `https://ehr.example/fhir/Slot/slot-9/_history/1` is slot-9.
fn id_in(location: &str) -> Option<&str> {
    let path = location.split_once("/_history").map_or(location, |(path, _)| path);
    let (before, id) = path.rsplit_once('/')?;
    ((before == "Slot" || before.ends_with("/Slot")) && !id.is_empty()).then_some(id)
}

/// What we write; anything beyond it somebody else has added.
const OURS: [&str; 9] =
    ["resourceType", "id", "meta", "identifier", "schedule", "status", "start", "end", "comment"];

fn touch_of(raw: &Value) -> Touch {
    let mut names = raw.as_object().into_iter().flat_map(|fields| fields.keys());
    if names.all(|name| OURS.contains(&name.as_str())) { Touch::OursAlone } else { Touch::Decorated }
}

/// The slot as it is, at another time. Everything that we do not know stays.
pub(super) fn moved(kept: &KeptSlot, block: BlockContent) -> Value {
    let mut raw = kept.raw.clone();
    if let Some(fields) = raw.as_object_mut() {
        fields.insert("status".to_owned(), json!("busy-unavailable"));
        fields.insert("start".to_owned(), json!(write_instant(block.interval.start())));
        fields.insert("end".to_owned(), json!(write_instant(block.interval.end())));
    }
    raw
}

/// The slot as one that should never have been, for an EHR that deletes nothing.
pub(super) fn withdrawn(kept: &KeptSlot) -> Value {
    let mut raw = kept.raw.clone();
    if let Some(fields) = raw.as_object_mut() {
        fields.insert("status".to_owned(), json!("entered-in-error"));
    }
    raw
}

/// The whole of a block, as a body for a slot that exists.
pub(super) fn rewritten(create: &CreateSlot<'_>, id: &str) -> Value {
    let mut body = create.body();
    if let Some(fields) = body.as_object_mut() {
        fields.insert("id".to_owned(), json!(id));
    }
    body
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use super::*;

    #[test]
    fn ids_from_locations() {
        for (location, id) in [
            ("https://ehr.example/fhir/Slot/slot-9/_history/1", Some("slot-9")),
            ("Slot/slot-9", Some("slot-9")),
            ("/fhir/Slot/slot-9", Some("slot-9")),
            ("https://ehr.example/fhir/Slot/", None),
            ("https://ehr.example/fhir/Appointment/7", None),
            ("slot-9", None),
        ] {
            assert_eq!(id_in(location), id, "{location}");
        }
    }

    #[test]
    fn what_others_added_survives_a_move() {
        let kept: KeptSlot = serde_json::from_str(
            r#"{"resourceType":"Slot","id":"s","status":"free","start":"a","end":"b","overbooked":false,"extension":[{"url":"u"}]}"#,
        )
        .unwrap();
        let at = |text: &str| text.parse().unwrap();
        let interval =
            daybook_core::time::Interval::between(at("2026-10-27T17:30:00Z"), at("2026-10-27T18:15:00Z"));
        let body = moved(&kept, BlockContent { interval });
        let expected = r#"{"resourceType":"Slot","id":"s","status":"busy-unavailable","start":"2026-10-27T17:30:00Z","end":"2026-10-27T18:15:00Z","overbooked":false,"extension":[{"url":"u"}]}"#;
        assert_eq!(body, serde_json::from_str::<Value>(expected).unwrap());
        assert_eq!(touch_of(&body), Touch::Decorated);
        assert_eq!(withdrawn(&kept)["status"], "entered-in-error");
    }
}
