//! One signed-in CalDAV account: its calendars, and making and deleting one of ours. What stands in a calendar is
//! [`crate::calendar`]'s business.

use std::sync::Arc;

use async_trait::async_trait;
use daybook_core::ids::CalendarId;
use daybook_core::policy::Onlooker;
use daybook_engine::ports::{Account, Calendar, CalendarInfo, RemoteError};
use url::Url;

use crate::calendar::CaldavCalendar;
use crate::discovery::{is_icloud_default, only};
use crate::href;
use crate::ical;
use crate::session::Session;
use crate::wire::change::{Condition, Delete, Dialect, Made, MakeCalendar};
use crate::wire::multistatus::Props;
use crate::wire::read::Propfind;
use crate::wire::{Depth, xml};

pub struct CaldavAccount {
    pub session: Arc<Session>,
    /// How invitations name the clinician, in the form that [`crate::discovery::address`] gives.
    pub addresses: Arc<[String]>,
}

const ASKED: [&xml::PropertyName<'static, 'static>; 8] = [
    &xml::RESOURCETYPE,
    &xml::DISPLAY_NAME,
    &xml::PRIVILEGES,
    &xml::OWNER,
    &xml::CURRENT_USER_PRINCIPAL,
    &xml::SUPPORTED_CALENDAR_COMPONENT_SET,
    &xml::CALENDAR_TIMEZONE,
    &xml::CALENDAR_TIMEZONE_ID,
];

#[async_trait]
impl Account for CaldavAccount {
    async fn list_calendars(&self) -> Result<Vec<CalendarInfo>, RemoteError> {
        let home = href::collection(self.session.base.path());
        let request = Propfind { path: &home, depth: Depth::One, properties: &ASKED };
        let lines = self.session.ask(&request).await?.responses;
        Ok(lines.iter().filter_map(|line| info(&self.session.base, &line.path, &line.props)).collect())
    }

    async fn create_calendar(&self, name: &str, slug: &str) -> Result<CalendarInfo, RemoteError> {
        let path = format!("{}{}/", href::collection(self.session.base.path()), segment(slug));
        for dialect in [Dialect::Mkcalendar, Dialect::Mkcol] {
            let made = self.session.ask(&MakeCalendar { path: &path, name, dialect }).await?;
            if let Some(calendar) = self.find_calendar(&path).await? {
                return Ok(calendar);
            }
            if made == Made::Now {
                break;
            }
        }
        Err(RemoteError::Forbidden { what: format!("a new calendar in {}", href::parent(&path)) })
    }

    async fn delete_calendar(&self, id: &CalendarId) -> Result<(), RemoteError> {
        let path = href::collection(id.as_str());
        self.session.ask(&Delete { path: &path, condition: Condition::Always }).await
    }

    /// A server tells of sharing in the list itself (<https://github.com/apple/ccs-calendarserver/blob/master/doc/Extensions/caldav-sharing.txt>).
    async fn onlookers(&self, _id: &CalendarId) -> Result<Option<Vec<Onlooker>>, RemoteError> {
        Ok(Some(Vec::new()))
    }

    fn calendar(&self, id: &CalendarId) -> Arc<dyn Calendar> {
        Arc::new(CaldavCalendar {
            session: self.session.clone(),
            addresses: self.addresses.clone(),
            path: href::collection(id.as_str()),
        })
    }
}

