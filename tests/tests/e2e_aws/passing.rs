//! What a clinician asks of a connection in passing, and the schedule at work by itself.

use daybook_tests::aws::{Keeper, Put};
use daybook_tests::outside::cloud::Plan;
use daybook_tests::outside::eventually;
use serde_json::json;

use super::{BY_PUSH, at_both, book, hour, main_calendar};

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_holds_everything_and_a_level_of_detail_reaches_every_mirror() {
    at_both(BY_PUSH, |scene| async move {
        let ada = scene.ada().await;
        book(&scene.ehr, "a1", &hour(2, 1)).await;
        let connection = scene.connect(&json!({"detail": "busy"})).await;
        let calendar = main_calendar(&connection).await;
        let titles = async || -> Vec<String> {
            ada.events(&calendar).await.into_iter().map(|event| event.title).collect()
        };
        assert_eq!(titles().await, ["Busy"]);
        connection.patch(json!({"detail": "appointment"})).await;
        let told = "Appointment (telehealth)";
        eventually("it says that it is an appointment", || async { titles().await == [told] }).await;

        connection.post("pause").await;
        connection.becomes("paused").await;
        book(&scene.ehr, "a2", &hour(3, 1)).await;
        connection.settles().await;
        assert_eq!(titles().await.len(), 1, "paused is paused");
        connection.post("resume").await;
        connection.becomes("active").await;
        eventually("both stand there", || async { titles().await == [told; 2] }).await;
        connection.patch(json!({"detail": "busy"})).await;
        eventually("both say Busy again", || async { titles().await == ["Busy"; 2] }).await;
        let preview = connection.post("preview").await;
        assert_eq!(preview["appointments"], json!({"create": 0, "change": 0, "delete": 0}));
        let (status, listed) = scene.daybook.call("GET", &connection.path("/calendars"), None).await;
        assert_eq!(status, 200, "{listed}");
        scene.assert_no_mail().await;
        // What is looked through at every story's end is really there.
        let puts = scene.daybook.stack().puts();
        for keeper in [Keeper::Queue, Keeper::Table] {
            let told = |put: &&Put| put.keeper == keeper && put.body.contains(&connection.id);
            assert_ne!(puts.iter().find(told), None, "nothing of it was put into the {keeper:?}");
        }
    })
    .await;
}

/// A minute passes between two of its turns.
#[tokio::test(flavor = "multi_thread")]
async fn the_schedule_finds_by_itself_what_nobody_told() {
    let polled =
        [("DAYBOOK_POLL_SECONDS", "1"), ("DAYBOOK_POLL_TOLD_SECONDS", "1"), ("SweepRate", "rate(1 minute)")];
    let by_schedule = [BY_PUSH, &polled].concat();
    let Some(scene) = super::scene(super::Provider::Google, &by_schedule).await else { return };
    let ada = scene.ada().await;
    let private = ada.make_calendar("Private").await;
    scene.connect(&json!({"direction": "two_way", "blocking_calendars": [private]})).await;
    scene.cloud.control(&json!({"notifications": "drop"})).await;
    let dentist = hour(2, 1);
    ada.add(&private, Plan::Once(&dentist.0, &dentist.1)).await;
    scene.closes(&[dentist]).await;
}
