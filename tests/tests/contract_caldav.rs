//! The CalDAV adapter keeps the contract against a real server, and reads every recurrence case through one.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use daybook_caldav::Caldav;
use daybook_core::event::Seen;
use daybook_core::ids::{CalendarId, ItemId};
use daybook_core::policy::{AccountHome, AccountKind};
use daybook_core::time::{Interval, When};
use daybook_engine::ports::{
    Account, Calendar, CalendarProvider, Clock, Credentials, Login, NoTokens, PasswordSignIn, RemoteError,
};
use daybook_tests::person::CaldavPerson;
use daybook_tests::radicale::{PASSWORD, Radicale, USERNAME};
use jiff::Timestamp;
use reqwest::Method;

/// Time stands still: nothing in the contract depends on it.
struct Noon;

impl Clock for Noon {
    fn now(&self) -> Timestamp {
        "2026-03-01T12:00:00Z".parse().unwrap()
    }
}

fn adapter() -> Caldav {
    Caldav::new("loopback".parse().unwrap(), Arc::new(Noon)).unwrap()
}

fn login(url: &str, password: &str) -> Login {
    Login { url: url.into(), username: USERNAME.into(), password: password.into() }
}

async fn account(url: &str) -> Arc<dyn Account> {
    let adapter = adapter();
    let (credentials, _) = adapter.prove(login(url, PASSWORD)).await.unwrap();
    adapter.open(&credentials, Arc::new(NoTokens)).unwrap()
}

daybook_tests::every_promise!(radicale);

/// A fresh server; `None` where the tests run without servers.
async fn radicale() -> Option<(Radicale, Arc<dyn Account>, CaldavPerson)> {
    let server = Radicale::start()?;
    let (account, hands) =
        (account(&server.url()).await, CaldavPerson::new(&server.url(), USERNAME, PASSWORD));
    Some((server, account, hands))
}

#[tokio::test]
async fn discovery_finds_the_home_from_wherever_a_person_starts() {
    let Some(server) = Radicale::start() else { return };
    let home = format!("{}/{USERNAME}/", server.url());
    let calendar = account(&server.url()).await.create_calendar("Mine", "mine").await.unwrap();
    assert_eq!(calendar.id.as_str(), format!("/{USERNAME}/mine/"));
    for start in ["", "/", "/clinician/", "/clinician/mine/", "/nobody/here/"] {
        let found = adapter().prove(login(&format!("{}{start}", server.url()), PASSWORD)).await;
        let (Credentials::Caldav { home: found, .. }, identity) = found.unwrap() else {
            panic!("a password")
        };
        assert_eq!(found.as_deref(), Some(home.as_str()), "from {start}");
        assert_eq!(
            (identity.label.as_str(), identity.home),
            ("clinician@127.0.0.1", AccountHome::new(AccountKind::Server, "127.0.0.1"))
        );
    }
    let refused = adapter().prove(login(&server.url(), "wrong-password")).await.unwrap_err();
    assert!(matches!(refused, RemoteError::Refused { .. }), "{refused:?}");
    assert!(!format!("{refused:?} {refused}").contains("wrong-password"));
}

#[tokio::test]
async fn an_address_inside_our_network_is_refused() {
    let outside_only = Caldav::new("".parse().unwrap(), Arc::new(Noon)).unwrap();
    for url in
        ["http://127.0.0.1:9/", "https://127.0.0.1:9/", "https://localhost:9/", "https://169.254.169.254/"]
    {
        let refused = outside_only.prove(login(url, PASSWORD)).await.unwrap_err();
        assert!(matches!(refused, RemoteError::Rejected { .. }), "{url}: {refused:?}");
    }
}

fn cases() -> BTreeMap<String, (String, Vec<String>)> {
    let folder: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("recurrence-cases");
    let expected = std::fs::read_to_string(folder.join("expected.json")).unwrap();
    let expected: BTreeMap<String, Vec<String>> = serde_json::from_str(&expected).unwrap();
    let with_text = expected.into_iter().map(|(name, mut expected)| {
        expected.sort();
        // Two wall times on one instant are one occurrence (27_hourly_over_gap is policy).
        expected.dedup();
        let text = std::fs::read_to_string(folder.join(&name)).unwrap();
        // All cases share one UID, which one calendar does not take twice.
        (name.clone(), (text.replace("UID:", &format!("UID:{name}-")), expected))
    });
    with_text.collect()
}

fn years() -> Interval {
    Interval::new("2024-01-01T00:00:00Z".parse().unwrap(), "2030-01-01T00:00:00Z".parse().unwrap()).unwrap()
}

fn texts(seen: &Seen) -> Vec<String> {
    let Seen::Events(events) = seen else { panic!("no events: {seen:?}") };
    let mut texts: Vec<String> = events
        .iter()
        .map(|event| match event.when {
            When::Timed(i) => {
                format!("{}/{}", i.start().strftime("%Y%m%dT%H%M%SZ"), i.end().strftime("%Y%m%dT%H%M%SZ"))
            }
            When::AllDay { first, end } => format!("{}/{}", first.strftime("%Y%m%d"), end.strftime("%Y%m%d")),
            When::Floating { start, end } => format!("{start}/{end}"),
        })
        .collect();
    texts.sort();
    texts
}

