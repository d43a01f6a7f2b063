//! What a slot of ours says. Pure.

use daybook_core::ids::{ItemId, Revision, ScheduleId};
use daybook_core::mirror::{BlockContent, Content, MirrorId};
use daybook_core::time::Interval;
use daybook_engine::ports::MirrorSighting;
use jiff::Timestamp;
use std::sync::LazyLock;

use crate::config::Base;
use crate::instant::parse_instant;
use crate::reference::id_of;
use crate::requests::BLOCK_SYSTEM;
use crate::wire::{Slot, SlotStatus};

/// Stands for a time that cannot be read: no block that we want has it, so it will be written over.
pub(super) static UNREADABLE: LazyLock<Interval> =
    LazyLock::new(|| Interval::between(Timestamp::UNIX_EPOCH, Timestamp::UNIX_EPOCH));

/// The name that we gave.
pub(super) fn mirror_of(slot: &Slot) -> Option<MirrorId> {
    let ours = slot
        .identifier
        .iter()
        .flatten()
        .filter(|identifier| identifier.system.as_deref() == Some(BLOCK_SYSTEM));
    ours.filter_map(|identifier| identifier.value.as_deref()).find_map(MirrorId::parse)
}

pub(super) fn is_in(base: &Base, slot: &Slot, schedule: &ScheduleId) -> bool {
    id_of(base, "Schedule", slot.schedule.as_ref()) == Some(schedule.as_str())
}

/// A slot that is free, or that should never have been, closes no time.
pub(super) fn blocks_time(slot: &Slot) -> bool {
    !matches!(slot.status, Some(SlotStatus::Free | SlotStatus::EnteredInError))
}

/// Of several of the same name the first in this order stays: one that blocks, then the lowest id. Numbers
/// in ids count as numbers.
pub(super) fn rank(slot: &Slot) -> (bool, usize, &str) {
    let id = slot.id.as_deref().unwrap_or_default();
    (!blocks_time(slot), id.len(), id)
}

pub(super) fn sighting(mirror: MirrorId, slot: &Slot, revision: Revision) -> MirrorSighting {
    let content = blocks_time(slot).then(|| Content::Block(block_of(slot)));
    MirrorSighting { mirror, remote: slot.id.as_deref().map(ItemId::from), revision: Some(revision), content }
}

/// Nothing stands under this name.
pub(super) fn absent(mirror: MirrorId) -> MirrorSighting {
    MirrorSighting { mirror, remote: None, revision: None, content: None }
}

pub(super) fn block_of(slot: &Slot) -> BlockContent {
    let read = |text: &Option<String>| text.as_deref().and_then(parse_instant);
    let interval = read(&slot.start).zip(read(&slot.end)).and_then(|(start, end)| Interval::new(start, end));
    BlockContent { interval: interval.unwrap_or(*UNREADABLE) }
}

/// Whether a slot closes exactly this time, by whole seconds, which is how we write.
pub(super) fn holds(slot: &Slot, block: BlockContent) -> bool {
    let seconds = |interval: Interval| (interval.start().as_second(), interval.end().as_second());
    blocks_time(slot) && seconds(block_of(slot).interval) == seconds(block.interval)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use super::*;

    fn slot(json: &str) -> Slot {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn slots_by_status() {
        for (status, blocks) in [
            (r#","status":"busy-unavailable""#, true),
            (r#","status":"busy""#, true),
            (r#","status":"busy-tentative""#, true),
            (r#","status":"blocked""#, true),
            ("", true),
            (r#","status":"free""#, false),
            (r#","status":"entered-in-error""#, false),
        ] {
            assert_eq!(blocks_time(&slot(&format!(r#"{{"id":"s"{status}}}"#))), blocks, "{status}");
        }
    }

    #[test]
    fn the_lowest_id_that_blocks_stays() {
        let slots = [
            slot(r#"{"id":"10","status":"busy-unavailable"}"#),
            slot(r#"{"id":"9","status":"busy-unavailable"}"#),
            slot(r#"{"id":"1","status":"entered-in-error"}"#),
        ];
        let first = slots.iter().min_by_key(|slot| rank(slot)).unwrap();
        assert_eq!(first.id.as_deref(), Some("9"));
    }

    #[test]
    fn an_unreadable_time_is_no_time_that_we_want() {
        for times in [
            "",
            r#","start":"x","end":"y""#,
            r#","start":"2026-10-27T18:00:00Z","end":"2026-10-27T17:00:00Z""#,
        ] {
            assert_eq!(block_of(&slot(&format!(r#"{{"id":"s"{times}}}"#))).interval, *UNREADABLE, "{times}");
        }
    }

    #[test]
    fn only_our_names_are_ours() {
        let name = "db10123456789abcdefghijklmnopqrstuv01234567";
        for (system, value, ours) in [
            ("urn:daybook:block", name, true),
            ("urn:daybook:block", "db1short", false),
            ("https://ehr.example/slot", name, false),
        ] {
            let slot = slot(&format!(
                r#"{{"id":"s","identifier":[{{"value":"0"}},{{"system":"{system}","value":"{value}"}}]}}"#
            ));
            assert_eq!(mirror_of(&slot).is_some(), ours, "{system} {value}");
        }
    }
}
