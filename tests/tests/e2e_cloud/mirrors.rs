//! Appointments in the clinician's calendar: as they are booked, and as their reader drags and deletes them.

use daybook_tests::canary::sinks::assert_silent;
use daybook_tests::canary::words::all_secrets;
use daybook_tests::outside::eventually;
use serde_json::{Value, json};

use super::{BY_PUSH, at_both, book, hour, problems};

#[tokio::test(flavor = "multi_thread")]
async fn e_056_booking_moving_cancelling_show_as_private_busy_events() {
    at_both(BY_PUSH, |scene| async move {
        let ada = scene.ada().await;
        let (first, second, moved) = (hour(2, 1), hour(3, 1), hour(4, 2));
        book(&scene.ehr, "a1", &first).await;
        let connection = scene.connect(&json!({"detail": "busy"})).await;
        scene.shows(&ada, &connection, &[&first.0]).await;
        book(&scene.ehr, "a2", &second).await;
        scene.shows(&ada, &connection, &[&first.0, &second.0]).await;
        book(&scene.ehr, "a1", &moved).await;
        scene.shows(&ada, &connection, &[&second.0, &moved.0]).await; // E-050
        scene.ehr.cancel("a2").await;
        scene.shows(&ada, &connection, &[&moved.0]).await; // E-051

        let mirror = scene.shown(&ada, &connection).await.remove(0);
        assert_eq!((mirror.title.as_str(), mirror.end.as_str()), ("Busy", moved.1.as_str()));
        assert!(mirror.is_private && mirror.is_busy && !mirror.has_alarm, "{mirror:?}");
        let nothing = |value: &Value| {
            value.is_null() || value == &json!([]) || value.as_str().is_some_and(str::is_empty)
        };
        let body = &mirror.body;
        for field in ["attendees", "description", "bodyPreview", "hangoutLink", "attachments"] {
            assert!(nothing(&body[field]), "{field}: {body}");
        }
        assert!(nothing(&body["location"]) || nothing(&body["location"]["displayName"]), "{body}");
        let text = body.to_string();
        let secrets = [all_secrets(), vec!["\"a1\"", "pat-canary", "prac-1"]].concat();
        assert_silent("a mirror", text.as_bytes(), &secrets);
        scene.assert_no_mail().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn e_043_a_mirror_that_its_reader_drags_or_deletes_is_put_back() {
    at_both(BY_PUSH, |scene| async move {
        let ada = scene.ada().await;
        let (booked, dragged) = (hour(2, 1), hour(5, 3));
        book(&scene.ehr, "a1", &booked).await;
        let connection = scene.connect(&json!({})).await;
        let calendar = super::main_calendar(&connection).await;
        let drag = async || {
            let mirror = scene.shown(&ada, &connection).await.remove(0);
            ada.shift(&calendar, &mirror.id, &dragged.0, &dragged.1).await;
        };
        drag().await;
        scene.shows(&ada, &connection, &[&booked.0]).await;
        let mirror = scene.shown(&ada, &connection).await.remove(0);
        ada.delete(&calendar, &mirror.id).await;
        scene.shows(&ada, &connection, &[&booked.0]).await;
        drag().await;
        scene.shows(&ada, &connection, &[&booked.0]).await;
        // Three times within a day it was put back; now a person is asked.
        drag().await;
        eventually("the mirror is parked", || async {
            problems(&connection.get().await) == ["/problems/mirror-parked"]
        })
        .await;
        scene.shows(&ada, &connection, &[&dragged.0]).await;
        connection.post("sync").await;
        scene.shows(&ada, &connection, &[&booked.0]).await;
        scene.assert_no_mail().await;
    })
    .await;
}
