//! A main calendar that others see tells them no more than `Busy`, also if it is shared long after.

use daybook_core::connection::{MainCalendar, Provider, Settings};
use daybook_core::detail::{Cap, Detail};
use daybook_core::ids::CalendarId;
use daybook_engine::ports::ConnectionRef;
use daybook_tests::cloud::browser::Answer;
use daybook_tests::cloud::stage::{ADA, Stage};
use daybook_tests::world::worker::run;
use serde_json::{Value, json};

use super::CLOUDS;

const BEN: &str = "ben@clinic.example";

/// Ada wants events that tell of appointments.
fn told(stage: &Stage, main_calendar: MainCalendar) -> Settings {
    Settings { detail: Detail::Appointment, main_calendar, ..stage.settings() }
}

fn main(stage: &Stage, at: &ConnectionRef) -> CalendarId {
    stage.connection(at).settings.main_calendar.known().unwrap().id.clone()
}

fn titles(stage: &Stage, at: &ConnectionRef) -> Vec<String> {
    let mirrors = stage.hand.mirrors(&stage.house, &main(stage, at));
    mirrors.into_iter().map(|mirror| mirror.title).collect()
}

fn in_force(stage: &Stage, at: &ConnectionRef) -> (Detail, Option<Cap>) {
    let view = run(stage.house.engine.view(at)).unwrap();
    (view.effective_detail, view.effective_detail_reason)
}

fn share(stage: &Stage, provider: Provider, at: &ConnectionRef, with: &Value) {
    let calendar = main(stage, at).to_string();
    stage.house.control(provider, &json!({"share": {"calendar": calendar, "with": with}}));
}

#[test]
fn a_calendar_that_is_shared_later_says_busy_from_the_next_day_on() {
    for provider in CLOUDS {
        let mut stage = Stage::before(provider);
        stage.book("a1", stage.hour(3, 2));
        let settings = told(&stage, MainCalendar::Create("Work schedule".into()));
        let at = stage.connect("demo", "ada", settings);
        assert_eq!(titles(&stage, &at), ["Appointment"], "{provider:?}");
        share(&stage, provider, &at, &json!(BEN));
        stage.days(1);
        assert_eq!(titles(&stage, &at), ["Busy"], "{provider:?}");
        assert_eq!(in_force(&stage, &at), (Detail::Busy, Some(Cap::SharedCalendar)), "{provider:?}");
        stage.assert_agreed();
    }
}

#[test]
fn a_public_calendar_says_busy() {
    let mut stage = Stage::before(Provider::Google);
    stage.book("a1", stage.hour(3, 2));
    let settings = told(&stage, stage.settings().main_calendar);
    let at = stage.connect("demo", "ada", settings);
    assert_eq!(titles(&stage, &at), ["Appointment"]);
    share(&stage, Provider::Google, &at, &Value::Null);
    stage.days(1);
    assert_eq!(titles(&stage, &at), ["Busy"]);
    assert_eq!(in_force(&stage, &at), (Detail::Busy, Some(Cap::PublicCalendar)));
}

/// Whoever does not let us see with whom they share may sync all the same.
#[test]
fn where_google_may_not_tell_only_a_calendar_of_ours_counts_as_theirs_alone() {
    for (made, level) in
        [(true, (Detail::Appointment, None)), (false, (Detail::Busy, Some(Cap::UnknownAudience)))]
    {
        let mut stage = Stage::before(Provider::Google);
        stage.book("a1", stage.hour(3, 2));
        let existing = stage.settings().main_calendar;
        let main = if made { MainCalendar::Create("Work schedule".into()) } else { existing };
        let settings = told(&stage, main);
        let at = stage.begin("demo", "ada", settings);
        stage.house.sign_in(&at, ADA, Answer::Without("calendar.acls.readonly")).unwrap();
        stage.settle();
        assert_eq!(in_force(&stage, &at), level, "made: {made}");
        assert_eq!(titles(&stage, &at), [if made { "Appointment" } else { "Busy" }], "made: {made}");
    }
}
