//! Requests about calendars: list them, make one.

use daybook_engine::ports::RemoteError;
use http::Method;
use serde::Deserialize;
use serde_json::json;

use super::failure::{account_failure, code};
use super::{Call, Operation, Reply, parse_json};

/// One page of the account's calendars.
pub struct ListCalendars {
    pub target: String,
}

impl ListCalendars {
    pub fn first() -> Self {
        let fields = "id,name,canEdit,canShare,isDefaultCalendar,owner";
        Self { target: format!("/me/calendars?$select={fields}&$top=100") }
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

/// Makes a calendar.
pub struct CreateCalendar<'a> {
    pub name: &'a str,
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
        Call::send(Method::POST, "/me/calendars".into(), json!({ "name": self.name }))
    }

    fn parse(&self, reply: &Reply) -> Result<Created, RemoteError> {
        if code(reply) == "errorfolderexists" {
            return Ok(Created::Before);
        }
        parse_json(self.what(), reply).map(Created::Now).map_err(account_failure)
    }
}
