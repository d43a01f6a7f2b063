//! Who is asking, and what that account may see and do: scopes, calendars, ids. Every resource begins here.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::Microsoft;
use super::call::{Answer, Call};
use super::edit::{self, Target};
use super::ids;
use super::refusal::Refusal;
use super::shape::{Details, Shape, Wishes};
use crate::cloud::{Account, Calendar, Grant, Role, World};

/// One signed-in request.
pub(super) struct Visit<'a> {
    pub graph: &'a Microsoft,
    pub grant: Grant,
    pub account: Account,
}

/// What a request needs to be granted (providers B.1.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Need {
    Profile,
    Read,
    Write,
}

/// Where an event lives: its calendar and its key there.
pub(super) struct Place {
    pub calendar: String,
    pub key: String,
    pub role: Role,
}

impl Visit<'_> {
    pub fn require(&self, need: Need) -> Result<(), Refusal> {
        let enough: &[&str] = match need {
            Need::Profile => &["User.Read", "User.ReadBasic", "User.ReadWrite"],
            Need::Read => &[
                "Calendars.Read",
                "Calendars.ReadBasic",
                "Calendars.ReadWrite",
                "Calendars.Read.Shared",
                "Calendars.ReadWrite.Shared",
            ],
            Need::Write => &["Calendars.ReadWrite", "Calendars.ReadWrite.Shared"],
        };
        let has = |scope: &String| {
            let short = scope.rsplit('/').next().unwrap_or(scope);
            enough.iter().any(|known| known.eq_ignore_ascii_case(short))
        };
        if self.grant.scopes.iter().any(has) { Ok(()) } else { Err(Refusal::denied()) }
    }

    /// A calendar in the account's list.
    pub fn calendar<'w>(&self, world: &'w World, id: &str) -> Result<(&'w Calendar, Role), Refusal> {
        let role = world.role(&self.account.id, id).ok_or_else(Refusal::not_found)?;
        let calendar = world.calendars.get(id).ok_or_else(Refusal::not_found)?;
        Ok((calendar, role))
    }

    pub fn writable<'w>(&self, world: &'w World, id: &str) -> Result<(&'w Calendar, Role), Refusal> {
        let found = self.calendar(world, id)?;
        if found.1.may_write() { Ok(found) } else { Err(Refusal::denied()) }
    }

    /// What a public id names. An immutable id does not say which calendar, so all of the account's are asked.
    pub fn place(&self, world: &World, call: &Call, id: &str) -> Result<Place, Refusal> {
        let named = ids::read(call.prefer.ids, id).ok_or_else(Refusal::bad_id)?;
        let fits = |calendar: &str| named.calendar.as_deref().is_none_or(|only| only == calendar);
        let mut listed = world.calendars_of(&self.account.id).into_iter();
        let found = listed.find(|(calendar, _)| {
            fits(&calendar.id) && edit::find(world, &calendar.id, &named.item).is_some()
        });
        let (calendar, role) = found.ok_or_else(Refusal::not_found)?;
        Ok(Place { calendar: calendar.id.clone(), key: named.item, role })
    }

    /// The address of the same path with another query.
    pub fn link(&self, call: &Call, query: &str) -> String {
        format!("{}?{query}", self.address(&call.path))
    }

    /// A path below the version root as others would call it.
    pub fn address(&self, path: &str) -> String {
        format!(
            "{}/v1.0/{}",
            self.graph.cloud.base().as_str().trim_end_matches('/'),
            path.trim_start_matches('/')
        )
    }

    pub fn context(&self, what: &str) -> Value {
        self.address(&format!("$metadata#{what}")).into()
    }

    /// One page of a listing, cut out by `$top` and `$skip`.
    pub fn page(&self, call: &Call, what: &str, all: &[Value]) -> Result<Answer, Refusal> {
        let (top, skip) = (call.query.top(DEFAULT_PAGE)?, call.query.skip()?);
        let value: Vec<&Value> = all.iter().skip(skip).take(top).collect();
        let next = skip.saturating_add(value.len());
        let mut answer = json!({"@odata.context": self.context(what), "value": value});
        if next < all.len()
            && let Some(fields) = answer.as_object_mut()
        {
            let link = self.link(call, &call.query.with("$skip", &next.to_string()));
            fields.insert("@odata.nextLink".to_owned(), link.into());
        }
        Ok(Answer::ok(answer))
    }

    pub fn me(&self, _call: &Call) -> Result<Answer, Refusal> {
        self.require(Need::Profile)?;
        let Account { id, email, name, kind, .. } = &self.account;
        let mail = (*kind == crate::cloud::Organisation::Organisation).then_some(email);
        Ok(Answer::ok(json!({
            "@odata.context": self.context("users/$entity"), "id": id, "displayName": name,
            "mail": mail, "userPrincipalName": email, "businessPhones": [], "preferredLanguage": null,
        })))
    }
}

/// The item or occurrence that lives there.
pub(super) fn target<'w>(world: &'w World, place: &Place) -> Result<Target<'w>, Refusal> {
    edit::find(world, &place.calendar, &place.key).ok_or_else(Refusal::not_found)
}

/// How this request wants its answer.
pub(super) fn shape(call: &Call, role: Role) -> Result<Shape<'_>, Refusal> {
    Ok(Shape { prefer: &call.prefer, details: Details::of(role), wishes: Wishes::of(&call.query)? })
}

/// Graph's page size where none is asked for.
const DEFAULT_PAGE: usize = 10;

pub(super) fn no_such_segment(call: &Call) -> Refusal {
    let last = call.segments.last().map_or("", String::as_str);
    Refusal::new(
        StatusCode::BAD_REQUEST,
        "BadRequest",
        format!("Resource not found for the segment '{last}', or it does not take {}.", call.method),
    )
}
