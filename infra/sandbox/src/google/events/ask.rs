//! What a listing is asked for: the query, read and checked. Which calendar it is of, and who asks, is not its
//! concern.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::cursor::{Cancelled, PageToken, Series, SyncToken, Terms, read};
use super::entries::Entry;
use crate::google::call::Query;
use crate::google::event::series::Window;
use crate::google::refusal::Refusal;

const DEFAULT_PAGE: usize = 250;
const LARGEST_PAGE: usize = 2_500;
/// How far endless series are expanded where nobody says.
const HORIZON: SignedDuration = SignedDuration::from_hours(24 * 366);
/// How far back `updatedMin` may lie, in practice.
const UPDATED_MIN: SignedDuration = SignedDuration::from_hours(24 * 30);
/// What must not stand beside a sync token.
const RESTRICTIONS: [&str; 8] = [
    "iCalUID",
    "orderBy",
    "privateExtendedProperty",
    "q",
    "sharedExtendedProperty",
    "timeMin",
    "timeMax",
    "updatedMin",
];

/// One request for a page.
pub struct Ask {
    pub page_size: usize,
    pub view: View,
    pub picks: Picks,
    pub from: From,
    /// The query without what may differ from page to page.
    pub query: String,
}

/// How events are shown.
pub struct View {
    /// `timeZone`; the calendar's if absent.
    pub zone: Option<TimeZone>,
    /// `maxAttendees`.
    pub attendees: usize,
}

/// Where a page begins.
pub enum From {
    /// The first page of everything.
    Start(Terms),
    /// The first page of what is new.
    Sync(SyncToken),
    /// A later page.
    Page(PageToken),
}

/// `orderBy`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    Any,
    Start,
    Updated,
}

