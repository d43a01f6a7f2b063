//! What comes up later, and what the clinician answers: an all-day entry marked free that should close its day after all, a
//! calendar that came into the account.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use daybook_core::free_day::Standing;
use daybook_core::new_calendar::{Answer, questions};
use daybook_engine::EngineError;
use daybook_engine::ports::ConnectionRef;
use daybook_tests::story::Stage;
use daybook_tests::world::worker::run;

fn stage() -> (Stage, ConnectionRef) {
    let mut stage = Stage::new();
    stage.act("private: add birthday 2026-11-26 all-day free");
    stage.act("connect");
    let at = stage.connections.values().next().unwrap().clone();
    (stage, at)
}

fn problems(stage: &Stage, at: &ConnectionRef) -> usize {
    stage.connection(at).problems.len()
}

#[test]
fn e_078_one_click_closes_a_day_that_is_marked_free_and_another_opens_it() {
    let (mut stage, at) = stage();
    assert_eq!(stage.act("show blocks"), [""; 0]);
    assert_eq!(problems(&stage, &at), 1, "free-all-day");
    let week = |stage: &Stage| run(stage.engine.week(stage.connection(&at), None)).unwrap().free_days;
    let day = week(&stage).remove(0);
    assert_eq!(day.standing, Standing::Open);
    run(stage.engine.decide_day(&at, &day.mark, Standing::ClosedByHand)).unwrap();
    stage.act("sweep");
    let closed = ["closed 2026-11-26T05:00Z to 2026-11-27T05:00Z"];
    assert_eq!(stage.act("show blocks"), closed);
    assert_eq!(problems(&stage, &at), 0, "the clinician has answered");
    assert_eq!(week(&stage)[0].standing, Standing::ClosedByHand);
    // It goes with its entry, and follows it.
    stage.act("private: add birthday 2026-11-27 all-day free");
    stage.act("sweep");
    assert_eq!(stage.act("show blocks"), ["closed 2026-11-27T05:00Z to 2026-11-28T05:00Z"]);
    run(stage.engine.decide_day(&at, &day.mark, Standing::Open)).unwrap();
    stage.act("sweep");
    assert_eq!(stage.act("show blocks"), [""; 0]);
    for wrong in ["", "not a mark", &"a".repeat(65)] {
        let refused = run(stage.engine.decide_day(&at, wrong, Standing::ClosedByHand));
        assert!(matches!(refused, Err(EngineError::Invalid { .. })), "{wrong}");
    }
}

#[test]
fn a_calendar_that_comes_later_is_asked_about_and_never_added_in_silence() {
    let (mut stage, at) = stage();
    let asked = |stage: &Stage| {
        let connection = stage.connection(&at);
        questions(&connection).into_iter().map(|one| one.id.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(asked(&stage), [""; 0], "what was there, `new` too, was seen when it was chosen from");
    stage.world.lock().open_account("work", &["choir", "club"]);
    stage.act("choir: add singing 2026-11-24T18:00Z 1h");
    stage.act("club: add meeting 2026-11-24T20:00Z 1h");
    assert_eq!(asked(&stage), [""; 0], "found by the daily comparison");
    stage.act("days 1");
    assert_eq!(asked(&stage), ["choir", "club"]);
    assert_eq!(stage.act("show blocks"), [""; 0]);
    run(stage.engine.answer_about_calendar(&at, &"choir".into(), Answer::Closes)).unwrap();
    run(stage.engine.answer_about_calendar(&at, &"club".into(), Answer::ClosesNothing)).unwrap();
    assert_eq!(asked(&stage), [""; 0]);
    stage.act("sweep");
    assert_eq!(stage.act("show blocks"), ["closed 2026-11-24T18:00Z to 2026-11-24T19:00Z"]);
    stage.act("days 2");
    assert_eq!(asked(&stage), [""; 0], "each is asked about once");
    let nobody_asked = run(stage.engine.answer_about_calendar(&at, &"new".into(), Answer::Closes));
    assert!(matches!(nobody_asked, Err(EngineError::NotFound { .. })));
}
