//! How an event is answered: ids in the form asked for, times on the clock asked for, extended properties only if
//! expanded, only what was selected. Decides nothing about what is answered.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::call::Query;
use super::filter;
use super::ids;
use super::prefer::Prefer;
use super::refusal::Refusal;
use super::series::{Occurrence, Seen};
use super::stored::{self, is_all_day, text};
use super::zone::{Moment, stamp};
use crate::cloud::{Calendar, Item, Role, World};

const PREVIEW: usize = 255;
/// Where extended properties stand.
pub(super) const PROPERTIES: &str = "singleValueExtendedProperties";

/// What one request wants to see.
pub(super) struct Shape<'a> {
    pub prefer: &'a Prefer,
    pub details: Details,
    pub wishes: Wishes,
}

/// May more than busy times be seen?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Details {
    All,
    BusyOnly,
}

impl Details {
    pub fn of(role: Role) -> Self {
        if role == Role::FreeBusyOnly { Self::BusyOnly } else { Self::All }
    }
}

/// `$select` and `$expand`.
#[derive(Default)]
pub(super) struct Wishes {
    select: Option<Vec<String>>,
    expand: Vec<String>,
}

impl Wishes {
    pub fn of(query: &Query) -> Result<Self, Refusal> {
        let select =
            query.get("$select").map(|names| names.split(',').map(|name| name.trim().to_owned()).collect());
        let expand = query.get("$expand").map(filter::expanded).transpose()?.unwrap_or_default();
        Ok(Self { select, expand })
    }

    /// What was not selected goes; the id and the etag stay.
    fn pick(&self, fields: &mut Map<String, Value>) {
        let Some(select) = &self.select else { return };
        let kept = |name: &str| name == "id" || name.starts_with("@odata.") || name == PROPERTIES;
        fields.retain(|name, _| kept(name) || select.iter().any(|wanted| wanted.eq_ignore_ascii_case(name)));
    }

    /// Extended properties come only where they were asked for by id.
    fn expand(&self, fields: &mut Map<String, Value>, properties: &Value) {
        let wanted = |one: &&Value| self.expand.iter().any(|id| filter::same_property(id, text(one, "id")));
        let properties: Vec<Value> =
            properties.as_array().into_iter().flatten().filter(wanted).cloned().collect();
        if !properties.is_empty() {
            fields.insert(PROPERTIES.to_owned(), properties.into());
        }
    }
}

/// Changes with every write of the item, and with nothing else.
pub(super) fn change_key(calendar: &str, item: &str, seq: u64) -> String {
    let sum = digest(&SHA256, format!("{calendar}/{item}/{seq}").as_bytes());
    STANDARD.encode(sum.as_ref().get(..16).unwrap_or_default())
}

pub(super) fn etag(item: &Item) -> String {
    weak(&change_key(&item.calendar, &item.id, item.seq))
}

pub(super) fn weak(change_key: &str) -> String {
    format!("W/\"{change_key}\"")
}

/// The body that an exception in the place of an occurrence begins with.
pub(super) fn occurrence_body(master: &Item, one: &Occurrence) -> Value {
    let changes = json!({
        "type": "occurrence", "recurrence": null, "seriesMasterId": master.id,
        "start": one.span.start.json(), "end": one.span.end.json(),
        "originalStart": stamp(one.span.start.instant()),
    });
    let mut body = stored::with(&master.body, changes);
    if let Some(fields) = body.as_object_mut() {
        fields.remove("transactionId");
    }
    body
}

