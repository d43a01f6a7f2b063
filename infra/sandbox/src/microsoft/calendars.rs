//! `/me/calendars`: the account's list, and calendars made, renamed and deleted. Not the events in them.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::call::{Answer, Call};
use super::draft;
use super::refusal::Refusal;
use super::shape::{self, PROPERTIES, Wishes};
use super::stored::text;
use super::visit::{Need, Visit};
use crate::cloud::{Calendar, Role, World};

impl Visit<'_> {
    pub fn list_calendars(&self, call: &Call) -> Result<Answer, Refusal> {
        self.require(Need::Read)?;
        let wishes = Wishes::of(&call.query)?;
        let all: Vec<Value> = self.graph.cloud.read(|world| {
            let listed = world.calendars_of(&self.account.id);
            let shaped = |(one, role): &(&Calendar, Role)| {
                shape::selected(shape::calendar(world, one, *role), &one.extra, &wishes)
            };
            listed.iter().map(shaped).collect()
        });
        self.page(call, &format!("users('{}')/calendars", self.account.id), &all)
    }

    pub fn get_calendar(&self, call: &Call, id: &str) -> Result<Answer, Refusal> {
        self.require(Need::Read)?;
        let wishes = Wishes::of(&call.query)?;
        self.graph.cloud.read(|world| {
            let (calendar, role) = self.calendar(world, id)?;
            let shaped = shape::calendar(world, calendar, role);
            Ok(Answer::ok(shape::selected(shaped, &calendar.extra, &wishes)))
        })
    }

    pub fn create_calendar(&self, call: &Call) -> Result<Answer, Refusal> {
        self.require(Need::Write)?;
        let request = call.json()?;
        let name = name_in(request)?;
        let extra = request.get(PROPERTIES).map(|named| draft::properties(None, named)).transpose()?;
        self.graph.cloud.change(|tx| {
            self.check_name(tx.world(), &name, "")?;
            let id = format!("{}AAA=", tx.fresh("AAMkAG"));
            let calendar = Calendar {
                id,
                account: self.account.id.clone(),
                name,
                role: Role::Own,
                time_zone: self.account.time_zone.clone(),
                made_by_client: Some(self.grant.client.clone()),
                shared_with: std::collections::BTreeMap::new(),
                extra: extra.map_or(Value::Null, |properties| json!({PROPERTIES: properties})),
                seq: 0,
                deleted: false,
            };
            let calendar = tx.put_calendar(calendar);
            Ok(Answer::created(shape::calendar(tx.world(), &calendar, Role::Own)))
        })
    }

    pub fn change_calendar(&self, call: &Call, id: &str) -> Result<Answer, Refusal> {
        self.require(Need::Write)?;
        let request = call.json()?;
        self.graph.cloud.change(|tx| {
            let (before, role) = self.writable(tx.world(), id)?;
            let mut calendar = before.clone();
            if request.get("name").is_some() {
                calendar.name = name_in(request)?;
                self.check_name(tx.world(), &calendar.name, id)?;
            }
            let calendar = tx.put_calendar(calendar);
            Ok(Answer::ok(shape::calendar(tx.world(), &calendar, role)))
        })
    }

    pub fn delete_calendar(&self, id: &str) -> Result<Answer, Refusal> {
        self.require(Need::Write)?;
        self.graph.cloud.change(|tx| {
            let (calendar, role) = self.calendar(tx.world(), id)?;
            if role != Role::Own {
                let code = "ErrorDeleteDistinguishedFolder";
                return Err(Refusal::new(StatusCode::BAD_REQUEST, code, "This calendar cannot be deleted."));
            }
            let calendar = Calendar { deleted: true, ..calendar.clone() };
            tx.put_calendar(calendar);
            Ok(Answer::nothing())
        })
    }

    /// The organisation sees busy times, and those with whom it is shared what they may. The owner is not told.
    pub fn list_permissions(&self, call: &Call, id: &str) -> Result<Answer, Refusal> {
        self.require(Need::Read)?;
        let all: Vec<Value> = self.graph.cloud.read(|world| {
            let (calendar, role) = self.calendar(world, id)?;
            if !role.is_owner() {
                return Err(Refusal::denied());
            }
            let permission = |name: &str, address: &str, role: &str| {
                json!({"id": format!("{name}:{address}"), "isRemovable": !address.is_empty(), "isInsideOrganization": true,
                    "role": role, "emailAddress": {"name": name, "address": address}})
            };
            let organisation = permission("My Organization", "", "freeBusyRead");
            let others = calendar.shared_with.iter().filter_map(|(account, role)| {
                let account = world.account(account)?;
                Some(permission(&account.name, &account.email, word(*role)))
            });
            Ok([organisation].into_iter().chain(others).collect())
        })?;
        self.page(call, &format!("users('{}')/calendars('{id}')/calendarPermissions", self.account.id), &all)
    }

    /// Names are unique within what an account owns, whatever their letters' case.
    fn check_name(&self, world: &World, name: &str, but: &str) -> Result<(), Refusal> {
        let same = |one: &Calendar| one.id != but && one.name.to_lowercase() == name.to_lowercase();
        let own = world.calendars_of(&self.account.id).into_iter().filter(|(_, role)| role.is_owner());
        if own.map(|(one, _)| one).any(same) {
            let message = "A folder with the specified name already exists.";
            return Err(Refusal::new(StatusCode::CONFLICT, "ErrorFolderExists", message));
        }
        Ok(())
    }
}

/// Graph's word for what another may see.
fn word(role: Role) -> &'static str {
    match role {
        Role::FreeBusyOnly => "freeBusyRead",
        Role::Primary | Role::Own | Role::SharedWriter => "write",
        Role::SharedReader | Role::Subscribed | Role::Holiday => "read",
    }
}

fn name_in(request: &Value) -> Result<String, Refusal> {
    let name = text(request, "name").trim();
    if name.is_empty() { Err(Refusal::bad_value("name")) } else { Ok(name.to_owned()) }
}
