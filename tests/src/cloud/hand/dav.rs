//! A person with a CalDAV app: resources that it writes and reads itself, times in UTC, series by the week.

use std::sync::atomic::{AtomicU64, Ordering};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use daybook_core::connection::Provider;
use daybook_core::ids::CalendarId;
use daybook_core::mirror::MirrorId;
use daybook_core::time::Interval;
use http::StatusCode;
use jiff::{SignedDuration, Timestamp};

use super::{Ask, Hand, Shown, Standing, Weeks, between, wide};
use crate::cloud::house::{HOST, House};

pub struct DavHand {
    pub account: &'static str,
    pub password: &'static str,
    made: AtomicU64,
}

impl DavHand {
    pub fn ada() -> Self {
        Self { account: "ada", password: "ada-sandbox", made: AtomicU64::new(0) }
    }

    /// What stands in the field where a server is asked for.
    pub fn url() -> String {
        format!("{HOST}/sandbox/caldav/")
    }

    fn ask(&self, house: &House, method: &str, path: &str, body: String) -> (StatusCode, String) {
        let login = STANDARD.encode(format!("{}:{}", self.account, self.password));
        let headers = [("content-type", "text/calendar; charset=utf-8"), ("depth", "1")];
        let headers = if method == "PROPFIND" { &headers[1..] } else { &headers[..1] };
        Ask { method, url: format!("{HOST}{path}"), authorization: format!("Basic {login}"), headers, body }
            .send(house)
    }

    fn must(&self, house: &House, method: &str, path: &str, body: String) -> String {
        let (status, text) = self.ask(house, method, path, body);
        assert!(status.is_success(), "{method} {path}: {status} {text}");
        text
    }

    fn path(calendar: &CalendarId, item: &str) -> String {
        format!("{calendar}{item}.ics")
    }

    fn read(&self, house: &House, calendar: &CalendarId, item: &str) -> String {
        self.must(house, "GET", &Self::path(calendar, item), String::new())
    }

    fn write(&self, house: &House, calendar: &CalendarId, item: &str, text: &str) {
        self.must(house, "PUT", &Self::path(calendar, item), text.to_owned());
    }

    fn items(&self, house: &House, calendar: &CalendarId) -> Vec<String> {
        let listed = self.must(house, "PROPFIND", calendar.as_str(), String::new());
        let names = listed.split(['<', '>']).filter_map(|part| part.strip_suffix(".ics"));
        let mut names: Vec<String> =
            names.filter_map(|path| Some(path.rsplit_once('/')?.1.to_owned())).collect();
        names.sort();
        names.dedup();
        names
    }
}

fn stamp(at: Timestamp) -> String {
    at.strftime("%Y%m%dT%H%M%SZ").to_string()
}

fn instant(text: &str) -> Timestamp {
    let wall = jiff::civil::DateTime::strptime("%Y%m%dT%H%M%SZ", text).unwrap_or_else(|_| panic!("{text}"));
    jiff::tz::TimeZone::UTC.to_timestamp(wall).unwrap()
}

fn resource(events: &[String]) -> String {
    let inner = events.concat();
    format!(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//a person//EN\r\nCALSCALE:GREGORIAN\r\n{inner}END:VCALENDAR\r\n"
    )
}

fn event(uid: &str, at: Interval, more: &[String]) -> String {
    let more: String = more.iter().flat_map(|line| [line.as_str(), "\r\n"]).collect();
    let (start, end) = (stamp(at.start()), stamp(at.end()));
    format!(
        "BEGIN:VEVENT\r\nUID:{uid}\r\nDTSTAMP:20260101T000000Z\r\nDTSTART:{start}\r\nDTEND:{end}\r\n\
         SUMMARY:Something private\r\n{more}END:VEVENT\r\n"
    )
}

/// The events of a resource, each as its unfolded lines.
fn events(text: &str) -> Vec<Vec<String>> {
    let unfolded = text.replace("\r\n ", "").replace("\r\n\t", "");
    let parts = unfolded.split("BEGIN:VEVENT\r\n").skip(1);
    let body =
        |part: &str| part.split("END:VEVENT").next().unwrap_or_default().lines().map(str::to_owned).collect();
    parts.map(body).collect()
}

/// `DTSTART;X=Y:value` by `DTSTART`.
fn value<'a>(lines: &'a [String], name: &str) -> Option<&'a str> {
    lines.iter().find_map(|line| {
        let (head, value) = line.split_once(':')?;
        (head.split(';').next() == Some(name)).then_some(value)
    })
}

fn span(lines: &[String]) -> Interval {
    between(instant(value(lines, "DTSTART").unwrap()), instant(value(lines, "DTEND").unwrap()))
}

/// The text with the values of a line's name replaced, in every event.
fn replaced(text: &str, name: &str, to: &str) -> String {
    let is_it = |line: &str| line.split([':', ';']).next() == Some(name);
    let unfolded = text.replace("\r\n ", "");
    let lines: Vec<String> = unfolded
        .lines()
        .map(|line| if is_it(line) { format!("{name}:{to}") } else { line.to_owned() })
        .collect();
    lines.join("\r\n") + "\r\n"
}

impl Hand for DavHand {
    fn provider(&self) -> Provider {
        Provider::Caldav
    }

    fn make_calendar(&self, house: &House, name: &str) -> CalendarId {
        let path = format!("/sandbox/caldav/calendars/{}/{name}/", self.account);
        self.must(house, "MKCALENDAR", &path, String::new());
        CalendarId::new(path)
    }

