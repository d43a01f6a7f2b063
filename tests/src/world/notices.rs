//! The outbox of notices. They come with a release.

use async_trait::async_trait;
use daybook_core::ids::PracticeId;
use daybook_core::notice::Notice;
use daybook_engine::ports::{Delivery, Due, NewNotice, NoticeRef, Notices, Offered, StoreError};
use jiff::Timestamp;

use super::fault::Point;
use super::{State, World};

impl State {
    pub(crate) fn put_notice(&mut self, new: &NewNotice) {
        let NewNotice { notice, offer_at } = new.clone();
        let at = NoticeRef { practice: notice.practice.clone(), id: notice.id() };
        let delivery = Delivery { offer_at, ..Delivery::default() };
        self.outbox.insert(at, Offered { notice, delivery });
    }

    pub(super) fn due_notices(&self) -> impl Iterator<Item = (Timestamp, Due)> + '_ {
        let due = |(at, offered): (&NoticeRef, &Offered)| {
            Some((offered.delivery.offer_at?, Due::Notice(at.clone())))
        };
        self.outbox.iter().filter_map(due)
    }
}

#[async_trait]
impl Notices for World {
    async fn find_notice(&self, at: &NoticeRef) -> Result<Option<Offered>, StoreError> {
        self.point(Point::TableRead).await.of_store("a notice")?;
        Ok(self.lock().outbox.get(at).cloned())
    }

    async fn list_notices(
        &self,
        practice: &PracticeId,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<Notice>, StoreError> {
        self.point(Point::TableRead).await.of_store("notices")?;
        let state = self.lock();
        let of_practice = state
            .outbox
            .iter()
            .filter(|(at, _)| at.practice == *practice && after.is_none_or(|after| *at.id > *after));
        Ok(of_practice.map(|(_, offered)| offered.notice.clone()).take(limit).collect())
    }

    async fn note_delivery(&self, at: &NoticeRef, delivery: Delivery) -> Result<(), StoreError> {
        let ending = self.point(Point::TableWrite).await.of_store("a notice")?;
        if let Some(offered) = self.lock().outbox.get_mut(at) {
            offered.delivery = delivery;
        }
        ending.store("a notice", ())
    }
}
