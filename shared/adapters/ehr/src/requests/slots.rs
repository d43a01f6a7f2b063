//! Our busy blocks: slots that carry our identifier. A slot is never written `free`: to an EHR that is an
//! offer of time.

use daybook_core::ids::ScheduleId;
use daybook_core::mirror::{BlockContent, MirrorId};
use daybook_core::time::Interval;
use http::Method;
use serde_json::{Value, json};

use crate::config::{Base, joined};
use crate::http::Prepared;
use crate::instant::{before, write_instant};

const KIND: &str = "Slot";
const WHAT: &str = "a block in the EHR";
const WHAT_ALL: &str = "our blocks in the EHR";
/// Marks a slot as ours; its value is the mirror's name.
pub(crate) const BLOCK_SYSTEM: &str = "urn:daybook:block";
const TAG_SYSTEM: &str = "urn:daybook:tag";
/// Slots are searched by their start; a block may have begun so long before the window.
const LONGEST_BLOCK_S: i64 = 31 * 24 * 3600;

/// Our blocks in a schedule that may overlap a window.
pub(crate) struct SearchSlots<'a> {
    pub(crate) schedule: &'a ScheduleId,
    pub(crate) within: Interval,
}

impl SearchSlots<'_> {
    pub(crate) fn prepare(&self, base: &Base) -> Prepared {
        let schedule = joined([format!("Schedule/{}", self.schedule).as_str()]);
        let from = format!("ge{}", write_instant(before(self.within.start(), LONGEST_BLOCK_S)));
        let to = format!("lt{}", write_instant(self.within.end()));
        let identifier = format!("{BLOCK_SYSTEM}|");
        let query = [
            ("schedule", schedule.as_str()),
            ("start", from.as_str()),
            ("start", to.as_str()),
            ("status", "busy-unavailable"),
            ("identifier", identifier.as_str()),
            ("_count", "100"),
        ];
        Prepared::get(WHAT_ALL, base.search(KIND, &query))
    }
}

/// Blocks by the names that we gave.
pub(crate) struct SearchSlotsByMirror<'a> {
    pub(crate) mirrors: &'a [&'a MirrorId],
}

impl SearchSlotsByMirror<'_> {
    pub(crate) fn prepare(&self, base: &Base) -> Prepared {
        let names: Vec<String> =
            self.mirrors.iter().map(|mirror| format!("{BLOCK_SYSTEM}|{mirror}")).collect();
        let query = [("identifier", names.join(",")), ("_count", "100".to_owned())];
        let query: Vec<(&str, &str)> = query.iter().map(|(name, value)| (*name, value.as_str())).collect();
        Prepared::get(WHAT_ALL, base.search(KIND, &query))
    }
}

/// Blocks by the ids that the EHR gave.
pub(crate) struct SearchSlotsById<'a> {
    pub(crate) ids: &'a [&'a str],
}

impl SearchSlotsById<'_> {
    pub(crate) fn prepare(&self, base: &Base) -> Prepared {
        let (ids, count) = (joined(self.ids.iter().copied()), self.ids.len().to_string());
        Prepared::get(WHAT_ALL, base.search(KIND, &[("_id", &ids), ("_count", &count)]))
    }
}

pub(crate) struct GetSlot<'a> {
    pub(crate) id: &'a str,
}

impl GetSlot<'_> {
    pub(crate) fn prepare(&self, base: &Base) -> Prepared {
        Prepared::get(WHAT, base.item(KIND, self.id))
    }
}

/// Makes a block unless one of its name stands.
#[derive(Clone)]
pub(crate) struct CreateSlot<'a> {
    pub(crate) schedule: &'a ScheduleId,
    pub(crate) mirror: &'a MirrorId,
    pub(crate) block: BlockContent,
}

impl CreateSlot<'_> {
    pub(crate) fn prepare(&self, base: &Base) -> Prepared {
        Prepared::new(WHAT, Method::POST, base.kind(KIND))
            .with_header("if-none-exist", self.condition())
            .with_header("prefer", "return=representation")
            .with_body(self.body())
    }

    pub(crate) fn prepare_entry(&self) -> Value {
        let request = json!({"method": "POST", "url": KIND, "ifNoneExist": self.condition()});
        json!({"resource": self.body(), "request": request})
    }

    fn condition(&self) -> String {
        format!("identifier={BLOCK_SYSTEM}|{}", self.mirror)
    }

    /// The whole of what we say: when, and that something outside is the reason.
    pub(crate) fn body(&self) -> Value {
        json!({
            "resourceType": "Slot",
            "meta": {"tag": [{"system": TAG_SYSTEM, "code": "external-busy"}]},
            "identifier": [{"system": BLOCK_SYSTEM, "value": self.mirror.as_str()}],
            "schedule": {"reference": format!("Schedule/{}", self.schedule)},
            "status": "busy-unavailable",
            "start": write_instant(self.block.interval.start()),
            "end": write_instant(self.block.interval.end()),
            "comment": "External calendar",
        })
    }
}

/// Writes a block over, on the condition that it is still at a version.
#[derive(Clone)]
pub(crate) struct UpdateSlot {
    pub(crate) id: String,
    pub(crate) version: Option<String>,
    pub(crate) body: Value,
}