    fn add(&self, house: &House, calendar: &CalendarId, at: Interval, weeks: Weeks) -> String {
        let item = format!("person-{}", self.made.fetch_add(1, Ordering::Relaxed));
        let rule = match weeks {
            Weeks::Once => None,
            Weeks::Times(times) => Some(format!("RRULE:FREQ=WEEKLY;COUNT={times}")),
            Weeks::ForEver => Some("RRULE:FREQ=WEEKLY".to_owned()),
        };
        let rule: Vec<String> = rule.into_iter().collect();
        self.write(house, calendar, &item, &resource(&[event(&item, at, &rule)]));
        item
    }

    /// A moved series forgets what became of single occurrences.
    fn shift(&self, house: &House, calendar: &CalendarId, item: &str, to: Interval) {
        let text = self.read(house, calendar, item);
        let rule = events(&text).iter().find_map(|lines| value(lines, "RRULE").map(str::to_owned));
        let text = match rule {
            Some(rule) => resource(&[event(item, to, &[format!("RRULE:{rule}")])]),
            None => replaced(&replaced(&text, "DTSTART", &stamp(to.start())), "DTEND", &stamp(to.end())),
        };
        self.write(house, calendar, item, &text);
    }

    fn delete(&self, house: &House, calendar: &CalendarId, item: &str) {
        self.must(house, "DELETE", &Self::path(calendar, item), String::new());
    }

    fn change_one(
        &self,
        house: &House,
        calendar: &CalendarId,
        item: &str,
        from: Interval,
        to: Option<Interval>,
    ) {
        let text = self.read(house, calendar, item);
        let text = match to {
            Some(to) => {
                let moved = event(item, to, &[format!("RECURRENCE-ID:{}", stamp(from.start()))]);
                text.replace("END:VCALENDAR", &format!("{moved}END:VCALENDAR"))
            }
            None => text.replacen("END:VEVENT", &format!("EXDATE:{}\r\nEND:VEVENT", stamp(from.start())), 1),
        };
        self.write(house, calendar, item, &text);
    }

    fn show_as(&self, house: &House, calendar: &CalendarId, item: &str, shown: Shown) {
        let word = if shown == Shown::Free { "TRANSPARENT" } else { "OPAQUE" };
        let text = self.read(house, calendar, item);
        let text = if text.contains("TRANSP:") {
            replaced(&text, "TRANSP", word)
        } else {
            text.replace("END:VEVENT", &format!("TRANSP:{word}\r\nEND:VEVENT"))
        };
        self.write(house, calendar, item, &text);
    }

    fn copy(&self, house: &House, calendar: &CalendarId, item: &str, to: Interval) -> String {
        let copy = format!("copy-{}", self.made.fetch_add(1, Ordering::Relaxed));
        let text = replaced(&self.read(house, calendar, item), "UID", &copy);
        let text = replaced(&replaced(&text, "DTSTART", &stamp(to.start())), "DTEND", &stamp(to.end()));
        self.write(house, calendar, &copy, &text);
        copy
    }

    fn standing(&self, house: &House, calendar: &CalendarId) -> Vec<Standing> {
        let wide = wide(house);
        let items = self.items(house, calendar);
        let all = items.iter().flat_map(|item| spread(item, &self.read(house, calendar, item), wide));
        all.collect()
    }

    fn expire_bookmarks(&self, house: &House) {
        let wish = r#"{"expire_tokens":true}"#.to_owned();
        let headers = [("content-type", "application/json")];
        let url = format!("{HOST}/sandbox/caldav/control");
        Ask { method: "POST", url, authorization: String::new(), headers: &headers, body: wish }.json(house);
    }
}

/// Every occurrence of a resource up to the end of `wide`.
fn spread(item: &str, text: &str, wide: Interval) -> Vec<Standing> {
    let events = events(text);
    let moved: Vec<Timestamp> =
        events.iter().filter_map(|lines| value(lines, "RECURRENCE-ID").map(instant)).collect();
    let mut all = Vec::new();
    for lines in &events {
        let cut: Vec<Timestamp> = lines
            .iter()
            .filter_map(|line| {
                line.strip_prefix("EXDATE:").or_else(|| line.strip_prefix("EXDATE;VALUE=DATE-TIME:"))
            })
            .map(instant)
            .collect();
        let stands = |at: &Interval| {
            value(lines, "RECURRENCE-ID").is_some()
                || !(cut.contains(&at.start()) || moved.contains(&at.start()))
        };
        let spans = occurrences(lines, wide);
        all.extend(spans.into_iter().filter(stands).map(|at| one(item, lines, at)));
    }
    all
}

fn occurrences(lines: &[String], wide: Interval) -> Vec<Interval> {
    let first = span(lines);
    let Some(rule) = value(lines, "RRULE") else { return vec![first] };
    let count =
        rule.split(';').find_map(|part| part.strip_prefix("COUNT=")?.parse().ok()).unwrap_or(u32::MAX);
    let week = SignedDuration::from_hours(7 * 24);
    let at = |n: u32| {
        let by = week * i32::try_from(n).unwrap();
        Interval::between(first.start() + by, first.end() + by)
    };
    (0..count.min(100)).map(at).take_while(|at| at.start() < wide.end()).collect()
}

fn one(item: &str, lines: &[String], at: Interval) -> Standing {
    Standing {
        item: item.to_owned(),
        at,
        is_busy: value(lines, "TRANSP") != Some("TRANSPARENT"),
        mirror: MirrorId::parse(item),
        title: value(lines, "SUMMARY").unwrap_or_default().to_owned(),
        is_private: value(lines, "CLASS") == Some("PRIVATE"),
        people: lines.iter().filter(|line| line.starts_with("ATTENDEE")).count(),
    }
}
