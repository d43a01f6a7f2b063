//! Several writes in one request. A batch, not a transaction: one bad entry does not stop the rest.

use daybook_engine::ports::RemoteError;
use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::config::Base;
use crate::http::{Answer, Prepared, unintelligible};
use crate::refusal::Codes;
use crate::wire::{Bundle, EntryResponse, KeptSlot, Read};

const WHAT: &str = "blocks in the EHR";

pub(crate) struct PostBatch {
    pub(crate) entries: Vec<Value>,
}

impl PostBatch {
    pub(crate) fn prepare(self, base: &Base) -> Prepared {
        Prepared::new(WHAT, Method::POST, base.root())
            .with_header("prefer", "return=representation")
            .with_body(json!({"resourceType": "Bundle", "type": "batch", "entry": self.entries}))
    }
}

/// What one write came to, alone or in a batch.
#[derive(Clone)]
pub(crate) struct EntryAnswer {
    pub(crate) status: StatusCode,
    pub(crate) codes: Codes,
    pub(crate) retry_after: Option<std::time::Duration>,
    pub(crate) slot: Option<KeptSlot>,
    pub(crate) etag: Option<String>,
    pub(crate) location: Option<String>,
    pub(crate) last_modified: Option<String>,
}

impl EntryAnswer {
    /// The answer to a write of its own.
    pub(crate) fn from_answer(answer: &Answer) -> Self {
        let slot: Option<KeptSlot> = answer.find_json();
        Self {
            status: answer.status(),
            codes: answer.codes(),
            retry_after: answer.retry_after(),
            slot: slot.filter(is_slot),
            etag: answer.etag().map(str::to_owned),
            location: answer.location().map(str::to_owned),
            last_modified: None,
        }
    }
}

/// One answer for each of the `count` entries, in order.
pub(crate) fn parse_batch(answer: Answer, count: usize) -> Result<Vec<EntryAnswer>, RemoteError> {
    let bundle: Bundle<Read<KeptSlot>> = answer.accepted()?.json()?;
    let entries = bundle.entry.unwrap_or_default();
    if entries.len() != count {
        return Err(unintelligible(WHAT, "a batch answer of another length"));
    }
    let read = |entry: Option<crate::wire::Entry<Read<KeptSlot>>>| {
        let entry = entry?;
        let slot = match entry.resource {
            Some(Read::Understood(slot)) => Some(slot),
            _ => None,
        };
        entry_answer(entry.response?, slot)
    };
    let answers: Option<Vec<EntryAnswer>> = entries.into_iter().map(read).collect();
    answers.ok_or_else(|| unintelligible(WHAT, "a batch answer without statuses"))
}

fn entry_answer(response: EntryResponse, slot: Option<KeptSlot>) -> Option<EntryAnswer> {
    let number = response.status.as_deref()?.split_whitespace().next()?.parse().ok()?;
    Some(EntryAnswer {
        status: StatusCode::from_u16(number).ok()?,
        codes: response.outcome.as_ref().map(Codes::from_outcome).unwrap_or_default(),
        retry_after: None,
        slot: slot.filter(is_slot),
        etag: response.etag,
        location: response.location,
        last_modified: response.last_modified,
    })
}

fn is_slot(kept: &KeptSlot) -> bool {
    kept.slot.resource_type.as_deref() == Some("Slot")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use super::*;

    #[test]
    fn a_batch_goes_to_the_base() {
        let base = Base::parse("https://ehr.example/fhir/").unwrap();
        let request = PostBatch { entries: vec![json!({"request": {"method": "DELETE", "url": "Slot/1"}})] }
            .prepare(&base);
        assert_eq!(request.method, "POST");
        assert_eq!(request.url.as_str(), "https://ehr.example/fhir");
        let expected = r#"{"resourceType":"Bundle","type":"batch","entry":[{"request":{"method":"DELETE","url":"Slot/1"}}]}"#;
        assert_eq!(request.body.unwrap(), serde_json::from_str::<Value>(expected).unwrap());
    }

    #[test]
    fn each_entry_has_its_own_fate() {
        let body = r#"{"resourceType":"Bundle","type":"batch-response","entry":[
            {"response":{"status":"201 Created","etag":"W/\"1\"","location":"Slot/slot-9/_history/1","lastModified":"2026-10-12T13:05:11Z"}},
            {"response":{"status":"412","outcome":{"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"conflict","diagnostics":"Jane"}]}}},
            {"resource":{"resourceType":"Slot","id":"slot-1"},"response":{"status":"200 OK"}}]}"#;
        let answers = parse_batch(Answer::of(200, &[], body), 3).unwrap();
        assert_eq!(answers[0].status, StatusCode::CREATED);
        assert_eq!(answers[0].location.as_deref(), Some("Slot/slot-9/_history/1"));
        assert!(answers[1].codes.have(&["conflict"]));
        assert_eq!(answers[2].slot.as_ref().unwrap().slot.id.as_deref(), Some("slot-1"));
        assert!(parse_batch(Answer::of(200, &[], body), 2).is_err());
        assert!(parse_batch(Answer::of(200, &[], r#"{"resourceType":"Bundle","entry":[{}]}"#), 1).is_err());
        assert!(matches!(parse_batch(Answer::of(422, &[], ""), 1), Err(RemoteError::Rejected { .. })));
    }
}
