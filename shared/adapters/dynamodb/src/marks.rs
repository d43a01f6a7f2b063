//! The marks in a connection's row: one map for each kind of thing that a signal can name, and one for "everything".
//! Who adds and who clears them when is said in `signal` and `lease`.

use std::collections::BTreeMap;

use daybook_core::connection::{MOST_MARKS, Marks};
use daybook_core::ids::{AppointmentId, CalendarId};
use daybook_engine::ports::Named;

use crate::expression::{Change, Field};
use crate::item::{Broken, Row, map, number, text};

/// One map of marks.
#[derive(Clone, Copy)]
struct Kind {
    attribute: &'static str,
    /// What stands for it in expressions, which may have 4 KB and 300 operators at most.
    alias: &'static str,
    /// More marks than this mean: look at everything.
    most: usize,
}

const APPOINTMENTS: Kind = Kind { attribute: "marks", alias: "m", most: MOST_MARKS };
const CALENDARS: Kind = Kind { attribute: "calendar_marks", alias: "c", most: MOST_MARKS };
/// Half as many, so that all marks that there can be are cleared in one write.
const SUBSCRIPTIONS: Kind = Kind { attribute: "subscription_marks", alias: "s", most: MOST_MARKS / 2 };

/// As a row holds them. The maps are there even where they are empty: a mark is added inside.
pub fn fields(marks: &Marks) -> [Field; 4] {
    let field = |(kind, marks): (Kind, Vec<_>)| (kind.attribute, Some(map(marks.into_iter())));
    let [appointments, calendars, subscriptions] = by_kind(marks).map(field);
    [appointments, calendars, subscriptions, ("everything", marks.everything.as_deref().map(text))]
}

/// Rows of older programs have the first map only.
pub fn marks_of(row: Row<'_>) -> Result<Marks, Broken> {
    Ok(Marks {
        appointments: owned(row.map(APPOINTMENTS.attribute)?),
        calendars: owned(row.find_map(CALENDARS.attribute)?.unwrap_or_default()),
        subscriptions: owned(row.find_map(SUBSCRIPTIONS.attribute)?.unwrap_or_default()),
        everything: row.find_text("everything")?.map(str::to_owned),
    })
}

/// Gives the row of an older program the maps that it lacks.
pub fn make_room(change: Change) -> Change {
    [CALENDARS, SUBSCRIPTIONS]
        .into_iter()
        .fold(change, |change, kind| change.assign_once(kind.attribute, map(std::iter::empty())))
}

/// Adds what is named. `None` where that is more than is worth keeping; refused where the row has no room for it.
pub fn added(named: &Named, token: &str) -> Option<Change> {
    let kinds = [
        (APPOINTMENTS, distinct(named.appointments.iter().map(AppointmentId::as_str))),
        (CALENDARS, distinct(named.calendars.iter().map(CalendarId::as_str))),
        (SUBSCRIPTIONS, distinct(named.subscriptions.iter().map(CalendarId::as_str))),
    ];
    kinds
        .into_iter()
        .filter(|(_, ids)| !ids.is_empty())
        .try_fold(Change::of_readable(), |change, (kind, ids)| kind.add(change, &ids, token))
}

/// In place of marks for which there is no room.
pub fn everything(token: &str) -> Change {
    Change::of_readable().assign([("everything", Some(text(token)))])
}

/// Clears these marks, if all of them stand as they were seen.
pub fn cleared(change: Change, seen: &Marks) -> Change {
    let change = match &seen.everything {
        None => change,
        Some(token) => {
            change.remove("everything").only_if("#everything = :everything", [("everything", text(token))])
        }
    };
    by_kind(seen).into_iter().fold(change, |change, (kind, marks)| kind.clear(change, &marks))
}

