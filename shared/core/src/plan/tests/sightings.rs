//! What one sighting says in both lanes. The busy policy and the hours are tested in their own rooms.

use std::collections::BTreeSet;

use jiff::tz::TimeZone;

use super::sight::{Gone, Observed, Reading, observe, own_mirror};
use super::*;
use crate::event::{Event, EventStatus, Response, Seen, ShownAs, Sighting};
use crate::free_day::Standing;
use crate::hours::{Hours, Opening};
use crate::ids::CalendarId;
use crate::time::When;

struct Room {
    scene: Scene,
    calendar: CalendarId,
    zone: TimeZone,
    hours: Option<Hours>,
    closed_days: BTreeSet<String>,
    gone_is: Gone,
}

impl Room {
    fn new() -> Self {
        Self {
            scene: Scene::new(),
            calendar: "private".into(),
            zone: TimeZone::UTC,
            hours: None,
            closed_days: BTreeSet::new(),
            gone_is: Gone::Tombstone,
        }
    }

    fn reading(&self) -> Reading<'_> {
        Reading {
            calendar: &self.calendar,
            practitioner: &self.scene.practitioner,
            key: &self.scene.key,
            zone: &self.zone,
            within_hours: self.hours.as_ref(),
            closed_days: &self.closed_days,
            gone_is: self.gone_is,
        }
    }

    fn sees(&self, seen: Seen) -> Observed {
        self.sees_in(seen, span(0, 1000))
    }

    fn sees_in(&self, seen: Seen, covers: Interval) -> Observed {
        let sighting =
            Sighting { item: "gym".into(), series: "gym".into(), revision: Some("r1".into()), covers, seen };
        let links: Vec<&Link> = self.scene.links.iter().collect();
        observe(&sighting, &links, &self.reading())
    }
}

fn event(occurrence: &str, when: When, shown_as: ShownAs) -> Event {
    Event {
        occurrence: OccurrenceId::new(occurrence),
        when,
        status: EventStatus::Confirmed,
        shown_as,
        response: Response::Own,
    }
}

fn busy(occurrence: &str, from: i64) -> Event {
    event(occurrence, When::Timed(span(from, from + 1)), ShownAs::Busy)
}

/// Each owner with one word, in order.
fn words(observed: &Observed) -> Vec<String> {
    let mut words: Vec<String> = observed
        .owners
        .iter()
        .map(|(owner, sight)| {
            let word = match sight {
                OwnerSight::Wanted(content) => {
                    format!("at {}", content.interval().start().duration_since(hour(0)).as_hours())
                }
                other => format!("{other:?}"),
            };
            format!("{} {word}", name_of(owner))
        })
        .collect();
    words.sort();
    words
}

fn mirror_content() -> MirrorContent {
    let Content::Mirror(content) = busy_at(20) else { unreachable!() };
    content
}

#[test]
fn e_046_a_name_of_ours_is_a_mirror_and_closes_no_time() {
    let room = Room::new();
    let mirror = room.scene.mirror("a1", &calendar("elsewhere"));
    let seen = Seen::Named { mirror: mirror.clone(), content: mirror_content(), events: vec![busy("", 20)] };
    let observed = room.sees(seen);
    assert_eq!(words(&observed), [""; 0]);
    let Some((name, MirrorSight::Holds { content, revision, remote })) = observed.mirror else { panic!() };
    assert_eq!((name, content), (mirror, busy_at(20)));
    assert_eq!((revision, remote), (Some("r1".into()), Some("gym".into())));
}

#[test]
fn a_mirror_of_another_practice_or_clinician_is_an_ordinary_event() {
    let room = Room::new();
    let theirs = PracticeKey::new(&[8; 32]);
    for mirror in [
        theirs.mirror_id(&"ada".into(), &owner("a1"), &calendar("private")),
        room.scene.key.mirror_id(&"grace".into(), &owner("a1"), &calendar("private")),
    ] {
        let seen = Seen::Named { mirror, content: mirror_content(), events: vec![busy("", 20)] };
        let sighting = Sighting {
            item: "gym".into(),
            series: "gym".into(),
            revision: None,
            covers: span(0, 1000),
            seen: seen.clone(),
        };
        assert_eq!(own_mirror(&sighting, &room.reading()), None);
        let observed = room.sees(seen);
        assert_eq!(words(&observed), ["gym at 20"]);
        assert!(observed.mirror.is_none());
    }
}

#[test]
fn an_event_that_comes_to_bear_our_name_owns_nothing_any_more() {
    let mut room = Room::new();
    room.scene = room.scene.agreed("gym", &Target::Schedule("s".into()), &block_at(20));
    let mirror = room.scene.mirror("a1", &calendar("private"));
    let observed = room.sees(Seen::Named { mirror, content: mirror_content(), events: vec![] });
    assert_eq!(words(&observed), ["gym NotWanted"]);
}

#[test]
fn a_tombstone_is_evidence_and_not_found_is_absence() {
    for (gone_is, word) in [(Gone::Tombstone, "NotWanted"), (Gone::NotFound, "Absent")] {
        let mut room = Room { gone_is, ..Room::new() };
        for occurrence in ["gym.1", "gym.2"] {
            room.scene = room.scene.agreed(occurrence, &Target::Schedule("s".into()), &block_at(20));
        }
        let expected = [format!("gym.1 {word}"), format!("gym.2 {word}")];
        assert_eq!(words(&room.sees(Seen::Gone)), expected);
    }
    assert_eq!(words(&Room::new().sees(Seen::Gone)), [""; 0], "nobody remembers it");
}

