//! What every calendar adapter keeps, whichever provider stands behind it: each promise of the ports is one
//! function, given an account and a person's hands. It knows no provider's word.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "test support: a failure here is a failed test"
)]

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use daybook_core::event::{Event, Seen};
use daybook_core::ids::{CalendarId, Cursor, ItemId, PractitionerId, Revision};
use daybook_core::key::{Owner, PracticeKey, Target};
use daybook_core::link::Touch;
use daybook_core::mirror::{Certainty, Content, Expected, MirrorContent, MirrorId};
use daybook_core::time::{Interval, When};
use daybook_engine::ports::{
    Account, Calendar, Completeness, Contents, Entry, Listing, MirrorRef, MirrorSighting, Naming,
    RemoteError, Step, Written,
};

/// What a person does in their own calendar program.
#[async_trait]
pub trait Person: Send + Sync {
    /// An event of their own, from 10:00 to 11:00 UTC on 2026-03-03, repeated as told.
    async fn add(&self, calendar: &CalendarId, name: &str, planned: Planned) -> ItemId;

    /// Puts an alert and notes on an event.
    async fn decorate(&self, calendar: &CalendarId, item: &ItemId);

    /// Whether both are still there.
    async fn is_decorated(&self, calendar: &CalendarId, item: &ItemId) -> bool;

    /// Drags an event by an hour.
    async fn drag(&self, calendar: &CalendarId, item: &ItemId);

    async fn remove(&self, calendar: &CalendarId, item: &ItemId);

    /// Throws a whole calendar away.
    async fn remove_calendar(&self, calendar: &CalendarId);

    /// Of a daily event: moves the second occurrence to 15:00 and deletes the third.
    async fn change_occurrences(&self, calendar: &CalendarId, item: &ItemId);
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Planned {
    Once,
    /// On 2026-03-03 as a whole.
    AllDay,
    /// On three days.
    Daily,
    /// What no reader understands, where the provider stores such a thing; an event once otherwise.
    Broken,
}

/// An account, and whose it is.
pub struct Subject<'a> {
    pub account: &'a dyn Account,
    pub person: &'a dyn Person,
    /// How the calendar is called in which the promise is put to the test; nobody else uses it.
    pub place: &'a str,
}

/// One fresh calendar of a subject.
struct Place {
    id: CalendarId,
    calendar: Arc<dyn Calendar>,
    /// The ids that the provider gave, as a link would hold them.
    remotes: Mutex<BTreeMap<MirrorId, ItemId>>,
}

fn march() -> Interval {
    Interval::new("2026-03-01T00:00:00Z".parse().unwrap(), "2026-04-01T00:00:00Z".parse().unwrap()).unwrap()
}

fn content(title: &str) -> MirrorContent {
    let interval =
        Interval::new("2026-03-10T09:00:00Z".parse().unwrap(), "2026-03-10T09:50:00Z".parse().unwrap());
    MirrorContent {
        title: title.into(),
        interval: interval.unwrap(),
        certainty: Certainty::Confirmed,
        location: None,
        reminder_minutes: None,
    }
}

fn name(number: usize) -> MirrorId {
    let owner = Owner::Appointment(format!("appt-{number}").as_str().into());
    PracticeKey::new(&[7; 32]).mirror_id(
        &PractitionerId::from("prac-1"),
        &owner,
        &Target::Calendar("contract".into()),
    )
}

impl Place {
    async fn of(subject: &Subject<'_>) -> Self {
        let info = subject.account.create_calendar(subject.place, subject.place).await.unwrap();
        Self { calendar: subject.account.calendar(&info.id), id: info.id, remotes: Mutex::default() }
    }

    async fn put(
        &self,
        number: usize,
        expected: Expected,
        content: MirrorContent,
    ) -> Result<Written, RemoteError> {
        let mirror = name(number);
        let remote = self.remotes.lock().unwrap().get(&mirror).cloned();
        let at = MirrorRef { mirror: mirror.clone(), remote };
        let written = self.step(Step::Put { at, expected, content: Content::Mirror(content) }).await?;
        self.remotes.lock().unwrap().extend(written.remote.clone().map(|remote| (mirror, remote)));
        Ok(written)
    }