impl Shape<'_> {
    pub fn seen(&self, seen: &Seen<'_>) -> Value {
        match seen {
            Seen::Whole(item, _) => self.event(item),
            Seen::Occurrence(master, one) => self.occurrence(master, one),
        }
    }

    /// A single event, a master, or an exception.
    pub fn event(&self, item: &Item) -> Value {
        self.full(item, &item.id, &item.body)
    }

    pub fn occurrence(&self, master: &Item, one: &Occurrence) -> Value {
        self.full(master, &one.key, &occurrence_body(master, one))
    }

    /// What a delta tells of an occurrence (providers B.4.2).
    pub fn sparse(&self, master: &Item, one: &Occurrence) -> Value {
        let all_day = is_all_day(&master.body);
        json!({
            "@odata.type": "#microsoft.graph.event", "@odata.etag": etag(master), "type": "occurrence",
            "id": self.id(&master.calendar, &one.key), "seriesMasterId": self.id(&master.calendar, &master.id),
            "start": one.span.start.shown_in(&self.prefer.zone, all_day),
            "end": one.span.end.shown_in(&self.prefer.zone, all_day),
        })
    }

    pub fn removed(&self, calendar: &str, item: &str) -> Value {
        json!({"@removed": {"reason": "deleted"}, "id": self.id(calendar, item)})
    }

    pub fn id(&self, calendar: &str, item: &str) -> String {
        ids::public(self.prefer.ids, calendar, item)
    }

    fn full(&self, item: &Item, key: &str, body: &Value) -> Value {
        let mut fields = body.as_object().cloned().unwrap_or_default();
        let properties = fields.remove(PROPERTIES).unwrap_or_default();
        fields.extend(self.derived(item, key, body));
        if self.details == Details::BusyOnly {
            hide(&mut fields);
        }
        self.wishes.pick(&mut fields);
        self.wishes.expand(&mut fields, &properties);
        Value::Object(fields)
    }

    fn derived(&self, item: &Item, key: &str, body: &Value) -> Map<String, Value> {
        let all_day = is_all_day(body);
        let shown = |name| {
            let moment = body.get(name).and_then(|value| Moment::parse(value, name).ok());
            moment.map(|moment| moment.shown_in(&self.prefer.zone, all_day))
        };
        let id = self.id(&item.calendar, key);
        let series = ids::split_occurrence(key).map_or(key, |(series, _)| series);
        let master = stored::master_of(body).map(|master| self.id(&item.calendar, master));
        let derived = json!({
            "@odata.etag": etag(item), "changeKey": change_key(&item.calendar, &item.id, item.seq),
            "createdDateTime": stamp(item.created), "lastModifiedDateTime": stamp(item.updated),
            "start": shown("start"), "end": shown("end"), "seriesMasterId": master,
            "iCalUId": global_id(key), "uid": global_id(series), "hasAttachments": false, "isDraft": false,
            "bodyPreview": preview(body), "onlineMeeting": null,
            "webLink": format!("https://outlook.office365.com/owa/?itemid={}&exvsurl=1&path=/calendar/item",
                url::form_urlencoded::byte_serialize(id.as_bytes()).collect::<String>()),
            "id": id,
        });
        if let Value::Object(fields) = derived { fields } else { Map::new() }
    }
}

/// The same in both id forms and in every calendar, as a meeting's global id is.
fn global_id(key: &str) -> String {
    let sum = digest(&SHA256, key.as_bytes());
    let digits = ids::digits(sum.as_ref().iter().copied()).to_uppercase();
    format!("040000008200E00074C5B7101A82E008{digits}")
}

fn preview(body: &Value) -> String {
    let content = body.pointer("/body/content").and_then(Value::as_str).unwrap_or_default();
    content.chars().take(PREVIEW).collect()
}

/// Only times and how they are shown may be seen.
fn hide(fields: &mut Map<String, Value>) {
    for (name, value) in [
        ("subject", json!("Busy")),
        ("bodyPreview", json!("")),
        ("body", json!({"contentType": "text", "content": ""})),
        ("attendees", json!([])),
        ("categories", json!([])),
        ("location", json!({"displayName": ""})),
        ("locations", json!([])),
    ] {
        fields.insert(name.to_owned(), value);
    }
}

/// A calendar as it stands in an account's list.
pub(super) fn calendar(world: &World, calendar: &Calendar, role: Role) -> Value {
    let owner = world.accounts.get(&calendar.account);
    let (name, address) = owner.map_or(("", ""), |owner| (owner.name.as_str(), owner.email.as_str()));
    let mut fields = json!({
        "id": calendar.id, "name": calendar.name, "color": "auto", "hexColor": "",
        "isDefaultCalendar": role == Role::Primary, "changeKey": calendar_key(calendar),
        "canShare": role.is_owner(), "canViewPrivateItems": role.is_owner(), "canEdit": role.may_write(),
        "isRemovable": role != Role::Primary, "isTallyingResponses": role == Role::Primary,
        "allowedOnlineMeetingProviders": ["teamsForBusiness"], "defaultOnlineMeetingProvider": "teamsForBusiness",
        "owner": {"name": name, "address": address},
    });
    if let Some(fields) = fields.as_object_mut() {
        fields.insert("@odata.etag".to_owned(), format!("W/\"{}\"", calendar_key(calendar)).into());
    }
    fields
}

fn calendar_key(calendar: &Calendar) -> String {
    let sum = digest(&SHA256, format!("{}/{}", calendar.id, calendar.seq).as_bytes());
    STANDARD.encode(sum.as_ref().get(..16).unwrap_or_default())
}

/// `$select` and `$expand` of a calendar; `extra` is what is kept beside it.
pub(super) fn selected(mut value: Value, extra: &Value, wishes: &Wishes) -> Value {
    if let Some(fields) = value.as_object_mut() {
        wishes.pick(fields);
        wishes.expand(fields, extra.get(PROPERTIES).unwrap_or(&Value::Null));
    }
    value
}
