//! Who asks, and what they may see and do of one calendar: the account's role, cut down to what the scopes cover.

use std::collections::BTreeSet;

use jiff::tz::TimeZone;

use super::call::Api;
use super::event::show::{Reader, Sees};
use super::refusal::Refusal;
use super::scope::{Reach, reaches};
use crate::cloud::{Account, Calendar, Grant, Role, World};

/// A caller whose scopes open the method that it calls.
pub struct Visitor {
    pub account: String,
    pub client: String,
    reaches: BTreeSet<Reach>,
}

/// A calendar, as a visitor may treat it.
pub struct Seen {
    pub account: Account,
    /// Through which app.
    pub client: String,
    pub calendar: Calendar,
    pub role: Role,
    sees: Sees,
}

impl Visitor {
    /// 403 unless some scope opens the method.
    pub fn admit(grant: Grant, api: &Api) -> Result<Self, Refusal> {
        let reaches = reaches(api, &grant.scopes);
        if reaches.is_empty() {
            return Err(Refusal::insufficient_permissions());
        }
        Ok(Self { account: grant.account, client: grant.client, reaches })
    }

    /// The calendar of that id, or `primary`. What is missing, what the account does not see, and what a client that
    /// sees only its own calendars asks of another are all 404.
    pub fn see(&self, world: &World, id: &str) -> Result<Seen, Refusal> {
        let account = world.account(&self.account).ok_or_else(Refusal::invalid_credentials)?;
        let calendar = if id == "primary" { world.primary(&self.account) } else { world.calendars.get(id) };
        let calendar = calendar.filter(|found| !found.deleted).ok_or_else(Refusal::not_found)?;
        let role = calendar.role_of(&self.account).ok_or_else(Refusal::not_found)?;
        let mut covering = self.reaches.iter().filter(|reach| reach.covers(calendar, role, &self.client));
        let sees = match (covering.next(), role) {
            (None, _) if self.reaches.iter().all(|reach| *reach == Reach::Made) => {
                return Err(Refusal::not_found());
            }
            (None, _) => return Err(Refusal::insufficient_permissions()),
            (Some(Reach::Times), _) | (_, Role::FreeBusyOnly) => Sees::Times,
            (_, Role::SharedReader) => Sees::Shared,
            _ => Sees::All,
        };
        Ok(Seen {
            account: account.clone(),
            client: self.client.clone(),
            calendar: calendar.clone(),
            role,
            sees,
        })
    }

    /// As `see`, for those who write.
    pub fn see_to_write(&self, world: &World, id: &str) -> Result<Seen, Refusal> {
        let seen = self.see(world, id)?;
        if seen.role.may_write() { Ok(seen) } else { Err(Refusal::access_level()) }
    }

    /// As `see`, for those who change the calendar itself.
    pub fn see_to_own(&self, world: &World, id: &str) -> Result<Seen, Refusal> {
        let seen = self.see(world, id)?;
        if seen.role.is_owner() { Ok(seen) } else { Err(Refusal::access_level()) }
    }
}

impl Seen {
    /// How events are rendered for this visitor.
    pub fn reader(&self, zone: TimeZone, attendees: usize) -> Reader<'_> {
        Reader { account: &self.account, calendar: &self.calendar, zone, sees: self.sees, attendees }
    }

    /// Google's word for the role.
    pub fn access_role(&self) -> &'static str {
        access_role(self.role)
    }
}

/// Google's word for a role.
pub fn access_role(role: Role) -> &'static str {
    match role {
        Role::Primary | Role::Own => "owner",
        Role::SharedWriter => "writer",
        Role::SharedReader | Role::Subscribed | Role::Holiday => "reader",
        Role::FreeBusyOnly => "freeBusyReader",
    }
}