impl UpdateSlot {
    pub(crate) fn prepare(&self, base: &Base) -> Prepared {
        let request = Prepared::new(WHAT, Method::PUT, base.item(KIND, &self.id))
            .with_header("prefer", "return=representation")
            .with_body(self.body.clone());
        match self.etag() {
            Some(etag) => request.with_header("if-match", etag),
            None => request,
        }
    }

    pub(crate) fn prepare_entry(&self, base: &Base) -> Value {
        let mut request = json!({"method": "PUT", "url": base.relative_item(KIND, &self.id)});
        if let (Some(etag), Some(fields)) = (self.etag(), request.as_object_mut()) {
            fields.insert("ifMatch".to_owned(), Value::String(etag));
        }
        json!({"resource": self.body, "request": request})
    }

    fn etag(&self) -> Option<String> {
        self.version.as_ref().map(|version| format!("W/\"{version}\""))
    }
}

pub(crate) struct DeleteSlot<'a> {
    pub(crate) id: &'a str,
}

impl DeleteSlot<'_> {
    pub(crate) fn prepare(&self, base: &Base) -> Prepared {
        Prepared::new(WHAT, Method::DELETE, base.item(KIND, self.id))
    }

    pub(crate) fn prepare_entry(&self, base: &Base) -> Value {
        json!({"request": {"method": "DELETE", "url": base.relative_item(KIND, self.id)}})
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use super::*;

    const NAME: &str = "db10123456789abcdefghijklmnopqrstuv01234567";

    fn base() -> Base {
        Base::parse("https://ehr.example/fhir").unwrap()
    }

    fn block() -> BlockContent {
        let at = |text: &str| text.parse().unwrap();
        BlockContent {
            interval: Interval::new(at("2026-10-27T17:30:00Z"), at("2026-10-27T18:15:00.5Z")).unwrap(),
        }
    }

    fn text(request: &Prepared) -> String {
        let headers = request.headers.iter().map(|(name, value)| format!("{name}: {value}\n"));
        let head = format!("{} {}\n{}", request.method, request.url, headers.collect::<String>());
        request.body.iter().fold(head, |head, body| format!("{head}\n{body}"))
    }

    fn expected_body() -> Value {
        serde_json::from_str(&format!(
            r#"{{"resourceType":"Slot","meta":{{"tag":[{{"system":"urn:daybook:tag","code":"external-busy"}}]}},
            "identifier":[{{"system":"urn:daybook:block","value":"{NAME}"}}],
            "schedule":{{"reference":"Schedule/sch-12"}},"status":"busy-unavailable",
            "start":"2026-10-27T17:30:00Z","end":"2026-10-27T18:15:00Z","comment":"External calendar"}}"#
        ))
        .unwrap()
    }

    #[test]
    fn literal_reads() {
        let mirror = MirrorId::parse(NAME).unwrap();
        let within = block().interval;
        for (request, expected) in [
            (
                SearchSlots { schedule: &"sch-12".into(), within }.prepare(&base()),
                "Slot?schedule=Schedule%2Fsch-12&start=ge2026-09-26T17%3A30%3A00Z&start=lt2026-10-27T18%3A15%3A00Z\
                 &status=busy-unavailable&identifier=urn%3Adaybook%3Ablock%7C&_count=100"
                    .to_owned(),
            ),
            (
                SearchSlotsByMirror { mirrors: &[&mirror, &mirror] }.prepare(&base()),
                format!(
                    "Slot?identifier=urn%3Adaybook%3Ablock%7C{NAME}%2Curn%3Adaybook%3Ablock%7C{NAME}&_count=100"
                ),
            ),
            (
                SearchSlotsById { ids: &["slot-1", "slot-2"] }.prepare(&base()),
                "Slot?_id=slot-1%2Cslot-2&_count=2".to_owned(),
            ),
            (GetSlot { id: "slot-200" }.prepare(&base()), "Slot/slot-200".to_owned()),
        ] {
            assert_eq!(text(&request), format!("GET https://ehr.example/fhir/{expected}\n"));
        }
    }

    #[test]
    fn literal_writes() {
        let mirror = MirrorId::parse(NAME).unwrap();
        let create = CreateSlot { schedule: &"sch-12".into(), mirror: &mirror, block: block() };
        assert_eq!(create.body(), expected_body());
        let body = expected_body();
        let update = UpdateSlot { id: "slot-200".into(), version: Some("3".into()), body: body.clone() };
        for (request, expected) in [
            (
                create.prepare(&base()),
                format!(
                    "POST https://ehr.example/fhir/Slot\nif-none-exist: identifier=urn:daybook:block|{NAME}\n\
                     prefer: return=representation\n\n{body}"
                ),
            ),
            (
                update.prepare(&base()),
                format!(
                    "PUT https://ehr.example/fhir/Slot/slot-200\nprefer: return=representation\n\
                     if-match: W/\"3\"\n\n{body}"
                ),
            ),
            (
                UpdateSlot { version: None, ..update.clone() }.prepare(&base()),
                format!(
                    "PUT https://ehr.example/fhir/Slot/slot-200\nprefer: return=representation\n\n{body}"
                ),
            ),
            (
                DeleteSlot { id: "slot-200" }.prepare(&base()),
                "DELETE https://ehr.example/fhir/Slot/slot-200\n".to_owned(),
            ),
        ] {
            assert_eq!(text(&request), expected);
            assert!(!text(&request).contains("free"));
        }
    }
}
