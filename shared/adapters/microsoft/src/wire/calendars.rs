//! Requests about calendars: list them, make one, see whether one holds nothing but mirrors or nothing at all, delete one.

use daybook_core::ids::CalendarId;
use daybook_engine::ports::{Contents, RemoteError};
use http::Method;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::json;

use super::event::{CALENDAR, Property, named, property};
use super::failure::{account_failure, code, failure, is_item_gone};
use super::{Call, Operation, Reply, encoded, parse_json};

/// One page of the account's calendars.
pub struct ListCalendars {
    pub target: String,
}

impl ListCalendars {
    pub fn first() -> Self {
        let fields = "id,name,canEdit,canShare,isDefaultCalendar,owner";
        Self { target: format!("/me/calendars?$select={fields}&$top=100") }
    }

    /// With the marks of those that we made.
    pub fn marked() -> Self {
        let expand = encoded(&format!("singleValueExtendedProperties($filter=id eq '{CALENDAR}')"));
        Self { target: format!("{}&$expand={expand}", Self::first().target) }
    }
}

/// A page, and where the next one is.
#[derive(Deserialize)]
pub struct Page<T> {
    pub value: Vec<T>,
    #[serde(rename = "@odata.nextLink")]
    pub next: Option<String>,
}

/// A calendar as Graph tells it.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Calendar {
    pub id: String,
    #[serde(default)]
    pub name: String,
    pub can_edit: Option<bool>,
    pub can_share: Option<bool>,
    #[serde(rename = "isDefaultCalendar")]
    pub is_default: Option<bool>,
    pub owner: Option<Owner>,
    #[serde(default)]
    single_value_extended_properties: Vec<Property>,
}

impl Calendar {
    /// The slug that we made it under.
    pub fn slug(&self) -> Option<&str> {
        property(&self.single_value_extended_properties, CALENDAR)
    }
}

#[derive(Clone, Debug, Deserialize)]
pub struct Owner {
    pub address: Option<String>,
}

impl Operation for ListCalendars {
    type Answer = Page<Calendar>;

    fn what(&self) -> String {
        "the calendars of the account".into()
    }

    fn prepare(&self) -> Call {
        Call::get(self.target.clone())
    }

    fn parse(&self, reply: &Reply) -> Result<Self::Answer, RemoteError> {
        parse_json(self.what(), reply).map_err(account_failure)
    }
}

/// Makes a calendar, with a mark by which it is found again.
pub struct CreateCalendar<'a> {
    pub name: &'a str,
    /// `None` where the server keeps no marks.
    pub slug: Option<&'a str>,
}

/// What became of it.
#[derive(Debug)]
pub enum Created {
    Now(Calendar),
    /// One of this name stands there already.
    Before,
}

impl Operation for CreateCalendar<'_> {
    type Answer = Created;

    fn what(&self) -> String {
        "a new calendar".into()
    }

    fn prepare(&self) -> Call {
        let body = match self.slug {
            Some(slug) => json!({
                "name": self.name,
                "singleValueExtendedProperties": [{ "id": CALENDAR, "value": slug }],
            }),
            None => json!({ "name": self.name }),
        };
        Call::send(Method::POST, "/me/calendars".into(), body)
    }

    fn parse(&self, reply: &Reply) -> Result<Created, RemoteError> {
        if code(reply) == "errorfolderexists" {
            return Ok(Created::Before);
        }
        parse_json(self.what(), reply).map(Created::Now).map_err(account_failure)
    }
}

/// Asks whether what a calendar holds, as far as its first page tells, was all made by us.
pub struct HoldsOnlyOurs<'a> {
    pub calendar: &'a CalendarId,
}

#[derive(Deserialize)]
struct Made {
    #[serde(rename = "transactionId")]
    transaction: Option<String>,
}

impl Operation for HoldsOnlyOurs<'_> {
    type Answer = bool;

    fn what(&self) -> String {
        format!("calendar {}", self.calendar)
    }

    fn prepare(&self) -> Call {
        let calendar = encoded(self.calendar.as_str());
        Call::get(format!("/me/calendars/{calendar}/events?$select=id,transactionId&$top=100"))
    }

    fn parse(&self, reply: &Reply) -> Result<bool, RemoteError> {
        let page: Page<Made> = parse_json(self.what(), reply)?;
        Ok(page.value.iter().all(|one| one.transaction.as_deref().and_then(named).is_some()))
    }
}

/// Asks whether anything stands in a calendar.
pub struct HoldsAnything<'a> {
    pub calendar: &'a CalendarId,
}

impl Operation for HoldsAnything<'_> {
    type Answer = Contents;

    fn what(&self) -> String {
        format!("calendar {}", self.calendar)
    }

    fn prepare(&self) -> Call {
        let calendar = encoded(self.calendar.as_str());
        Call::get(format!("/me/calendars/{calendar}/events?$select=id&$top=1"))
    }

    /// A page without events is the last one, unless it says otherwise.
    fn parse(&self, reply: &Reply) -> Result<Contents, RemoteError> {
        let page: Page<IgnoredAny> = parse_json(self.what(), reply)?;
        let is_empty = page.value.is_empty() && page.next.is_none();
        Ok(if is_empty { Contents::Nothing } else { Contents::Something })
    }
}

/// Deletes a calendar. Deleting one that is gone succeeds.
pub struct DeleteCalendar<'a> {
    pub calendar: &'a CalendarId,
}

impl Operation for DeleteCalendar<'_> {
    type Answer = ();

    fn what(&self) -> String {
        format!("calendar {}", self.calendar)
    }

    fn prepare(&self) -> Call {
        Call::delete(format!("/me/calendars/{}", encoded(self.calendar.as_str())))
    }

    fn parse(&self, reply: &Reply) -> Result<(), RemoteError> {
        if reply.status.is_success() || is_item_gone(reply) {
            return Ok(());
        }
        Err(failure(self.what(), reply))
    }
}