#[test]
fn e_058_to_e_062_occurrences_come_and_go_one_by_one() {
    let mut room = Room::new();
    for (occurrence, at) in [("gym.1", 20), ("gym.2", 44), ("gym.3", 68), ("gym.4", 2000)] {
        room.scene = room.scene.agreed(occurrence, &Target::Schedule("s".into()), &block_at(at));
    }
    let seen = Seen::Events(vec![busy("1", 20), busy("3", 70), busy("5", 92)]);
    assert_eq!(
        words(&room.sees(seen)),
        ["gym.1 at 20", "gym.2 NotWanted", "gym.3 at 70", "gym.5 at 92"],
        "the second is deleted, the third moved, the fourth lies outside what was looked at, the fifth is new"
    );
    let narrow = room.sees_in(Seen::Events(vec![busy("1", 20)]), span(0, 30));
    assert_eq!(words(&narrow), ["gym.1 at 20"], "what lies outside the look is not missing");
}

/// What the link remembers lies outside what was looked at, and is over all the same.
#[test]
fn an_event_that_becomes_a_series_is_no_single_event_any_more() {
    let mut room = Room::new();
    room.scene = room.scene.agreed("gym", &Target::Schedule("s".into()), &block_at(2000));
    let series = room.sees(Seen::Events(vec![busy("1", 20), busy("2", 44)]));
    assert_eq!(words(&series), ["gym NotWanted", "gym.1 at 20", "gym.2 at 44"]);
    let mut room = Room::new();
    room.scene = room.scene.agreed("gym.1", &Target::Schedule("s".into()), &block_at(2000));
    assert_eq!(words(&room.sees(Seen::Events(vec![busy("", 20)]))), ["gym at 20", "gym.1 NotWanted"]);
    assert_eq!(words(&room.sees(Seen::Events(vec![]))), [""; 0], "a series may have nothing there");
}

#[test]
fn e_040_an_item_that_cannot_be_read_is_unclear() {
    let mut room = Room::new();
    room.scene = room.scene.agreed("gym", &Target::Schedule("s".into()), &block_at(20));
    let observed = room.sees(Seen::Unreadable { reason: "two masters".into() });
    assert_eq!(words(&observed), ["gym Unclear"]);
    assert!(observed.unreadable);
}

#[test]
fn e_077_to_e_080_what_does_not_close_time_is_not_wanted() {
    let room = Room::new();
    let day = When::AllDay { first: "2026-11-24".parse().unwrap(), end: "2026-11-25".parse().unwrap() };
    let declined = Event { response: Response::Declined, ..busy("", 20) };
    let cancelled = Event { status: EventStatus::Cancelled, ..busy("", 20) };
    for (event, word, free_all_day) in [
        (event("", When::Timed(span(20, 21)), ShownAs::Free), "gym NotWanted", 0),
        (event("", day, ShownAs::Free), "gym NotWanted", 1),
        (event("", day, ShownAs::Busy), "gym at 24", 0),
        (declined, "gym NotWanted", 0),
        (cancelled, "gym NotWanted", 0),
        (event("", When::Timed(span(20, 20)), ShownAs::Busy), "gym NotWanted", 0),
    ] {
        let observed = room.sees(Seen::Events(vec![event.clone()]));
        assert_eq!(
            (words(&observed), observed.free_days.len()),
            (vec![word.to_owned()], free_all_day),
            "{event:?}"
        );
    }
}

#[test]
fn a_free_day_closes_once_its_clinician_says_so() {
    let mut room = Room::new();
    let day = When::AllDay { first: "2026-11-24".parse().unwrap(), end: "2026-11-25".parse().unwrap() };
    let sees = |room: &Room| room.sees(Seen::Events(vec![event("", day, ShownAs::Free)]));
    let open = sees(&room);
    assert_eq!(open.free_days[0].standing, Standing::Open);
    room.closed_days.insert(open.free_days[0].mark.clone());
    let closed = sees(&room);
    assert_eq!(words(&closed), ["gym at 24"]);
    assert_eq!(closed.free_days[0].standing, Standing::ClosedByHand);
    room.closed_days.clear();
    assert_eq!(sees(&room), open);
}

#[test]
fn in_the_hours_scope_only_what_touches_the_hours_closes_time() {
    let time = |text: &str| text.parse().unwrap();
    let monday = Opening { day: jiff::civil::Weekday::Monday, from: time("09:00"), to: time("17:00") };
    let hours = Hours { openings: vec![monday], closures: vec![] };
    let room = Room { hours: Some(hours), ..Room::new() };
    for (from, word) in [
        (8, "gym NotWanted"),
        (9, "gym at 9"),
        (16, "gym at 16"),
        (17, "gym NotWanted"),
        (33, "gym NotWanted"),
    ] {
        assert_eq!(words(&room.sees(Seen::Events(vec![busy("", from)]))), [word], "at {from}");
    }
}