    async fn step(&self, step: Step) -> Result<Written, RemoteError> {
        let mut results = self.calendar.carry_out(&[step]).await;
        assert_eq!(results.len(), 1, "one result a step");
        results.remove(0)
    }

    async fn find(&self, number: usize, remote: Option<ItemId>) -> MirrorSighting {
        let asked = [MirrorRef { mirror: name(number), remote }];
        let mut found = self.calendar.find(&asked).await.unwrap();
        assert_eq!(found.len(), 1, "one sighting a name");
        found.remove(0)
    }

    async fn changes(&self, since: &Cursor) -> Listing {
        self.calendar.list_changes(since, march()).await.unwrap()
    }

    async fn see(&self, item: &ItemId) -> Seen {
        let mut seen = self.calendar.get(std::slice::from_ref(item), march()).await.unwrap();
        assert_eq!(seen.len(), 1);
        seen.remove(0).seen
    }

    async fn cursor(&self) -> Cursor {
        self.calendar.list(march()).await.unwrap().cursor.expect("a cursor")
    }
}

/// What a listing says about one item: its revision, or that it is gone.
#[expect(clippy::option_option, reason = "a line that is there may lack a revision")]
fn told(listing: &Listing, item: &ItemId) -> Option<Option<Revision>> {
    listing.entries.iter().find_map(|entry| match entry {
        Entry::Touched { item: one, revision, .. } if one == item => Some(revision.clone()),
        Entry::Seen(sighting) if &sighting.item == item => Some(sighting.revision.clone()),
        _ => None,
    })
}

fn events_of(seen: Seen) -> Vec<Event> {
    match seen {
        Seen::Events(events) | Seen::Named { events, .. } => events,
        other => panic!("no events: {other:?}"),
    }
}

pub async fn a_calendar_is_made_once_and_listed(subject: &Subject<'_>) {
    let first = subject.account.create_calendar(subject.place, subject.place).await.unwrap();
    let second = subject.account.create_calendar(subject.place, subject.place).await.unwrap();
    assert_eq!(first, second);
    let listed = subject.account.list_calendars().await.unwrap();
    let found: Vec<_> = listed.iter().filter(|calendar| calendar.id == first.id).collect();
    assert_eq!(found, [&first]);
    assert!(first.writable && first.owned && !first.shared);
    assert_eq!(first.name, subject.place);
}

pub async fn an_empty_calendar_is_told_and_deleted(subject: &Subject<'_>) {
    let place = Place::of(subject).await;
    assert_eq!(place.calendar.contents().await.unwrap(), Contents::Nothing);
    let written = place.put(1, Expected::Absent, content("Busy")).await.unwrap();
    assert_eq!(place.calendar.contents().await.unwrap(), Contents::Something);
    let at = MirrorRef { mirror: name(1), remote: written.remote };
    place.step(Step::Delete { at, expected: Expected::Unversioned }).await.unwrap();
    assert_eq!(
        place.calendar.contents().await.unwrap(),
        Contents::Nothing,
        "what was deleted does not count"
    );
    for _ in 0..2 {
        subject.account.delete_calendar(&place.id).await.expect("deleting one that is gone is no error");
    }
    let looked = place.calendar.contents().await;
    assert!(matches!(looked, Err(RemoteError::Missing { .. })), "{looked:?}");
    let listed = subject.account.list_calendars().await.unwrap();
    assert!(listed.iter().all(|calendar| calendar.id != place.id));
    let again = subject.account.create_calendar(subject.place, subject.place).await.unwrap();
    assert_eq!(subject.account.calendar(&again.id).contents().await.unwrap(), Contents::Nothing);
}

pub async fn our_own_write_comes_back_as_known(subject: &Subject<'_>) {
    let place = Place::of(subject).await;
    let cursor = place.cursor().await;
    let written = place.put(1, Expected::Absent, content("Busy")).await.unwrap();
    assert_eq!(written.touch, Some(Touch::OursAlone));
    let (item, revision) = (written.remote.unwrap(), written.revision);
    assert!(revision.is_some());
    match place.calendar.naming_of(&item) {
        Naming::Named(carried) => assert_eq!(carried, name(1)),
        Naming::Silent => {}
        Naming::Foreign => panic!("{item} is ours"),
    }

    let changes = place.changes(&cursor).await;
    assert_eq!(told(&changes, &item), Some(revision.clone()), "the delta names the same state");
    let listing = place.calendar.list(march()).await.unwrap();
    assert_eq!(listing.completeness, Completeness::Complete);
    assert_eq!(told(&listing, &item), Some(revision.clone()), "the listing names the same state");
    let after = place.changes(&changes.cursor.unwrap()).await;
    assert!(after.entries.is_empty(), "nothing changed: {after:?}");

    let found = place.find(1, Some(item.clone())).await;
    assert_eq!(found.content, Some(Content::Mirror(content("Busy"))));
    assert_eq!(found.revision, revision);
    let Seen::Named { mirror, content: read, events } = place.see(&item).await else { panic!("named") };
    assert_eq!((mirror, read, events.len()), (name(1), content("Busy"), 1));
}

