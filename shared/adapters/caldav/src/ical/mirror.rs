//! Reads a mirror back: exactly the fields that we write, so that whatever else a person adds (an alert, notes, a
//! colour) is no difference.

use calcard::icalendar::{
    ICalendar, ICalendarClassification, ICalendarComponent, ICalendarComponentType, ICalendarProperty,
    ICalendarStatus, ICalendarTransparency, ICalendarValue,
};
use daybook_core::mirror::{Certainty, MirrorContent};
use daybook_core::time::Interval;
use jiff::Timestamp;

use super::component::{self, Recurrence};
use super::{Unreadable, calendars, caught, occurrence};

/// Marks our own alarm inside a mirror. Everybody else's alarms are a person's.
pub const ALARM_MARK: &str = "X-DAYBOOK-ALARM";

/// Stands before the title of a mirror that a person has made public, free, all-day, recurring or cancelled: no
/// title that we write holds a control character, so such a mirror differs from whatever we want to stand.
const ALTERED: char = '\u{1}';

/// What a mirror says now.
pub fn content(text: &str) -> Result<MirrorContent, Unreadable> {
    caught(|| {
        let calendar = calendars(text).into_iter().next().ok_or(Unreadable::NoCalendar)?;
        read(&calendar).ok_or(Unreadable::NoStart)
    })
}

/// What stands where a mirror should, and cannot be read as one: it differs from everything that we write.
pub fn ruined() -> MirrorContent {
    MirrorContent {
        title: ALTERED.to_string(),
        interval: Interval::between(Timestamp::UNIX_EPOCH, Timestamp::UNIX_EPOCH),
        certainty: Certainty::Confirmed,
        location: None,
        reminder_minutes: None,
    }
}

fn read(calendar: &ICalendar) -> Option<MirrorContent> {
    let events = component::all(calendar);
    let event = events.first()?;
    let raw = calendar.components.iter().find(|one| one.component_type == ICalendarComponentType::VEvent)?;
    let once = events.len() == 1
        && matches!(event.recurrence, Recurrence::Master)
        && event.rules.is_empty()
        && event.added.is_empty();
    let (interval, as_written) = match occurrence::interval_of(event) {
        Some(interval) => (interval, once && is_guarded(raw)),
        None => (ruined().interval, false),
    };
    let title = text(raw, &ICalendarProperty::Summary).unwrap_or_default();
    Some(MirrorContent {
        title: if as_written { title } else { format!("{ALTERED}{title}") },
        interval,
        certainty: certainty(raw),
        location: text(raw, &ICalendarProperty::Location).filter(|place| !place.is_empty()),
        reminder_minutes: reminder(calendar, raw),
    })
}

/// Still private, still shown as busy, still taking place.
fn is_guarded(event: &ICalendarComponent) -> bool {
    let class = event.property(&ICalendarProperty::Class).and_then(|entry| entry.values.first());
    let private = matches!(
        class,
        Some(ICalendarValue::Classification(
            ICalendarClassification::Private | ICalendarClassification::Confidential
        ))
    );
    private
        && event.transparency() != Some(&ICalendarTransparency::Transparent)
        && event.status() != Some(&ICalendarStatus::Cancelled)
}

fn certainty(event: &ICalendarComponent) -> Certainty {
    match event.status() {
        Some(ICalendarStatus::Tentative) => Certainty::Tentative,
        _ => Certainty::Confirmed,
    }
}

fn text(event: &ICalendarComponent, name: &ICalendarProperty) -> Option<String> {
    Some(event.property(name)?.values.first()?.as_text()?.trim().to_owned())
}

/// Minutes before the start at which our own alarm fires.
fn reminder(calendar: &ICalendar, event: &ICalendarComponent) -> Option<u32> {
    let alarms = event.component_ids.iter().filter_map(|id| calendar.component_by_id(*id));
    let ours = alarms
        .filter(|alarm| alarm.component_type == ICalendarComponentType::VAlarm)
        .find(|alarm| is_ours(alarm, event.uid()))?;
    let trigger = ours.property(&ICalendarProperty::Trigger)?.values.first()?;
    let ICalendarValue::Duration(before) = trigger else { return None };
    let days = u64::from(before.weeks) * 7 + u64::from(before.days);
    let minutes = (days * 24 + u64::from(before.hours)) * 60 + u64::from(before.minutes);
    let ahead = before.neg || minutes == 0;
    u32::try_from(minutes).ok().filter(|_| ahead && before.seconds == 0)
}

/// By our mark, or by the alarm's own UID (RFC 9074), where a server drops what it does not know.
fn is_ours(alarm: &ICalendarComponent, mirror: Option<&str>) -> bool {
    alarm.has_property(&ICalendarProperty::Other(ALARM_MARK.into()))
        || (mirror.is_some() && alarm.uid() == mirror)
}