/// Restrictions that no sync token remembers.
pub struct Picks {
    pub order: Order,
    updated_min: Option<Timestamp>,
    text: Option<String>,
    uid: Option<String>,
    /// `private` or `shared`, key, value.
    properties: Vec<(&'static str, String, String)>,
}

impl Ask {
    /// Reads the query of `events` or `instances`.
    pub fn parse(query: &Query, now: Timestamp) -> Result<Self, Refusal> {
        let terms = terms(query, now)?;
        let picks = Picks::parse(query, now)?;
        if picks.order == Order::Start && terms.series == Series::Whole {
            let message = "The requested ordering is not available for the particular query.";
            return Err(Refusal::parameter("orderBy", message));
        }
        let page_size = query.number("maxResults", 1..=LARGEST_PAGE)?.unwrap_or(DEFAULT_PAGE);
        let attendees = query.number("maxAttendees", 1..=usize::MAX)?.unwrap_or(usize::MAX);
        let view = View { zone: zone(query)?, attendees };
        Ok(Self { page_size, view, picks, from: from(query, terms)?, query: query.lasting() })
    }
}

fn from(query: &Query, terms: Terms) -> Result<From, Refusal> {
    if let Some(text) = query.one("syncToken") {
        let restricted = RESTRICTIONS.iter().find(|name| query.one(name).is_some());
        if let Some(name) = restricted {
            return Err(Refusal::parameter(name, "Sync token cannot be used with query restrictions."));
        }
        if query.one("showDeleted") == Some("false") {
            return Err(Refusal::parameter("showDeleted", "Deleted events are always part of a sync."));
        }
        if query.one("pageToken").is_none() {
            return sync(text, &terms).map(From::Sync);
        }
    }
    let Some(text) = query.one("pageToken") else { return Ok(From::Start(terms)) };
    let bad = || Refusal::parameter("pageToken", "Invalid page token value.");
    let token: PageToken = read(text).ok_or_else(bad)?;
    if token.query == query.lasting() { Ok(From::Page(token)) } else { Err(bad()) }
}

/// The other parameters must be those of the first listing.
fn sync(text: &str, terms: &Terms) -> Result<SyncToken, Refusal> {
    let token: SyncToken =
        read(text).ok_or_else(|| Refusal::parameter("syncToken", "Invalid sync token value."))?;
    let same =
        token.terms.as_ref().is_some_and(|first| first.series == terms.series && first.types == terms.types);
    if same {
        Ok(token)
    } else {
        Err(Refusal::parameter("syncToken", "The query differs from the first one."))
    }
}

fn terms(query: &Query, now: Timestamp) -> Result<Terms, Refusal> {
    let (after, before) = (query.time("timeMin")?, query.time("timeMax")?);
    if after.zip(before).is_some_and(|(after, before)| after >= before) {
        return Err(Refusal::time_range_empty());
    }
    let horizon = before.unwrap_or_else(|| now.checked_add(HORIZON).unwrap_or(Timestamp::MAX));
    let mut types: Vec<String> = query.all("eventTypes").map(str::to_owned).collect();
    types.sort();
    Ok(Terms {
        series: if query.flag("singleEvents")? { Series::Expanded } else { Series::Whole },
        cancelled: if query.flag("showDeleted")? { Cancelled::Shown } else { Cancelled::Hidden },
        types,
        window: Window { after, before, horizon },
    })
}

fn zone(query: &Query) -> Result<Option<TimeZone>, Refusal> {
    let named = query.one("timeZone").map(TimeZone::get).transpose();
    named.map_err(|_| Refusal::parameter("timeZone", "Invalid time zone."))
}

impl Picks {
    fn parse(query: &Query, now: Timestamp) -> Result<Self, Refusal> {
        let order = match query.one("orderBy") {
            None => Order::Any,
            Some("startTime") => Order::Start,
            Some("updated") => Order::Updated,
            Some(_) => return Err(Refusal::parameter("orderBy", "Invalid value for: orderBy")),
        };
        let updated_min = query.time("updatedMin")?;
        if updated_min.is_some_and(|at| now.duration_since(at) > UPDATED_MIN) {
            return Err(Refusal::updated_min_too_long_ago());
        }
        let mut properties = Vec::new();
        for (name, part) in [("privateExtendedProperty", "private"), ("sharedExtendedProperty", "shared")] {
            for pair in query.all(name) {
                let (key, value) = pair
                    .split_once('=')
                    .ok_or_else(|| Refusal::parameter(name, "Invalid property constraint."))?;
                properties.push((part, key.to_owned(), value.to_owned()));
            }
        }
        let text = query.one("q").map(str::to_lowercase);
        Ok(Self { order, updated_min, text, uid: query.one("iCalUID").map(str::to_owned), properties })
    }

    /// Without restrictions a listing ends in a sync token.
    pub fn allow_sync(&self) -> bool {
        self.order == Order::Any
            && self.updated_min.is_none()
            && self.text.is_none()
            && self.uid.is_none()
            && self.properties.is_empty()
    }

    /// Does an entry belong to the listing?
    pub fn take(&self, entry: &Entry<'_>) -> bool {
        let item = entry.item();
        let says = |key: &str| item.body.get(key).and_then(Value::as_str).unwrap_or_default();
        let uid = || {
            let own = format!("{}@google.com", item.id);
            let uid = says("iCalUID");
            if uid.is_empty() { own } else { uid.to_owned() }
        };
        let in_text = |text: &String| {
            ["summary", "description", "location"].iter().any(|key| says(key).to_lowercase().contains(text))
        };
        let has = |(part, key, value): &(&str, String, String)| {
            let map = item.body.get("extendedProperties").and_then(|all| all.get(*part));
            map.and_then(|map| map.get(key)).and_then(Value::as_str) == Some(value.as_str())
        };
        self.updated_min.is_none_or(|at| item.updated >= at)
            && self.text.as_ref().is_none_or(in_text)
            && self.uid.as_ref().is_none_or(|wanted| *wanted == uid())
            && self.properties.iter().all(has)
    }
}
