//! The delta: an idle poll is one request, and nothing is told twice.

use std::sync::{Arc, Mutex};

use daybook_core::ids::Cursor;
use daybook_engine::ports::RemoteError;
use serde_json::{Value, json};

use crate::fake::{Fake, bundle, ok, outcome};

const DATE: &str = "Mon, 12 Oct 2026 13:10:00 GMT";

fn row(id: &str, version: &str, updated: Option<&str>) -> Value {
    let mut meta = json!({"versionId": version});
    if let Some(updated) = updated {
        meta["lastUpdated"] = json!(updated);
    }
    json!({"resourceType": "Appointment", "id": id, "meta": meta, "status": "booked",
        "start": "2026-10-27T14:00:00Z", "end": "2026-10-27T14:50:00Z",
        "participant": [{"actor": {"reference": "Practitioner/prac-12"}, "status": "accepted"}]})
}

/// An EHR whose records the test changes; it ignores every filter.
async fn ehr(rows: Vec<Value>) -> (Fake, Arc<Mutex<Vec<Value>>>) {
    let rows = Arc::new(Mutex::new(rows));
    let shared = Arc::clone(&rows);
    let fake = Fake::start(move |_, _| ok(bundle(shared.lock().unwrap().clone())).with("date", DATE)).await;
    (fake, rows)
}

async fn poll(fake: &Fake, cursor: &mut Option<Cursor>) -> Vec<String> {
    fake.drain();
    let changes = fake.ehr.list_changes(cursor.as_ref()).await.unwrap();
    *cursor = Some(changes.cursor);
    let text = |(id, people): &(_, Vec<daybook_core::ids::PractitionerId>)| format!("{id} {people:?}");
    changes.appointments.iter().map(text).collect()
}

const WHO: &str = r#"[PractitionerId("prac-12")]"#;

#[tokio::test]
async fn a_change_is_told_once_and_an_idle_poll_is_one_request() {
    let old = row("old", "1", Some("2026-10-12T09:00:00Z"));
    let (fake, rows) = ehr(vec![old, row("a", "1", Some("2026-10-12T13:05:11.204Z"))]).await;
    let mut cursor = None;
    assert!(poll(&fake, &mut cursor).await.is_empty(), "the first cursor starts now");
    for _ in 0..2 {
        let before = cursor.clone();
        assert!(poll(&fake, &mut cursor).await.is_empty());
        assert_eq!(cursor, before);
        assert_eq!(
            fake.lines(),
            ["GET Appointment?_lastUpdated=ge2026-10-12T13:00:11Z&_count=200\
              &_elements=id,meta,status,start,end,minutesDuration,participant"]
        );
    }
    rows.lock().unwrap()[1] = row("a", "2", Some("2026-10-12T13:06:00Z"));
    rows.lock().unwrap().push(row("late", "1", Some("2026-10-12T13:04:00Z")));
    assert_eq!(poll(&fake, &mut cursor).await, [format!("a {WHO}"), format!("late {WHO}")]);
    assert!(poll(&fake, &mut cursor).await.is_empty());
}

#[tokio::test]
async fn a_constant_version_hides_nothing() {
    let (fake, rows) = ehr(vec![row("a", "1", Some("2026-10-12T13:05:00Z"))]).await;
    let mut cursor = None;
    poll(&fake, &mut cursor).await;
    rows.lock().unwrap()[0] = row("a", "1", Some("2026-10-12T13:05:01Z"));
    assert_eq!(poll(&fake, &mut cursor).await.len(), 1);
}

#[tokio::test]
async fn without_times_the_content_is_compared() {
    let (fake, rows) = ehr(vec![row("a", "1", None), row("b", "1", None)]).await;
    let mut cursor = None;
    poll(&fake, &mut cursor).await;
    assert!(poll(&fake, &mut cursor).await.is_empty());
    rows.lock().unwrap()[1]["start"] = json!("2026-10-27T14:10:00Z");
    assert_eq!(poll(&fake, &mut cursor).await, [format!("b {WHO}")]);
    assert!(poll(&fake, &mut cursor).await.is_empty());
}

#[tokio::test]
async fn a_change_from_the_future_hides_nothing() {
    let (fake, rows) = ehr(vec![row("a", "1", Some("2026-10-12T13:05:00Z"))]).await;
    let mut cursor = None;
    poll(&fake, &mut cursor).await;
    rows.lock().unwrap().push(row("far", "1", Some("2099-01-01T00:00:00Z")));
    assert_eq!(poll(&fake, &mut cursor).await, [format!("far {WHO}")]);
    rows.lock().unwrap().push(row("c", "1", Some("2026-10-12T13:06:00Z")));
    assert_eq!(poll(&fake, &mut cursor).await, [format!("c {WHO}")]);
}

#[tokio::test]
async fn an_empty_ehr_starts_by_its_own_clock() {
    let (fake, rows) = ehr(vec![]).await;
    let mut cursor = None;
    assert!(poll(&fake, &mut cursor).await.is_empty());
    rows.lock().unwrap().push(row("a", "1", Some("2026-10-12T13:09:00Z")));
    assert_eq!(poll(&fake, &mut cursor).await, [format!("a {WHO}")]);
}

#[tokio::test]
async fn what_cannot_be_read_is_told_by_its_id() {
    let (fake, rows) = ehr(vec![row("a", "1", Some("2026-10-12T13:05:00Z"))]).await;
    let mut cursor = None;
    poll(&fake, &mut cursor).await;
    let broken = json!({"resourceType": "Appointment", "id": "x", "participant": "Jane Doe"});
    rows.lock().unwrap().extend([broken, json!({"resourceType": "Appointment", "id": "y"})]);
    let mut told = poll(&fake, &mut cursor).await;
    told.sort();
    assert_eq!(told, ["x []", "y []"]);
    assert!(poll(&fake, &mut cursor).await.is_empty());
}

#[tokio::test]
async fn a_foreign_cursor_is_lost_and_an_outage_keeps_it() {
    let (fake, _) = ehr(vec![]).await;
    for foreign in ["", "sync-token-7", "2 2026-10-12T13:05:00Z"] {
        let error = fake.ehr.list_changes(Some(&foreign.into())).await.unwrap_err();
        assert!(matches!(error, RemoteError::CursorLost { .. }), "{foreign}: {error:?}");
    }
    let down = Fake::start(|_, _| outcome(503, "transient")).await;
    let error = down.ehr.list_changes(Some(&"1 2026-10-12T13:05:00Z".into())).await.unwrap_err();
    assert!(matches!(error, RemoteError::Later { .. }), "{error:?}");
}