/// What is there already is a conflict; or, where the provider recognises the repetition, still the one that was there.
fn is_told_or_the_same(result: &Result<Written, RemoteError>, standing: Option<&ItemId>) -> bool {
    match result {
        Ok(written) => written.remote.as_ref() == standing,
        Err(error) => matches!(error, RemoteError::Conflict { .. }),
    }
}

pub async fn a_stale_write_is_a_conflict(subject: &Subject<'_>) {
    let place = Place::of(subject).await;
    let first = place.put(1, Expected::Absent, content("Busy")).await.unwrap();
    let again = place.put(1, Expected::Absent, content("Busy")).await;
    assert!(is_told_or_the_same(&again, first.remote.as_ref()), "{again:?}");
    let revision = first.revision.unwrap();
    let expected = || Expected::Revision(revision.clone(), Touch::OursAlone);
    let moved = MirrorContent { certainty: Certainty::Tentative, ..content("Appointment") };
    let second = place.put(1, expected(), moved.clone()).await.unwrap();
    assert_ne!(second.revision, Some(revision.clone()));
    for stale in [expected(), Expected::Revision(revision.clone(), Touch::Decorated)] {
        let refused = place.put(1, stale, content("Late")).await;
        assert!(matches!(refused, Err(RemoteError::Conflict { .. })), "{refused:?}");
    }
    let at = MirrorRef { mirror: name(1), remote: first.remote.clone() };
    let refused = place.step(Step::Delete { at, expected: expected() }).await;
    assert!(matches!(refused, Err(RemoteError::Conflict { .. })), "{refused:?}");
    assert_eq!(place.find(1, first.remote).await.content, Some(Content::Mirror(moved)));
}

pub async fn deleting_is_idempotent_and_told(subject: &Subject<'_>) {
    let place = Place::of(subject).await;
    let written = place.put(1, Expected::Absent, content("Busy")).await.unwrap();
    let (item, cursor) = (written.remote.unwrap(), place.cursor().await);
    let at = MirrorRef { mirror: name(1), remote: Some(item.clone()) };
    let expected = Expected::Revision(written.revision.unwrap(), Touch::OursAlone);
    place.step(Step::Delete { at: at.clone(), expected }).await.unwrap();
    place.step(Step::Delete { at: at.clone(), expected: Expected::Unversioned }).await.unwrap();
    assert_eq!(place.find(1, None).await.content, None);
    assert_eq!(place.see(&item).await, Seen::Gone);
    let changes = place.changes(&cursor).await;
    let gone = changes.entries.iter().any(|entry| {
        matches!(entry, Entry::Seen(sighting) if sighting.item == item && sighting.seen == Seen::Gone)
    });
    assert!(gone, "{changes:?}");
}

pub async fn a_cursor_that_nobody_gave_is_lost(subject: &Subject<'_>) {
    let place = Place::of(subject).await;
    let shape = place.cursor().await;
    let forged =
        [format!("{}x", shape.as_str()), "sync:http://nobody/1".into(), "rubbish".into(), String::new()];
    for cursor in forged {
        let listing = place.calendar.list_changes(&Cursor::new(cursor.as_str()), march()).await;
        assert!(matches!(listing, Err(RemoteError::CursorLost { .. })), "{cursor}: {listing:?}");
    }
}

