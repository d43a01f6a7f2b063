//! The adapter against a server that follows a script: redirects, refusals, servers that stumble. Each script
//! answers a request by its method, path and body, and every request is written down.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use std::sync::{Arc, Mutex};

use axum::body::Bytes;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use daybook_caldav::Caldav;
use daybook_core::event::Seen;
use daybook_core::ids::{CalendarId, Cursor, ItemId};
use daybook_core::link::Touch;
use daybook_core::mirror::{Certainty, Content, Expected, MirrorContent, MirrorId};
use daybook_core::time::Interval;
use daybook_engine::ports::{
    Account, Calendar, CalendarProvider, Clock, Completeness, Credentials, Entry, Login, MirrorRef, NoTokens,
    PasswordSignIn, RemoteError, Step,
};
use jiff::Timestamp;

struct Noon;

impl Clock for Noon {
    fn now(&self) -> Timestamp {
        "2026-03-01T12:00:00Z".parse().unwrap()
    }
}

/// What a script sees, and what it answers.
struct Asked {
    method: String,
    path: String,
    headers: HeaderMap,
    body: String,
}

type Script = dyn Fn(&Asked) -> Response + Send + Sync;

struct Server {
    base: String,
    log: Arc<Mutex<Vec<String>>>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Server {
    async fn start(script: impl Fn(&Asked) -> Response + Send + Sync + 'static) -> Self {
        let script: Arc<Script> = Arc::new(script);
        let log = Arc::new(Mutex::new(Vec::new()));
        let written = log.clone();
        let app =
            axum::Router::new().fallback(move |method: Method, uri: Uri, headers: HeaderMap, body: Bytes| {
                let (script, written) = (script.clone(), written.clone());
                async move {
                    let body = String::from_utf8_lossy(&body).into_owned();
                    let asked = Asked { method: method.to_string(), path: uri.path().into(), headers, body };
                    written.lock().unwrap().push(format!("{} {}", asked.method, asked.path));
                    script(&asked)
                }
            });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let task = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { base, log, task }
    }

    fn requests(&self) -> Vec<String> {
        self.log.lock().unwrap().clone()
    }

    fn account(&self) -> Arc<dyn Account> {
        let credentials = credentials(&self.base, format!("{}/u/", self.base));
        adapter("loopback").open(&credentials, Arc::new(NoTokens)).unwrap()
    }

    fn calendar(&self) -> Arc<dyn Calendar> {
        self.account().calendar(&CalendarId::new("/u/c/"))
    }
}

fn adapter(allow: &str) -> Caldav {
    Caldav::new(allow.parse().unwrap(), Arc::new(Noon)).unwrap()
}

fn login(url: &str) -> Login {
    Login { url: url.into(), username: "ada".into(), password: "secret-ada".into() }
}

fn credentials(url: &str, home: String) -> Credentials {
    let Login { url, username, password } = login(url);
    Credentials::Caldav { url, username, password, home: Some(home), addresses: Vec::new() }
}

fn status(code: u16) -> Response {
    StatusCode::from_u16(code).unwrap().into_response()
}

fn redirect(code: u16, to: &str) -> Response {
    (StatusCode::from_u16(code).unwrap(), [("location", to.to_owned())]).into_response()
}

fn lines(lines: &str) -> Response {
    let body = format!(
        "<multistatus xmlns=\"DAV:\" xmlns:c=\"urn:ietf:params:xml:ns:caldav\" xmlns:s=\"http://calendarserver.org/ns/\">{lines}</multistatus>"
    );
    (StatusCode::MULTI_STATUS, body).into_response()
}

fn line(path: &str, props: &str) -> String {
    format!(
        "<response><href>{path}</href><propstat><prop>{props}</prop><status>HTTP/1.1 200 OK</status></propstat></response>"
    )
}

fn event(uid: &str) -> String {
    format!(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VEVENT\r\nUID:{uid}\r\nDTSTART:20260303T100000Z\r\n\
         DTEND:20260303T110000Z\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    )
}

fn march() -> Interval {
    Interval::new("2026-03-01T00:00:00Z".parse().unwrap(), "2026-04-01T00:00:00Z".parse().unwrap()).unwrap()
}

fn mirror() -> MirrorRef {
    MirrorRef { mirror: MirrorId::parse(&format!("db1{}", "0".repeat(40))).unwrap(), remote: None }
}

fn put(expected: Expected) -> Step {
    let content = MirrorContent {
        title: "Busy".into(),
        interval: march(),
        certainty: Certainty::Confirmed,
        location: None,
        reminder_minutes: None,
    };
    Step::Put { at: mirror(), expected, content: Content::Mirror(content) }
}

/// iCloud's way: the entry host names the principal, and the home lies on another host; both demand the password.
#[tokio::test]
async fn discovery_follows_links_to_an_allowed_host_and_redirects_with_method_and_body() {
    let partition = Server::start(|asked| {
        assert!(asked.headers.contains_key("authorization"));
        lines(&line(&asked.path, "<resourcetype><collection/></resourcetype>"))
    })
    .await;
    let home = format!("{}/1/calendars/", partition.base);
    let entry = Server::start(move |asked| {
        assert!(asked.headers.contains_key("authorization"));
        assert_eq!((asked.method.as_str(), asked.body.contains("current-user-principal")), ("PROPFIND", true));
        match asked.path.as_str() {
            "/.well-known/caldav" => redirect(301, "/dav"),
            "/dav" => redirect(308, "/dav/"),
            "/dav/" => lines(&line("/dav/", "<current-user-principal><href>/1/principal/</href></current-user-principal>")),
            // Another href than the one asked for, as iCloud has been seen to answer.
            "/1/principal/" => lines(&line(
                "/principal/",
                &format!(
                    "<c:calendar-home-set><href>{home}</href></c:calendar-home-set>\
                     <c:calendar-user-address-set><href>mailto:Ada@iCloud.com</href></c:calendar-user-address-set>"
                ),
            )),
            _ => status(404),
        }
    })
    .await;
    let found = adapter("loopback").prove(login(&format!("{}/x", entry.base))).await.unwrap();
    let Credentials::Caldav { home, addresses, .. } = found.0 else { panic!("a password") };
    assert_eq!(home, Some(format!("{}/1/calendars/", partition.base)));
    assert_eq!(addresses, ["ada@icloud.com"]);
    assert_eq!(
        entry.requests(),
        [
            "PROPFIND /x",
            "PROPFIND /.well-known/caldav",
            "PROPFIND /dav",
            "PROPFIND /dav/",
            "PROPFIND /1/principal/"
        ]
    );
}

#[tokio::test]
async fn the_password_never_goes_astray() {
    let stranger = Server::start(|_| status(200)).await;
    let to = stranger.base.clone();
    let port_of = |url: &str| url.rsplit(':').next().unwrap().to_owned();
    let away = Server::start(move |_| redirect(301, &to)).await;
    let to = stranger.base.clone();
    let linking = Server::start(move |asked| {
        lines(&line(&asked.path, &format!("<c:calendar-home-set><href>{to}/u/</href></c:calendar-home-set>")))
    })
    .await;
    for server in [&away, &linking] {
        // Only the first server is listed, by its port.
        let only = adapter(&format!("127.0.0.1:{}", port_of(&server.base)));
        let error = only.prove(login(&server.base)).await.unwrap_err();
        assert!(matches!(error, RemoteError::Rejected { .. }), "{error:?}");
        assert!(error.to_string().contains("may not go"), "{error}");
        assert!(!format!("{error:?}").contains("secret-ada"));
    }
    assert_eq!(stranger.requests(), Vec::<String>::new());
}

#[tokio::test]
async fn redirects_that_lead_nowhere_end() {
    let circle = Server::start(|asked| redirect(302, &format!("{}x", asked.path))).await;
    let error = circle.account().list_calendars().await.unwrap_err();
    assert!(matches!(error, RemoteError::Rejected { .. }), "{error:?}");
    assert_eq!(circle.requests().len(), 6, "one request and five redirects");
}

#[tokio::test]
async fn refused_credentials_are_tried_once() {
    let server = Server::start(|_| status(401)).await;
    let error = adapter("loopback").prove(login(&server.base)).await.unwrap_err();
    assert!(matches!(error, RemoteError::Refused { .. }), "{error:?}");
    assert_eq!(server.requests().len(), 1);
    let seen = server.calendar().get(&["/u/c/a.ics".into()], march()).await.unwrap_err();
    assert!(matches!(seen, RemoteError::Refused { .. }), "{seen:?}");
    assert_eq!(server.requests().len(), 2, "no resource is asked for alone after a 401");
}

#[tokio::test]
async fn a_server_without_time_filters_and_tokens_is_listed_by_name() {
    let server =
        Server::start(|asked| match (asked.method.as_str(), asked.headers["depth"].to_str().unwrap()) {
            ("PROPFIND", "0") => lines(&line("/u/c/", "<s:getctag>tag: 7</s:getctag>")),
            ("PROPFIND", _) => lines(&format!(
                "{}{}{}",
                line("/u/c/", "<resourcetype><collection/></resourcetype>"),
                line("/u/c/sub/", "<resourcetype><collection/></resourcetype>"),
                line("/u/c/a%20b.ics", "<getetag>7</getetag>"),
            )),
            _ => status(501),
        })
        .await;
    let listing = server.calendar().list(march()).await.unwrap();
    let item = ItemId::new("/u/c/a%20b.ics");
    assert_eq!(listing.entries, [Entry::Touched { item, revision: Some("\"7\"".into()), name: None }]);
    assert_eq!(
        (listing.completeness, listing.cursor.clone()),
        (Completeness::Complete, Some("ctag:tag: 7".into()))
    );
    let before = server.requests().len();
    let idle = server.calendar().list_changes(&listing.cursor.unwrap(), march()).await.unwrap();
    assert!(
        idle.entries.is_empty() && server.requests().len() == before + 1,
        "one request where nothing changed"
    );
    let lost = server.calendar().list_changes(&Cursor::new("ctag:6"), march()).await.unwrap_err();
    assert!(matches!(lost, RemoteError::CursorLost { .. }), "{lost:?}");
}

#[tokio::test]
async fn a_delta_in_pieces_is_joined_and_the_last_word_counts() {
    let server = Server::start(|asked| {
        let cut = "<response><href>/u/c/</href><status>HTTP/1.1 507 Insufficient Storage</status></response>";
        let gone = "<response><href>/u/c/a.ics</href><status>HTTP/1.1 404 Not Found</status></response>";
        if asked.body.contains(">t1<") {
            let first = format!(
                "{}{}",
                line("/u/c/a.ics", "<getetag>\"1\"</getetag>"),
                line("/u/c/b.ics", "<getetag>\"1\"</getetag>")
            );
            lines(&format!("{first}{cut}<sync-token>t2</sync-token>"))
        } else {
            lines(&format!("{gone}<sync-token>t3</sync-token>"))
        }
    })
    .await;
    let listing = server.calendar().list_changes(&Cursor::new("sync:t1"), march()).await.unwrap();
    assert_eq!(listing.cursor, Some("sync:t3".into()));
    assert_eq!(server.requests().len(), 2);
    assert!(
        matches!(&listing.entries[0], Entry::Seen(gone) if gone.seen == Seen::Gone && gone.item == "/u/c/a.ics".into())
    );
    assert!(matches!(&listing.entries[1], Entry::Touched { item, .. } if *item == "/u/c/b.ics".into()));
}

/// A server that goes on for ever is not followed for ever.
#[tokio::test]
async fn a_delta_without_end_is_given_up() {
    let cut = "<response><href>/u/c/</href><status>HTTP/1.1 507 Insufficient Storage</status></response>";
    let same = Server::start(move |_| lines(&format!("{cut}<sync-token>t1</sync-token>"))).await;
    let listing = same.calendar().list_changes(&Cursor::new("sync:t1"), march()).await.unwrap();
    assert_eq!((listing.completeness, same.requests().len()), (Completeness::Incomplete, 1));
}

#[tokio::test]
async fn e_040_one_bad_resource_does_not_fail_its_batch() {
    let server = Server::start(|asked| match (asked.method.as_str(), asked.path.as_str()) {
        ("REPORT", _) | ("GET", "/u/c/cursed.ics") => status(500),
        ("GET", "/u/c/good.ics") => event("good").into_response(),
        ("GET", "/u/c/large.ics") => "x".repeat(1024 * 1024 + 1).into_response(),
        ("GET", "/u/c/torn.ics") => "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n".into_response(),
        ("GET", "/u/c/odd.ics") => status(400),
        _ => status(404),
    })
    .await;
    let items: Vec<ItemId> = ["good", "large", "torn", "odd", "cursed", "gone"]
        .map(|name| ItemId::new(format!("/u/c/{name}.ics")))
        .into();
    let seen = server.calendar().get(&items, march()).await.unwrap();
    let said: Vec<String> = seen
        .iter()
        .map(|one| match &one.seen {
            Seen::Events(events) => format!("{} {}", one.series, events.len()),
            Seen::Unreadable { reason } => reason.clone(),
            Seen::Gone => "gone".into(),
            Seen::Named { .. } => "named".into(),
        })
        .collect();
    assert_eq!(said, ["good 1", "it is larger than 1 MiB", "it is cut short", "gone"]);
}

#[tokio::test]
async fn e_046_a_mirror_is_known_by_its_uid_too() {
    let ours = mirror().mirror;
    for (uid, expected) in
        [(ours.to_string(), Some(&ours)), (format!("{ours}@google.com"), Some(&ours)), ("x".into(), None)]
    {
        let server = Server::start(move |_| {
            let data = format!("<getetag>\"1\"</getetag><c:calendar-data>{}</c:calendar-data>", event(&uid));
            lines(&line("/u/c/copy.ics", &data))
        })
        .await;
        let seen = server.calendar().get(&["/u/c/copy.ics".into()], march()).await.unwrap().remove(0).seen;
        let name = match &seen {
            Seen::Named { mirror, .. } => Some(mirror),
            _ => None,
        };
        assert_eq!(name, expected);
    }
}

/// What a multiget leaves out is neither there nor gone (trap C-T10); what it names without a word is asked alone.
#[tokio::test]
async fn what_is_not_answered_is_left_out() {
    let server = Server::start(|asked| match asked.method.as_str() {
        "REPORT" => lines(&format!(
            "{}{}",
            line("/u/c/empty.ics", "<getetag>\"1\"</getetag>"),
            "<response><href>/u/c/secret.ics</href><status>HTTP/1.1 403 Forbidden</status></response>"
        )),
        _ => event("empty").into_response(),
    })
    .await;
    let items = ["/u/c/empty.ics", "/u/c/dropped.ics", "/u/c/secret.ics"].map(ItemId::from);
    let seen = server.calendar().get(&items, march()).await.unwrap();
    assert_eq!(seen.len(), 1);
    assert_eq!(seen[0].item, items[0]);
    assert_eq!(server.requests(), ["REPORT /u/c/", "GET /u/c/empty.ics"]);
}

#[tokio::test]
async fn an_answer_without_end_is_cut_off() {
    let server = Server::start(|_| vec![b' '; 33 * 1024 * 1024].into_response()).await;
    let error = server.calendar().list_changes(&Cursor::new("sync:1"), march()).await.unwrap_err();
    assert!(matches!(error, RemoteError::Unintelligible { .. }), "{error:?}");
}

#[tokio::test]
async fn a_put_without_a_tag_asks_for_it() {
    let server = Server::start(|asked| match asked.method.as_str() {
        "PUT" => status(201),
        _ => lines(&line(&asked.path, "<getetag>\"after\"</getetag>")),
    })
    .await;
    let written = server.calendar().carry_out(&[put(Expected::Absent)]).await.remove(0).unwrap();
    assert_eq!(written.revision, Some("\"after\"".into()));
    assert_eq!(server.requests().len(), 2);
}

#[tokio::test]
async fn an_overwrite_of_our_own_costs_one_request() {
    let server = Server::start(|asked| {
        assert_eq!(asked.headers["if-match"], "\"1\"");
        (StatusCode::NO_CONTENT, [("etag", "\"2\"")]).into_response()
    })
    .await;
    let step = put(Expected::Revision("\"1\"".into(), Touch::OursAlone));
    let written = server.calendar().carry_out(&[step]).await.remove(0).unwrap();
    assert_eq!((written.revision, written.touch), (Some("\"2\"".into()), Some(Touch::OursAlone)));
    assert_eq!(server.requests().len(), 1);
}

/// 404 to a PUT means three things (trap C-T7).
#[tokio::test]
async fn a_missing_target_is_told_from_a_refused_body() {
    for (calendar_exists, expected, word) in [
        (true, Expected::Absent, "rejected"),
        (true, Expected::Revision("\"1\"".into(), Touch::OursAlone), "conflict"),
        (false, Expected::Absent, "missing"),
    ] {
        let server = Server::start(move |asked| match (asked.method.as_str(), calendar_exists) {
            ("PROPFIND", true) => lines(&line("/u/c/", "<resourcetype><collection/></resourcetype>")),
            _ => status(404),
        })
        .await;
        let error = server.calendar().carry_out(&[put(expected)]).await.remove(0).unwrap_err();
        let said = match error {
            RemoteError::Rejected { .. } => "rejected",
            RemoteError::Conflict { .. } => "conflict",
            RemoteError::Missing { .. } => "missing",
            _ => "something else",
        };
        assert_eq!(said, word);
    }
}

#[tokio::test]
async fn throttling_says_when_to_come_back() {
    for (header, seconds) in [("7", 7), ("Sun, 01 Mar 2026 12:01:00 GMT", 60)] {
        let server = Server::start(move |_| {
            (StatusCode::SERVICE_UNAVAILABLE, [("retry-after", header)]).into_response()
        })
        .await;
        let error = server.calendar().carry_out(&[put(Expected::Absent)]).await.remove(0).unwrap_err();
        assert!(
            matches!(error, RemoteError::Later { retry_after: Some(wait), .. } if wait.as_secs() == seconds),
            "{error:?}"
        );
        let error = server.calendar().get(&["/u/c/a.ics".into()], march()).await.unwrap_err();
        assert!(matches!(error, RemoteError::Later { .. }));
        assert_eq!(server.requests().len(), 2, "a throttled batch is not asked for one by one");
    }
}

#[tokio::test]
async fn a_calendar_is_made_the_other_way_where_mkcalendar_is_unknown() {
    let made = Arc::new(Mutex::new(false));
    let server = Server::start(move |asked| match asked.method.as_str() {
        "MKCALENDAR" => status(501),
        "MKCOL" => {
            *made.lock().unwrap() = true;
            status(201)
        }
        _ if *made.lock().unwrap() => lines(&line(
            &asked.path,
            "<resourcetype><collection/><c:calendar/></resourcetype><displayname>Work</displayname>",
        )),
        _ => status(404),
    })
    .await;
    let calendar = server.account().create_calendar("Work", "daybook work").await.unwrap();
    assert_eq!((calendar.id.as_str(), calendar.name.as_str()), ("/u/daybook%20work/", "Work"));
}
