//! With whom a calendar is shared (<https://learn.microsoft.com/graph/api/calendar-list-calendarpermissions>). Calendars that
//! are published on the web are not told there.

use daybook_core::ids::CalendarId;
use daybook_core::policy::{Onlooker, Sees, Who};
use daybook_engine::ports::RemoteError;
use serde::Deserialize;

use super::calendars::Page;
use super::failure::failure;
use super::{Call, Operation, Reply, encoded, parse_json};

/// The permissions on a calendar that the account owns. `None` where the server does not tell.
pub struct ListSharing<'a> {
    pub calendar: &'a CalendarId,
}

#[derive(Deserialize)]
struct Permission {
    /// `none`, `freeBusyRead`, `limitedRead`, `read`, `write`, delegates, `custom`.
    role: Option<String>,
}

impl Operation for ListSharing<'_> {
    type Answer = Option<Vec<Onlooker>>;

    fn what(&self) -> String {
        format!("who sees calendar {}", self.calendar)
    }

    fn prepare(&self) -> Call {
        let calendar = encoded(self.calendar.as_str());
        Call::get(format!("/me/calendars/{calendar}/calendarPermissions?$select=role&$top=100"))
    }

    fn parse(&self, reply: &Reply) -> Result<Self::Answer, RemoteError> {
        if matches!(reply.status.as_u16(), 400 | 403 | 404) {
            return match failure(self.what(), reply) {
                slower @ RemoteError::Later { .. } => Err(slower),
                _ => Ok(None),
            };
        }
        let page: Page<Permission> = parse_json(self.what(), reply)?;
        // More than a page of them is shared with somebody.
        let more = page.next.map(|_| Onlooker { who: Who::Some, sees: Sees::Details });
        Ok(Some(page.value.iter().filter_map(onlooker).chain(more).collect()))
    }
}

/// The owner is not listed; an organisation stands there as one of the others. A role that we do not know may be one that
/// sees everything.
fn onlooker(permission: &Permission) -> Option<Onlooker> {
    let sees = match permission.role.as_deref() {
        Some("none") => return None,
        Some("freeBusyRead") => Sees::Times,
        _ => Sees::Details,
    };
    Some(Onlooker { who: Who::Some, sees })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_sees_what_by_the_role() {
        for (role, sees) in [
            (Some("none"), None),
            (Some("freeBusyRead"), Some(Sees::Times)),
            (Some("limitedRead"), Some(Sees::Details)),
            (Some("read"), Some(Sees::Details)),
            (Some("delegateWithoutPrivateEventAccess"), Some(Sees::Details)),
            (Some("custom"), Some(Sees::Details)),
            (None, Some(Sees::Details)),
        ] {
            let permission = Permission { role: role.map(str::to_owned) };
            assert_eq!(onlooker(&permission).map(|one| one.sees), sees, "{role:?}");
        }
    }
}
