//! Plays every script in `stories/` and compares what followed with its golden lines. What a script may say is told in
//! `stories/README.md`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::path::PathBuf;

use daybook_tests::story::play;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("stories")
}

fn check(name: &str) {
    let path = folder().join(format!("{name}.txt"));
    let script = std::fs::read_to_string(&path).unwrap();
    let played = play(&script);
    if std::env::var_os("DAYBOOK_BLESS").is_some() {
        std::fs::write(&path, played).unwrap();
    } else {
        assert_eq!(played, script, "{name}: `DAYBOOK_BLESS=1` writes the golden lines anew");
    }
}

macro_rules! stories {
    ($($name:ident)*) => {
        $(#[test] fn $name() { check(stringify!($name)); })*

        #[test]
        fn every_script_is_played() {
            let named = [$(stringify!($name)),*];
            for entry in std::fs::read_dir(folder()).unwrap() {
                let path = entry.unwrap().path();
                let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
                let is_script = path.extension().is_some_and(|extension| extension == "txt");
                assert!(!is_script || named.contains(&name.as_str()), "{name} is not played");
            }
        }
    };
}

stories! {
    all_day
    booked_moved_cancelled
    brake
    calendar_is_down
    connect_writes_what_is_booked
    copied_mirror_is_an_event
    cursor_lost
    decorated_mirror_survives
    deleted_mirror_is_put_back
    detail_lowered
    disconnect_keeps
    disconnect_removes
    disconnect_while_the_ehr_is_down
    disconnect_with_a_dead_sign_in
    dragged_mirror_is_put_back
    ehr_is_down
    entering_the_window
    event_changed_and_deleted
    history_is_kept
    leaving_the_window
    made_calendar_goes
    made_calendar_left_for_another
    made_calendar_of_a_dead_sign_in
    made_calendar_stays
    made_calendar_that_another_uses
    main_calendar_switched
    meeting_of_two_clinicians
    mirror_dragged_again_and_again
    no_main_calendar_any_more
    one_way_and_back
    own_events_are_not_imported
    parked_mirror_follows_its_appointment
    paused_and_resumed
    preview
    reassigned
    series
    series_at_the_window
    series_split
    sick_day
    signed_out_by_the_provider
    two_practices_one_account
    unclear_appointment
    unreadable
    what_does_not_block
    window_changed
}