async fn check(calendar: &dyn Calendar, at: &CalendarId, cases: &BTreeMap<String, (String, Vec<String>)>) {
    let items: Vec<ItemId> = cases.keys().map(|name| ItemId::new(format!("{at}{name}"))).collect();
    let sightings = calendar.get(&items, years()).await.unwrap();
    assert_eq!(sightings.len(), cases.len());
    for (sighting, (name, (_, expected))) in sightings.iter().zip(cases) {
        assert!(sighting.item.as_str().ends_with(name.as_str()));
        assert_eq!(&texts(&sighting.seen), expected, "{name}");
    }
}

/// Radicale refuses some cases; those come from a server that stores what it is given.
#[tokio::test]
async fn the_recurrence_cases_through_servers() {
    let Some(server) = Radicale::start() else { return };
    let (account, hands) =
        (account(&server.url()).await, CaldavPerson::new(&server.url(), USERNAME, PASSWORD));
    let id = account.create_calendar("Cases", "cases").await.unwrap().id;
    let (mut stored, mut refused) = (BTreeMap::new(), BTreeMap::new());
    for (name, case) in cases() {
        let answer = hands.ask(Method::PUT, &format!("{id}{name}"), case.0.clone()).await;
        let pile = if answer.status().is_success() { &mut stored } else { &mut refused };
        pile.insert(name, case);
    }
    println!("refused by Radicale: {:?}", refused.keys().collect::<Vec<_>>());
    assert!(stored.len() >= 25, "{} stored", stored.len());
    check(account.calendar(&id).as_ref(), &id, &stored).await;

    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let home = format!("http://{}/u/", listener.local_addr().unwrap());
    let keeper = tokio::spawn(async move { axum::serve(listener, keeper()).await });
    let Login { url, username, password } = login(&home, PASSWORD);
    let opened = Credentials::Caldav { url, username, password, home: Some(home), addresses: Vec::new() };
    let account = adapter().open(&opened, Arc::new(NoTokens)).unwrap();
    let id = CalendarId::new("/u/cases/");
    check(account.calendar(&id).as_ref(), &id, &cases()).await;
    keeper.abort();
}

/// Answers every multiget with the case files, untouched and in CDATA.
fn keeper() -> axum::Router {
    let line = |(name, (text, _)): (String, (String, Vec<String>))| {
        format!(
            "<response><href>/u/cases/{name}</href><propstat><prop><getetag>\"1\"</getetag>\
             <calendar-data xmlns=\"urn:ietf:params:xml:ns:caldav\"><![CDATA[{text}]]></calendar-data></prop>\
             <status>HTTP/1.1 200 OK</status></propstat></response>"
        )
    };
    let lines: String = cases().into_iter().map(line).collect();
    let body = format!("<multistatus xmlns=\"DAV:\">{lines}</multistatus>");
    axum::Router::new().fallback(move || {
        let body = body.clone();
        async move { (axum::http::StatusCode::MULTI_STATUS, body) }
    })
}

/// However many own writes there were, they come back in one request. `sync_bench` counts a thousand.
#[tokio::test]
async fn a_hundred_own_writes_come_back_in_one_request() {
    use daybook_core::key::{Owner, PracticeKey, Target};
    use daybook_core::mirror::{Certainty, Content, Expected, MirrorContent};
    use daybook_engine::ports::{MirrorRef, Step};

    let Some(server) = Radicale::start() else { return };
    let account = account(&server.url()).await;
    let id = account.create_calendar("Many", "many").await.unwrap().id;
    let calendar = account.calendar(&id);
    let cursor = calendar.list(years()).await.unwrap().cursor.unwrap();
    let key = PracticeKey::new(&[7; 32]);
    let start: Timestamp = "2026-03-10T09:00:00Z".parse().unwrap();
    let steps: Vec<Step> = (0..100)
        .map(|n| Step::Put {
            at: MirrorRef {
                mirror: key.mirror_id(
                    &"p".into(),
                    &Owner::Appointment(format!("a{n}").as_str().into()),
                    &Target::Calendar(id.clone()),
                ),
                remote: None,
            },
            expected: Expected::Absent,
            content: Content::Mirror(MirrorContent {
                title: "Busy".into(),
                interval: Interval::between(start, start + jiff::SignedDuration::from_mins(50)),
                certainty: Certainty::Confirmed,
                location: None,
                reminder_minutes: None,
            }),
        })
        .collect();
    assert!(calendar.carry_out(&steps).await.iter().all(Result::is_ok));
    let before = ["PUT", "REPORT", "PROPFIND", "GET"].map(|method| server.count_requests(method));
    let changes = calendar.list_changes(&cursor, years()).await.unwrap();
    let after = ["PUT", "REPORT", "PROPFIND", "GET"].map(|method| server.count_requests(method));
    assert_eq!(changes.entries.len(), 100);
    let [put, report, propfind, get] = before;
    assert_eq!(after, [put, report + 1, propfind, get]);
}