/// Those of `seen` that still stand as they were seen.
pub fn still_standing(seen: &Marks, stored: &Marks) -> Marks {
    Marks {
        appointments: common(&seen.appointments, &stored.appointments),
        calendars: common(&seen.calendars, &stored.calendars),
        subscriptions: common(&seen.subscriptions, &stored.subscriptions),
        everything: seen.everything.clone().filter(|token| stored.everything.as_ref() == Some(token)),
    }
}

impl Kind {
    fn add(self, change: Change, ids: &[&str], token: &str) -> Option<Change> {
        let Kind { alias, attribute, most } = self;
        let room = u32::try_from(most.checked_sub(ids.len())?).ok()?;
        let bound = format!("{alias}_room");
        let change = change.alias(alias, attribute).only_if(
            &format!("attribute_exists(#{alias}) AND size(#{alias}) <= :{bound}"),
            [(bound.as_str(), number(room))],
        );
        Some(ids.iter().enumerate().fold(change, |change, (n, id)| {
            let entry = format!("{alias}{n}");
            let clause = format!("#{alias}.#{entry} = :token");
            change.alias(&entry, id).set(&clause, [("token", text(token))])
        }))
    }

    fn clear(self, change: Change, marks: &[(&str, &str)]) -> Change {
        let Kind { alias, attribute, .. } = self;
        marks.iter().enumerate().fold(change, |change, (n, (id, token))| {
            let entry = format!("{alias}{n}");
            let clause = format!("#{alias}.#{entry} = :{entry}");
            change
                .alias(alias, attribute)
                .alias(&entry, id)
                .only_if(&clause, [(entry.as_str(), text(*token))])
                .remove(&format!("{alias}.#{entry}"))
        })
    }
}

fn by_kind(marks: &Marks) -> [(Kind, Vec<(&str, &str)>); 3] {
    [
        (APPOINTMENTS, marks.appointments.iter().map(|(id, token)| (id.as_str(), token.as_str())).collect()),
        (CALENDARS, marks.calendars.iter().map(|(id, token)| (id.as_str(), token.as_str())).collect()),
        (
            SUBSCRIPTIONS,
            marks.subscriptions.iter().map(|(id, token)| (id.as_str(), token.as_str())).collect(),
        ),
    ]
}

/// A path may be written once in a change; what has no name cannot be marked.
fn distinct<'a>(ids: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut ids: Vec<_> = ids.filter(|id| !id.is_empty()).collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

fn owned<Id: Ord + for<'a> From<&'a str>>(marks: BTreeMap<&str, &str>) -> BTreeMap<Id, String> {
    marks.into_iter().map(|(id, token)| (id.into(), token.to_owned())).collect()
}

fn common<Id: Ord + Clone>(
    seen: &BTreeMap<Id, String>,
    stored: &BTreeMap<Id, String>,
) -> BTreeMap<Id, String> {
    let stands = |(id, token): &(&Id, &String)| stored.get(*id) == Some(*token);
    seen.iter().filter(stands).map(|(id, token)| (id.clone(), token.clone())).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use super::*;

    fn marks<Id: Ord + for<'a> From<&'a str>>(count: usize) -> BTreeMap<Id, String> {
        (0..count).map(|n| (format!("id-{n}").as_str().into(), "token".into())).collect()
    }

    /// The embedded table bounds the length of an expression, but not its operators.
    #[test]
    fn all_marks_that_there_can_be_are_cleared_in_one_expression() {
        let seen = Marks {
            appointments: marks(APPOINTMENTS.most),
            calendars: marks(CALENDARS.most),
            subscriptions: marks(SUBSCRIPTIONS.most),
            everything: Some("token".into()),
        };
        let change = cleared(Change::of_readable(), &seen);
        let condition = change.condition().unwrap();
        assert!(condition.len() < 3_500, "{}", condition.len());
        let operators = condition.matches('=').count() + condition.matches(" AND ").count();
        assert!(operators < 290, "{operators}");
        assert!(change.update().unwrap().len() < 3_000);
    }
}
