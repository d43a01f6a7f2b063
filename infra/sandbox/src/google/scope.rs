//! Which scope opens which method, and how far: Google's own table, method by method. Knows no calendars by name.

use std::collections::BTreeSet;

use super::call::Api;
use crate::cloud::{Calendar, Role};

const PREFIX: &str = "https://www.googleapis.com/auth/";

/// On which calendars a scope lets a method work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reach {
    /// Those that the account sees.
    All,
    /// Those that it owns.
    Owned,
    /// Those that this client made.
    Made,
    /// Those that everybody may see.
    Public,
    /// Those that the account sees, but nothing except times.
    Times,
}

impl Reach {
    /// Does it cover this calendar?
    pub fn covers(self, calendar: &Calendar, role: Role, client: &str) -> bool {
        match self {
            Self::All | Self::Times => true,
            Self::Owned => role.is_owner(),
            Self::Made => role.is_owner() && calendar.made_by_client.as_deref() == Some(client),
            Self::Public => role == Role::Holiday,
        }
    }
}

/// How far these scopes carry a method; nothing: they do not open it.
pub fn reaches(api: &Api, scopes: &BTreeSet<String>) -> BTreeSet<Reach> {
    let short = scopes.iter().filter_map(|scope| scope.strip_prefix(PREFIX));
    let calendar = short.filter_map(|scope| scope.strip_prefix("calendar"));
    calendar.filter_map(|scope| opens(api, scope.trim_start_matches('.'))).collect()
}

/// What follows `calendar.`; the empty one is `calendar` itself.
fn opens(api: &Api, scope: &str) -> Option<Reach> {
    match (api, scope) {
        (_, "") | (Api::ChannelsStop, "settings.readonly" | "acls" | "acls.readonly") => Some(Reach::All),
        (Api::CalendarListList, _) => any(scope, &["calendarlist", "calendarlist.readonly", "readonly"]),
        (Api::CalendarListGet(_), _) => {
            made_or(scope, &["calendarlist", "calendarlist.readonly", "readonly"])
        }
        (Api::CalendarsInsert | Api::CalendarsPatch(_) | Api::CalendarsDelete(_), _) => {
            made_or(scope, &["calendars"])
        }
        (Api::CalendarsGet(_), _) => made_or(scope, &["calendars", "calendars.readonly", "readonly"]),
        (
            Api::EventsInsert(_) | Api::EventsUpdate(..) | Api::EventsPatch(..) | Api::EventsDelete(..),
            "events.owned",
        ) => Some(Reach::Owned),
        (Api::EventsInsert(_) | Api::EventsUpdate(..) | Api::EventsPatch(..) | Api::EventsDelete(..), _) => {
            made_or(scope, &["events"])
        }
        (Api::EventsGet(..) | Api::EventsList(_) | Api::EventsInstances(..) | Api::EventsWatch(_), _) => {
            reads_events(scope)
        }
        (Api::AclList(_), _) => matches!(scope, "acls" | "acls.readonly").then_some(Reach::Owned),
        (Api::FreeBusy, _) => any(scope, &["events.freebusy", "freebusy", "readonly"]),
        (Api::ChannelsStop, _) => {
            reads_events(scope).or_else(|| any(scope, &["calendarlist", "calendarlist.readonly"]))
        }
    }
}

fn reads_events(scope: &str) -> Option<Reach> {
    match scope {
        "events.freebusy" => Some(Reach::Times),
        "events.owned" | "events.owned.readonly" => Some(Reach::Owned),
        "events.public.readonly" => Some(Reach::Public),
        _ => made_or(scope, &["events", "events.readonly", "readonly"]),
    }
}

fn any(scope: &str, known: &[&str]) -> Option<Reach> {
    known.contains(&scope).then_some(Reach::All)
}

fn made_or(scope: &str, known: &[&str]) -> Option<Reach> {
    if scope == "app.created" { Some(Reach::Made) } else { any(scope, known) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use super::*;

    /// One letter a method: may it (`y`, `-`), or how far (`m`ade, `o`wned, `p`ublic, `t`imes)?
    #[test]
    fn the_table_of_scopes_and_methods() {
        let id = String::new;
        let methods = [
            Api::CalendarListList,
            Api::CalendarListGet(id()),
            Api::CalendarsInsert,
            Api::CalendarsGet(id()),
            Api::AclList(id()),
            Api::EventsInsert(id()),
            Api::EventsDelete(id(), id()),
            Api::EventsList(id()),
            Api::EventsWatch(id()),
            Api::FreeBusy,
            Api::ChannelsStop,
        ];
        let table = "
            calendar                        yyyyyyyyyyy
            calendar.readonly               yy-y---yyyy
            calendar.events                 -----yyyy-y
            calendar.events.readonly        -------yy-y
            calendar.events.owned           -----oooo-o
            calendar.events.owned.readonly  -------oo-o
            calendar.events.freebusy        -------ttyt
            calendar.events.public.readonly -------pp-p
            calendar.freebusy               ---------y-
            calendar.app.created            -mmm-mmmm-m
            calendar.calendarlist           yy--------y
            calendar.calendarlist.readonly  yy--------y
            calendar.calendars              --yy-------
            calendar.calendars.readonly     ---y-------
            calendar.acls.readonly          ----o-----y
            calendar.settings.readonly      ----------y
            drive                           -----------";
        for line in table.lines().skip(1) {
            let (scope, expected) = line.trim().split_once(' ').unwrap();
            let scopes = BTreeSet::from([format!("{PREFIX}{scope}"), "openid".to_owned()]);
            let letter = |api: &Api| match reaches(api, &scopes).first() {
                None => '-',
                Some(Reach::All) => 'y',
                Some(Reach::Owned) => 'o',
                Some(Reach::Made) => 'm',
                Some(Reach::Public) => 'p',
                Some(Reach::Times) => 't',
            };
            assert_eq!(methods.iter().map(letter).collect::<String>(), expected.trim(), "{scope}");
        }
    }
}
