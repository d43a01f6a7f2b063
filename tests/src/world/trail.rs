//! The audit trails, which only grow.

use async_trait::async_trait;
use daybook_core::audit::Entry;
use daybook_core::ids::PracticeId;
use daybook_engine::ports::{Reading, StoreError, Trail, TrailPart};

use super::World;
use super::fault::Point;

#[async_trait]
impl Trail for World {
    async fn add_entry(&self, entry: &Entry) -> Result<(), StoreError> {
        let ending = self.point(Point::TableWrite).await.of_store("an audit entry")?;
        self.lock().trail.entry((entry.practice.clone(), entry.id())).or_insert_with(|| entry.clone());
        ending.store("an audit entry", ())
    }

    async fn list_entries(
        &self,
        practice: &PracticeId,
        reading: &Reading,
        limit: usize,
    ) -> Result<TrailPart, StoreError> {
        self.point(Point::TableRead).await.of_store("the audit trail")?;
        let state = self.lock();
        let of_practice = state.trail.iter().filter(|((of, _), _)| of == practice);
        let entries = of_practice.map(|((_, id), entry)| (id, entry));
        let mut entries: Vec<Entry> = match reading {
            Reading::After(after) => entries
                .filter(|(id, _)| after.as_ref().is_none_or(|after| *id > after))
                .map(|(_, entry)| entry.clone())
                .take(limit + 1)
                .collect(),
            Reading::Before(before) => {
                let earlier =
                    entries.rev().filter(|(id, _)| before.as_ref().is_none_or(|before| *id < before));
                earlier.map(|(_, entry)| entry.clone()).take(limit + 1).collect()
            }
        };
        let is_all = entries.len() <= limit;
        entries.truncate(limit);
        let more = entries.last().filter(|_| !is_all).map(Entry::id);
        Ok(TrailPart { entries, more })
    }
}
