//! What holds for a practice, set by whoever runs the platform that it is on.

use daybook_tests::outside::daybook::{API_KEY, PLATFORM_KEY};
use daybook_tests::outside::eventually;
use serde_json::json;

use super::{BY_PUSH, at_both, book, hour};

#[tokio::test(flavor = "multi_thread")]
async fn a_cap_that_the_platform_lowers_reaches_every_mirror() {
    at_both(BY_PUSH, |scene| async move {
        let ada = scene.ada().await;
        let booked = hour(2, 1);
        book(&scene.ehr, "a1", &booked).await;
        let connection = scene.connect(&json!({})).await;
        scene.shows(&ada, &connection, &[&booked.0]).await;

        let part2 = json!({"policy": {"part2": true}});
        for stranger in [API_KEY, "somebody's"] {
            for body in [None, Some(part2.clone())] {
                assert_eq!(scene.daybook.practice(stranger, body).await.0, 401, "{stranger}");
            }
        }
        let (status, set) = scene.daybook.practice(PLATFORM_KEY, Some(part2)).await;
        assert_eq!((status, &set["policy"]["part2"]), (200, &json!(true)), "{set}");
        eventually("the mirror says Busy", || async {
            let shown = scene.shown(&ada, &connection).await;
            shown.iter().all(|mirror| mirror.title == "Busy" && mirror.start == booked.0) && shown.len() == 1
        })
        .await;
        connection.tells("busy").await;
        let (status, standing) = scene.daybook.practice(PLATFORM_KEY, None).await;
        assert_eq!((status, &standing["policy"]), (200, &set["policy"]), "{standing}");
    })
    .await;
}