impl CaldavAccount {
    async fn find_calendar(&self, path: &str) -> Result<Option<CalendarInfo>, RemoteError> {
        let request = Propfind { path, depth: Depth::Zero, properties: &ASKED };
        match self.session.ask(&request).await {
            Ok(answer) => Ok(info(&self.session.base, path, &only(answer, path))),
            Err(RemoteError::Missing { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// A slug as one path segment.
fn segment(slug: &str) -> String {
    href::canonical(slug).replace('/', "%2F")
}

/// A collection as a calendar for events, or `None` where it is none: inboxes, outboxes, reminder lists
/// (trap C-T14), plain folders.
fn info(base: &Url, path: &str, props: &Props) -> Option<CalendarInfo> {
    let is = |kind: &str| props.types.iter().any(|name| name == kind);
    let holds_events =
        props.components.as_ref().is_none_or(|names| names.iter().any(|name| name == "VEVENT"));
    if !is("calendar") || !holds_events {
        return None;
    }
    let foreign = is("shared") || is("subscribed") || !owned_by_us(base, props);
    Some(CalendarInfo {
        id: CalendarId::new(href::collection(path)),
        name: props.display_name.clone().unwrap_or_else(|| href::stem(path.trim_end_matches('/')).to_owned()),
        time_zone: zone_name(props),
        writable: may_write(props) && !is("subscribed"),
        owned: !foreign,
        primary: is_icloud_default(base, path),
        shared: foreign || is("shared-owner"),
    })
}

fn owned_by_us(base: &Url, props: &Props) -> bool {
    let path = |link: &String| href::path_on(base, link).map(|path| href::collection(&path));
    match (&props.owner, &props.principal) {
        (Some(owner), Some(principal)) => path(owner) == path(principal),
        _ => true,
    }
}

/// A server that tells no privileges lets us try.
fn may_write(props: &Props) -> bool {
    let enough = |name: &String| matches!(name.as_str(), "all" | "write" | "write-content" | "bind");
    props.privileges.as_ref().is_none_or(|names| names.iter().any(enough))
}

fn zone_name(props: &Props) -> Option<String> {
    let named = props.time_zone_id.as_deref().and_then(ical::zone::iana_name);
    named.or_else(|| ical::zone::calendar_zone_name(props.time_zone.as_deref()?))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use super::*;
    use crate::wire::{fixture, multistatus};

    /// iCloud's dialect: a default namespace on each element, and a second propstat with 404 (E-036).
    const ICLOUD: &str = r#"<multistatus xmlns="DAV:">
 <response xmlns="DAV:"><href>/1/calendars/</href>
  <propstat><prop><resourcetype xmlns="DAV:"><collection/></resourcetype></prop><status>HTTP/1.1 200 OK</status></propstat></response>
 <response xmlns="DAV:"><href>/1/calendars/home/</href>
  <propstat><prop>
    <resourcetype xmlns="DAV:"><collection/><calendar xmlns="urn:ietf:params:xml:ns:caldav"/></resourcetype>
    <displayname xmlns="DAV:">Home</displayname>
    <supported-calendar-component-set xmlns="urn:ietf:params:xml:ns:caldav"><comp name="VEVENT"/></supported-calendar-component-set>
    <current-user-privilege-set xmlns="DAV:"><privilege><read/></privilege><privilege><write/></privilege></current-user-privilege-set>
  </prop><status>HTTP/1.1 200 OK</status></propstat>
  <propstat><prop><displayname xmlns="DAV:"/><calendar-timezone xmlns="urn:ietf:params:xml:ns:caldav"/></prop><status>HTTP/1.1 404 Not Found</status></propstat></response>
 <response xmlns="DAV:"><href>/1/calendars/tasks/</href><propstat><prop>
    <resourcetype><collection/><calendar xmlns="urn:ietf:params:xml:ns:caldav"/></resourcetype>
    <supported-calendar-component-set xmlns="urn:ietf:params:xml:ns:caldav"><comp name="VTODO"/></supported-calendar-component-set>
  </prop><status>HTTP/1.1 200 OK</status></propstat></response>
 <response xmlns="DAV:"><href>/1/calendars/inbox/</href><propstat><prop>
    <resourcetype><collection/><schedule-inbox xmlns="urn:ietf:params:xml:ns:caldav"/></resourcetype>
  </prop><status>HTTP/1.1 200 OK</status></propstat></response>
</multistatus>"#;

    /// The prefix dialect, with a calendar that somebody else shares for reading.
    const PREFIXES: &str = r#"<d:multistatus xmlns:d="DAV:" xmlns:c="urn:ietf:params:xml:ns:caldav" xmlns:cs="http://calendarserver.org/ns/">
 <d:response><d:href>/u/a%40b/team%20x/</d:href><d:propstat><d:prop>
   <d:resourcetype><d:collection/><c:calendar/></d:resourcetype>
   <d:owner><d:href>/principals/eve/</d:href></d:owner>
   <d:current-user-principal><d:href>/principals/ada/</d:href></d:current-user-principal>
   <d:current-user-privilege-set><d:privilege><d:read/></d:privilege></d:current-user-privilege-set>
   <c:calendar-timezone><![CDATA[BEGIN:VCALENDAR
BEGIN:VTIMEZONE
TZID:W. Europe Standard Time
END:VTIMEZONE
END:VCALENDAR
]]></c:calendar-timezone>
 </d:prop><d:status>HTTP/1.1 200 OK</d:status></d:propstat></d:response>
 <d:response><d:href>/u/a%40b/own/</d:href><d:propstat><d:prop>
   <d:resourcetype><d:collection/><c:calendar/><cs:shared-owner/></d:resourcetype>
   <d:owner><d:href>/principals/ada</d:href></d:owner>
   <d:current-user-principal><d:href>/principals/ada/</d:href></d:current-user-principal>
 </d:prop><d:status>HTTP/1.1 200 OK</d:status></d:propstat></d:response>
 <d:response><d:href>/u/a%40b/feed/</d:href><d:propstat><d:prop>
   <d:resourcetype><d:collection/><c:calendar/><cs:subscribed/></d:resourcetype>
 </d:prop><d:status>HTTP/1.1 200 OK</d:status></d:propstat></d:response>
</d:multistatus>"#;

    fn calendars(base: &str, body: &str) -> Vec<CalendarInfo> {
        let base = Url::parse(base).unwrap();
        let answer = multistatus::parse(&base, &fixture::reply(207, body).body).unwrap();
        answer.responses.iter().filter_map(|line| info(&base, &line.path, &line.props)).collect()
    }

    #[test]
    fn e_036_icloud_calendars() {
        let found = calendars("https://p07-caldav.icloud.com/1/calendars/", ICLOUD);
        assert_eq!(
            found,
            [CalendarInfo {
                id: "/1/calendars/home/".into(),
                name: "Home".into(),
                time_zone: None,
                writable: true,
                owned: true,
                primary: true,
                shared: false,
            }]
        );
    }

    #[test]
    fn shared_and_subscribed_calendars() {
        let found = calendars("https://dav.example.org/u/", PREFIXES);
        let flags: Vec<_> = found.iter().map(|c| (c.id.as_str(), c.writable, c.owned, c.shared)).collect();
        assert_eq!(
            flags,
            [
                ("/u/a@b/team%20x/", false, false, true),
                ("/u/a@b/own/", true, true, true),
                ("/u/a@b/feed/", false, false, true),
            ]
        );
        assert_eq!(found[0].time_zone.as_deref(), Some("Europe/Berlin"));
        assert_eq!(found[1].name, "own");
    }
}
