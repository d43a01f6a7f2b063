//! The EHR's name for one state of a slot: its version and when it was written, since some servers call
//! every version 1. Where it gives neither, the content stands for itself.

use daybook_core::ids::Revision;
use serde_json::Value;

use crate::digest::short_hash;
use crate::wire::{KeptSlot, ListedSlot, Meta, Slot};

/// `v4 2026-10-12T13:05:11Z`, or `#` and a hash where there is no version.
pub(super) fn revision_of(kept: &KeptSlot) -> Revision {
    known_revision_of(&kept.slot).unwrap_or_else(|| revision_by_content(&kept.raw.to_string()))
}

/// The same, of a slot that is only looked at.
pub(super) fn revision_of_listed(listed: &ListedSlot) -> Revision {
    let text = listed.text.as_deref().unwrap_or_default();
    known_revision_of(&listed.slot).unwrap_or_else(|| match serde_json::from_str::<Value>(text) {
        Ok(raw) => revision_by_content(&raw.to_string()),
        Err(_) => revision_by_content(text),
    })
}

fn known_revision_of(slot: &Slot) -> Option<Revision> {
    slot.meta.as_ref().and_then(known_revision)
}

fn revision_by_content(content: &str) -> Revision {
    Revision::new(format!("#{}", short_hash(&[content])))
}

/// From what a write tells without the slot itself.
pub(super) fn revision_from_headers(etag: Option<&str>, last_modified: Option<&str>) -> Option<Revision> {
    let version_id = etag.map(|etag| version_in(etag).to_owned());
    known_revision(&Meta { version_id, last_updated: last_modified.map(str::to_owned) })
}

fn known_revision(meta: &Meta) -> Option<Revision> {
    let updated = meta.last_updated.as_deref().unwrap_or_default();
    match meta.version_id.as_deref() {
        Some(version) => Some(Revision::new(format!("v{version} {updated}"))),
        None => (!updated.is_empty()).then(|| Revision::new(format!("t{updated}"))),
    }
}

/// The version that a conditional write names. `None` where the server has none.
pub(super) fn version_of(revision: &Revision) -> Option<String> {
    let version = revision.as_str().strip_prefix('v')?.split(' ').next()?;
    (!version.is_empty()).then(|| version.to_owned())
}

/// `W/"4"` is version 4.
fn version_in(etag: &str) -> &str {
    etag.trim().trim_start_matches("W/").trim_matches('"')
}

/// Whether two revisions name the same state. A write may tell less of it than a read does.
pub(super) fn same_state(one: &Revision, other: &Revision) -> bool {
    let parts = |revision: &Revision| {
        let (version, updated) = revision.as_str().split_once(' ').unwrap_or((revision.as_str(), ""));
        (version.to_owned(), updated.to_owned())
    };
    let ((version, updated), (other_version, other_updated)) = (parts(one), parts(other));
    let untold = updated.is_empty() || other_updated.is_empty();
    version == other_version && (untold || updated == other_updated)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use super::*;
    use crate::wire::Resource;

    #[test]
    fn revisions_by_what_the_server_tells() {
        for (json, revision, version) in [
            (
                r#"{"meta":{"versionId":"4","lastUpdated":"2026-10-12T13:05:11Z"}}"#,
                "v4 2026-10-12T13:05:11Z",
                Some("4"),
            ),
            (r#"{"meta":{"versionId":"4"}}"#, "v4 ", Some("4")),
            (r#"{"meta":{"lastUpdated":"2026-10-12T13:05:11Z"}}"#, "t2026-10-12T13:05:11Z", None),
            (r#"{"id":"a"}"#, "#bdcf630e83b550d4", None),
        ] {
            let read = revision_of(&serde_json::from_str(json).unwrap());
            assert_eq!(read.as_str(), revision, "{json}");
            let spaced = json.replace(':', " : ").replace("T13 : 05 : ", "T13:05:");
            assert_eq!(revision_of_listed(&ListedSlot::read(&spaced).unwrap()), read, "{spaced}");
            let at_one_go = serde_json::from_str(&spaced).ok().map(|listed| revision_of_listed(&listed));
            assert_eq!(at_one_go, Some(read.clone()).filter(|_| !revision.starts_with('#')), "{spaced}");
            assert_eq!(version_of(&read).as_deref(), version, "{json}");
        }
        assert_eq!(revision_from_headers(Some("W/\"4\""), None), Some("v4 ".into()));
        assert_eq!(revision_from_headers(None, None), None);
    }

    #[test]
    fn a_constant_version_is_told_apart_by_its_time() {
        for (one, other, same) in [
            ("v1 2026-10-12T13:05:11Z", "v1 2026-10-12T13:05:12Z", false),
            ("v1 ", "v1 2026-10-12T13:05:12Z", true),
            ("v1 x", "v2 x", false),
            ("#a", "#b", false),
        ] {
            assert_eq!(same_state(&one.into(), &other.into()), same, "{one} {other}");
        }
    }
}
