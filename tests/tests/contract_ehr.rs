//! The EHR adapter against the sandbox EHR, over a loopback port: what the port promises, told as one story.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
#![expect(clippy::disallowed_methods, reason = "the sandbox's diary is about today")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use daybook_core::appointment::{Kind, Status};
use daybook_core::detail::{Detail, Disclosure};
use daybook_core::ids::{AppointmentId, ItemId};
use daybook_core::mirror::{BlockContent, Content, MirrorId};
use daybook_core::time::Interval;
use daybook_ehr::{EhrDirectory, FhirConfig};
use daybook_engine::ports::{Ehr, Ehrs, Expected, Found, MirrorRef, RemoteError, Step, Written};
use daybook_sandbox::ehr::Sandbox;
use jiff::{Timestamp, ToSpan};
use serde_json::{Value, json};

struct Practice {
    ehr: Arc<dyn Ehr>,
    fhir: String,
    asked: Arc<AtomicUsize>,
    server: tokio::task::JoinHandle<()>,
    _files: tempfile::TempDir,
}

impl Practice {
    async fn open() -> Self {
        let files = tempfile::tempdir().unwrap();
        let sandbox = Sandbox::open(&files.path().join("ehr.sqlite"), Timestamp::now()).unwrap();
        let asked = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&asked);
        let count = from_fn(move |request: Request, next: Next| {
            counter.fetch_add(1, Ordering::SeqCst);
            next.run(request)
        });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let fhir = format!("http://{}/sandbox/ehr/fhir", listener.local_addr().unwrap());
        let router = sandbox.router().layer(count);
        let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        let directory = EhrDirectory::new().unwrap();
        directory.configure("demo".into(), &FhirConfig::open(&fhir)).unwrap();
        let ehr = directory.open(&"demo".into()).await.unwrap();
        Self { ehr, fhir, asked, server, _files: files }
    }

    /// How many requests the EHR has seen since the last time.
    fn requests(&self) -> usize {
        self.asked.swap(0, Ordering::SeqCst)
    }

    async fn read(&self, path: &str) -> Value {
        let text = reqwest::get(format!("{}/{path}", self.fhir)).await.unwrap().text().await.unwrap();
        serde_json::from_str(&text).unwrap()
    }

    async fn write(&self, path: &str, body: Value) {
        let request = reqwest::Client::new().put(format!("{}/{path}", self.fhir));
        let answer =
            request.header("content-type", "application/fhir+json").body(body.to_string()).send().await;
        assert!(answer.unwrap().status().is_success());
    }

    async fn delete(&self, path: &str) {
        let request = reqwest::Client::new().delete(format!("{}/{path}", self.fhir));
        assert!(request.send().await.unwrap().status().is_success());
    }
}