pub async fn a_persons_additions_survive_our_update(subject: &Subject<'_>) {
    let place = Place::of(subject).await;
    let item = place.put(1, Expected::Absent, content("Busy")).await.unwrap().remote.unwrap();
    subject.person.decorate(&place.id, &item).await;
    let found = place.find(1, Some(item.clone())).await;
    assert_eq!(found.content, Some(Content::Mirror(content("Busy"))), "additions are no difference");
    let expected = Expected::Revision(found.revision.unwrap(), Touch::Decorated);
    let updated = place.put(1, expected, content("Appointment")).await.unwrap();
    assert_eq!(updated.touch, Some(Touch::Decorated));
    assert_eq!(
        place.find(1, Some(item.clone())).await.content,
        Some(Content::Mirror(content("Appointment")))
    );
    assert!(subject.person.is_decorated(&place.id, &item).await);
}

pub async fn a_dragged_mirror_is_seen_and_put_back(subject: &Subject<'_>) {
    let place = Place::of(subject).await;
    let item = place.put(1, Expected::Absent, content("Busy")).await.unwrap().remote.unwrap();
    let cursor = place.cursor().await;
    subject.person.drag(&place.id, &item).await;
    assert!(told(&place.changes(&cursor).await, &item).is_some());
    let found = place.find(1, Some(item.clone())).await;
    assert_ne!(found.content, Some(Content::Mirror(content("Busy"))));
    place.put(1, Expected::Unversioned, content("Busy")).await.unwrap();
    assert_eq!(place.find(1, Some(item)).await.content, Some(Content::Mirror(content("Busy"))));
}

pub async fn a_reminder_is_written_and_read_back(subject: &Subject<'_>) {
    let place = Place::of(subject).await;
    let wanted = MirrorContent { reminder_minutes: Some(30), ..content("Busy") };
    place.put(1, Expected::Absent, wanted.clone()).await.unwrap();
    assert_eq!(place.find(1, None).await.content, Some(Content::Mirror(wanted)));
}

pub async fn a_persons_events_are_seen(subject: &Subject<'_>) {
    let place = Place::of(subject).await;
    let cursor = place.cursor().await;
    let mut items = Vec::new();
    for (name, planned) in [("once", Planned::Once), ("day", Planned::AllDay), ("daily", Planned::Daily)] {
        items.push(subject.person.add(&place.id, name, planned).await);
    }
    let changes = place.changes(&cursor).await;
    let listing = place.calendar.list(march()).await.unwrap();
    for item in &items {
        assert!(told(&changes, item).is_some() && told(&listing, item).is_some(), "{item}");
    }
    let once = events_of(place.see(&items[0]).await);
    assert!(matches!(once[0].when, When::Timed(i) if i.start() == "2026-03-03T10:00:00Z".parse().unwrap()));
    let day = events_of(place.see(&items[1]).await);
    assert!(matches!(day[0].when, When::AllDay { first, .. } if first.to_string() == "2026-03-03"));
    assert_eq!(events_of(place.see(&items[2]).await).len(), 3, "e_058: every occurrence");
    subject.person.remove(&place.id, &items[0]).await;
    assert_eq!(place.see(&items[0]).await, Seen::Gone);
}

pub async fn e_040_a_broken_neighbour_stops_nobody(subject: &Subject<'_>) {
    let place = Place::of(subject).await;
    let broken = subject.person.add(&place.id, "broken", Planned::Broken).await;
    let whole = subject.person.add(&place.id, "whole", Planned::Once).await;
    let missing = subject.person.add(&place.id, "missing", Planned::Once).await;
    subject.person.remove(&place.id, &missing).await;
    let seen = place.calendar.get(&[broken, whole.clone(), missing.clone()], march()).await.unwrap();
    let of = |item: &ItemId| seen.iter().find(|sighting| &sighting.item == item).map(|one| one.seen.clone());
    assert_eq!(events_of(of(&whole).unwrap()).len(), 1);
    assert_eq!(of(&missing), Some(Seen::Gone));
}

pub async fn e_061_one_occurrence_is_moved_and_one_is_deleted(subject: &Subject<'_>) {
    let place = Place::of(subject).await;
    let item = subject.person.add(&place.id, "daily", Planned::Daily).await;
    assert_eq!(events_of(place.see(&item).await).len(), 3);
    let cursor = place.cursor().await;
    subject.person.change_occurrences(&place.id, &item).await;
    assert!(told(&place.changes(&cursor).await, &item).is_some(), "the delta names the series");
    let mut starts: Vec<String> = events_of(place.see(&item).await)
        .iter()
        .filter_map(|event| match event.when {
            When::Timed(interval) => Some(interval.start().to_string()),
            When::AllDay { .. } | When::Floating { .. } => None,
        })
        .collect();
    starts.sort();
    assert_eq!(starts, ["2026-03-03T10:00:00Z", "2026-03-04T15:00:00Z"], "e_059: moved to where it now is");
}