impl Drop for Practice {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// Three weeks around now, which hold all that the sandbox has in its diary.
fn season() -> Interval {
    let now = Timestamp::now();
    Interval::new(now - 240.hours(), now + 480.hours()).unwrap()
}

#[tokio::test]
async fn a_practitioner_has_zone_hours_and_schedule() {
    let practice = Practice::open().await;
    let read = practice.ehr.practitioner(&"prac-2".into()).await.unwrap();
    assert_eq!(read.time_zone.as_deref(), Some("America/New_York"));
    assert_eq!(read.schedules, ["sch-2".into()]);
    assert_eq!((read.hours.openings.len(), read.hours.closures.len()), (5, 1));
    let missing = practice.ehr.practitioner(&"nobody".into()).await;
    assert!(matches!(missing, Err(RemoteError::Missing { .. })));
}

#[tokio::test]
async fn appointments_are_listed_and_read_without_a_patient() {
    let practice = Practice::open().await;
    let listed = practice.ehr.list_appointments(&"prac-1".into(), season(), Detail::Busy).await.unwrap();
    assert!(listed.items.len() > 20 && listed.unreadable.is_empty());
    let internal: Vec<&str> =
        listed.items.iter().filter(|item| item.kind == Kind::Internal).map(|item| item.id.as_str()).collect();
    assert_eq!(internal, ["apt-lunch-1"]);
    assert!(listed.items.iter().any(|item| item.status == Status::Cancelled));
    assert!(listed.items.iter().all(|item| item.disclosure == Disclosure::Busy));

    let ids: Vec<AppointmentId> = listed.items.iter().map(|item| item.id.clone()).take(9).collect();
    practice.requests();
    let found = practice.ehr.get_appointments(&ids, Detail::Busy).await.unwrap();
    assert_eq!((found.len(), practice.requests()), (9, 1));
    assert!(found.iter().all(|(_, found)| matches!(found, Found::Standing(_))));

    practice.delete(&format!("Appointment/{}", ids[0])).await;
    practice.requests();
    let gone = practice.ehr.get_appointments(&ids[..1], Detail::Busy).await.unwrap();
    assert_eq!((gone, practice.requests()), (vec![(ids[0].clone(), Found::Gone)], 1));
}

#[tokio::test]
async fn full_detail_reads_the_patient() {
    let practice = Practice::open().await;
    let ids = [AppointmentId::new("apt-1001")];
    let full = practice.ehr.get_appointments(&ids, Detail::Full).await.unwrap();
    let Found::Standing(item) = &full[0].1 else { panic!("it stands") };
    let Disclosure::Full { patient, service, location } = &item.disclosure else { panic!("in full") };
    assert!(patient.contains(' ') && service.is_some());
    assert_eq!(location.as_deref(), Some("Riverside Counseling"));
}

#[tokio::test]
async fn an_idle_poll_is_one_request_and_a_change_is_told_once() {
    let practice = Practice::open().await;
    let mut cursor = practice.ehr.list_changes(None).await.unwrap().cursor;
    for change in [false, true, false] {
        if change {
            let mut visit = practice.read("Appointment/apt-1001").await;
            visit["status"] = json!("arrived");
            practice.write("Appointment/apt-1001", visit).await;
        }
        practice.requests();
        let changes = practice.ehr.list_changes(Some(&cursor)).await.unwrap();
        assert_eq!(practice.requests(), 1);
        let told: Vec<&str> = changes.appointments.iter().map(|(id, _)| id.as_str()).collect();
        assert_eq!(told, if change { vec!["apt-1001"] } else { vec![] });
        cursor = changes.cursor;
    }
}

fn name(number: usize) -> MirrorId {
    MirrorId::parse(&format!("db1{number:040}")).unwrap()
}

fn at(number: usize, remote: Option<&ItemId>) -> MirrorRef {
    MirrorRef { mirror: name(number), remote: remote.cloned() }
}

fn put(at: MirrorRef, expected: Expected, hours: i64) -> Step {
    let start = Timestamp::from_second(Timestamp::now().as_second()).unwrap() + hours.hours();
    let interval = Interval::new(start, start + 45.minutes()).unwrap();
    Step::Put { at, expected, content: Content::Block(BlockContent { interval }) }
}

fn state(written: &Written) -> Expected {
    Expected::Revision(written.revision.clone().unwrap(), written.touch.unwrap())
}

#[tokio::test]
async fn the_life_of_blocks() {
    let practice = Practice::open().await;
    let blocks = practice.ehr.blocks(&"sch-1".into());

    let make = [put(at(1, None), Expected::Absent, 5)];
    let first = blocks.carry_out(&make).await.remove(0).unwrap();
    let again = blocks.carry_out(&make).await.remove(0).unwrap();
    assert_eq!(first.remote, again.remote, "the same again finds what stands");
    let more: Vec<Step> = (2..30).map(|n| put(at(n, None), Expected::Absent, 6)).collect();
    practice.requests();
    assert!(blocks.carry_out(&more).await.iter().all(Result::is_ok));
    assert_eq!(practice.requests(), 1, "several are one batch");

    let listed = practice.ehr.list_blocks(&"sch-1".into(), season()).await.unwrap();
    assert_eq!(listed.len(), 29);
    let seen = listed.iter().find(|sighting| sighting.mirror == name(1)).unwrap();
    assert_eq!(
        (&seen.remote, &seen.revision),
        (&first.remote, &first.revision),
        "a read knows the write again"
    );
    let slot = practice.read(&format!("Slot/{}", first.remote.clone().unwrap())).await;
    assert_eq!(slot["status"], "busy-unavailable");

    practice.requests();
    let moved =
        blocks.carry_out(&[put(at(1, first.remote.as_ref()), state(&first), 9)]).await.remove(0).unwrap();
    assert_eq!(practice.requests(), 1, "our own last write is written over unread");
    let stale = blocks.carry_out(&[put(at(1, first.remote.as_ref()), state(&first), 9)]).await.remove(0);
    assert!(matches!(stale, Err(RemoteError::Conflict { .. })), "{stale:?}");

    let gone =
        blocks.carry_out(&[Step::Delete { at: at(1, moved.remote.as_ref()), expected: state(&moved) }]).await;
    assert!(gone.iter().all(Result::is_ok));
    let found = blocks.find(&[at(1, moved.remote.as_ref()), at(2, None)]).await.unwrap();
    assert_eq!(found[0].content, None);
    assert!(found[1].content.is_some());

    let rest: Vec<Step> = listed
        .iter()
        .map(|sighting| Step::Delete { at: at_of(sighting), expected: Expected::Unversioned })
        .collect();
    assert!(blocks.carry_out(&rest).await.iter().all(Result::is_ok));
    assert!(practice.ehr.list_blocks(&"sch-1".into(), season()).await.unwrap().is_empty());
}

fn at_of(sighting: &daybook_engine::ports::MirrorSighting) -> MirrorRef {
    MirrorRef { mirror: sighting.mirror.clone(), remote: sighting.remote.clone() }
}