pub async fn a_mirror_that_was_deleted_is_made_again(subject: &Subject<'_>) {
    let place = Place::of(subject).await;
    let item = place.put(1, Expected::Absent, content("Busy")).await.unwrap().remote.unwrap();
    for _ in 0..2 {
        let last = place.remotes.lock().unwrap().get(&name(1)).cloned().unwrap_or(item.clone());
        subject.person.remove(&place.id, &last).await;
        assert_eq!(place.find(1, None).await.content, None);
        place.put(1, Expected::Absent, content("Busy")).await.unwrap();
        assert_eq!(place.find(1, None).await.content, Some(Content::Mirror(content("Busy"))));
    }
    let listing = place.calendar.list(march()).await.unwrap();
    let standing = listing.entries.iter().filter(|entry| match entry {
        Entry::Touched { .. } => true,
        Entry::Seen(sighting) => sighting.seen != Seen::Gone,
    });
    assert_eq!(standing.count(), 1, "one of it: {listing:?}");
}

pub async fn many_steps_at_once_each_have_their_result(subject: &Subject<'_>) {
    let place = Place::of(subject).await;
    let taken = place.put(2, Expected::Absent, content("Busy")).await.unwrap().remote;
    let put = |number| Step::Put {
        at: MirrorRef { mirror: name(number), remote: None },
        expected: Expected::Absent,
        content: Content::Mirror(content("Busy")),
    };
    let steps: Vec<Step> = (1..=3).map(put).take(place.calendar.steps_per_request()).collect();
    let results = place.calendar.carry_out(&steps).await;
    assert_eq!(results.len(), steps.len());
    for (number, result) in (1..).zip(&results) {
        let is_as_promised =
            if number == 2 { is_told_or_the_same(result, taken.as_ref()) } else { result.is_ok() };
        assert!(is_as_promised, "step {number}: {result:?}");
    }
}

/// One promise, ready to be put to the test.
pub type Promise = for<'a> fn(&'a Subject<'a>) -> Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

/// Hands the names of all promises to a macro.
#[macro_export]
macro_rules! with_promises {
    ($to:ident $(, $with:path)?) => {
        $to! { $($with:)?
            a_calendar_is_made_once_and_listed,
            an_empty_calendar_is_told_and_deleted,
            our_own_write_comes_back_as_known,
            a_stale_write_is_a_conflict,
            deleting_is_idempotent_and_told,
            a_cursor_that_nobody_gave_is_lost,
            a_persons_additions_survive_our_update,
            a_dragged_mirror_is_seen_and_put_back,
            a_reminder_is_written_and_read_back,
            a_persons_events_are_seen,
            e_040_a_broken_neighbour_stops_nobody,
            e_061_one_occurrence_is_moved_and_one_is_deleted,
            a_mirror_that_was_deleted_is_made_again,
            many_steps_at_once_each_have_their_result,
        }
    };
}

macro_rules! named {
    ($($promise:ident),* $(,)?) => {
        [$((stringify!($promise), (|subject| Box::pin($promise(subject))) as Promise)),*]
    };
}

/// All promises, by name.
pub fn promises() -> Vec<(&'static str, Promise)> {
    with_promises!(named).into()
}

/// Every promise as a test of its own, each at a fresh place. `$fresh` is an async function that makes something to keep
/// alive, an account and a person's hands; it answers `None` where there is nothing to test with.
#[macro_export]
macro_rules! every_promise {
    ($fresh:path: $($promise:ident),* $(,)?) => {$(
        #[tokio::test]
        async fn $promise() {
            let Some((_keep, account, person)) = $fresh().await else { return };
            let subject = $crate::contract::Subject {
                account: account.as_ref(),
                person: &person,
                place: "daybook-contract",
            };
            $crate::contract::$promise(&subject).await;
        }
    )*};
    ($fresh:path) => {
        use $crate::every_promise as each_promise;
        $crate::with_promises!(each_promise, $fresh);
    };
}
