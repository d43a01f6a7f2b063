//! The rules around the table, each as scenes with the plan that must follow. No story over several runs.

use super::*;

#[track_caller]
fn check(what: &str, scene: &Scene, expected: &[&str]) {
    assert_eq!(scene.told(), expected, "{what}");
}

#[test]
fn nothing_seen_means_nothing_to_do() {
    check("no link", &Scene::new(), &[]);
    let scene = Scene::new().agreed("a1", &calendar("main"), &busy_at(20));
    check("a delta that reports nothing", &scene, &[]);
    assert!(scene.plan().is_empty());
}

#[test]
fn e_056_an_appointment_that_nobody_remembers_is_put_once_into_every_target() {
    let both = [calendar("main"), calendar("shared")];
    check(
        "two targets",
        &Scene::new().into(&both).wants("a1", busy_at(20)),
        &["put a1 in main (new, absent)", "put a1 in shared (new, absent)"],
    );
    check(
        "one of them is linked already",
        &Scene::new().into(&both).agreed("a1", &calendar("main"), &busy_at(20)).wants("a1", busy_at(20)),
        &["put a1 in shared (new, absent)"],
    );
}

#[test]
fn a_new_link_has_the_names_that_follow_from_the_key() {
    let scene = Scene::new().into(&[Target::Schedule("s".into())]).wants("gym.2", block_at(20));
    let plan = scene.plan();
    let link = &plan.puts[0].link;
    assert_eq!(link.mirror, scene.mirror("gym.2", &Target::Schedule("s".into())));
    assert_eq!(link.item_digest, Some(scene.key.item_digest(&"private".into(), "gym")));
    assert!(matches!(&link.state, LinkState::Owing(owing) if owing.reason == Reason::Writing));
}

#[test]
fn e_052_switching_the_main_calendar_creates_in_the_new_and_then_deletes_in_the_old() {
    let scene = Scene::new()
        .into(&[calendar("new")])
        .agreed("a1", &calendar("old"), &busy_at(20))
        .wants("a1", busy_at(20));
    check("reported", &scene, &["put a1 in new (new, absent)", "delete a1 in old (Settings)"]);
    let scene = Scene::new().into(&[]).agreed("a1", &calendar("old"), &busy_at(20));
    check("write nothing any more", &scene, &["delete a1 in old (Settings)"]);
}

#[test]
fn e_099_new_items_must_lie_inside_the_window() {
    for (from, put) in [(-1, false), (0, true), (999, true), (1000, false), (5000, false)] {
        let told = Scene::new().wants("a1", busy_at(from)).told();
        assert_eq!(!told.is_empty(), put, "at hour {from}: {told:?}");
    }
    // One that reaches into the window from either side is inside.
    let over_the_edge = Content::Block(BlockContent { interval: span(-5, 1) });
    let scene = Scene::new().into(&[Target::Schedule("s".into())]).wants("gym", over_the_edge);
    check("E-071: it began before the edge", &scene, &["put gym in s (new, absent)"]);
}

#[test]
fn a_linked_item_is_followed_wherever_its_owner_moves() {
    let linked = || Scene::new().agreed("a1", &calendar("main"), &busy_at(20));
    check("past the future edge", &linked().wants("a1", busy_at(5000)), &["put a1 in main (r1)"]);
    check(
        "E-098: unless a person has just drawn the window",
        &linked().wants("a1", busy_at(5000)).ruled(|rules| rules.outside = Outside::Drop),
        &["delete a1 in main (Settings)"],
    );
    check(
        "E-098: an owner that was not reported goes by what its link remembers",
        &Scene::new()
            .agreed("a1", &calendar("main"), &busy_at(5000))
            .agreed("a2", &calendar("main"), &busy_at(20))
            .ruled(|rules| rules.outside = Outside::Drop),
        &["delete a1 in main (Settings)"],
    );
}

/// Nothing is removed on account of an owner that was not reported, however often it is tried.
#[test]
fn a_removal_that_is_tried_again_hears_the_owner_first() {
    let narrow = |rules: &mut Rules| rules.window = span(0, 10);
    let owes = || Scene::new().owes("a1", Reason::Removing, None).ruled(narrow);
    check("not reported", &owes(), &["look a1"]);
    check("still outside", &owes().wants("a1", busy_at(15)), &["delete a1 in main (Settings)"]);
    check("inside by now", &owes().wants("a1", busy_at(5)), &["put a1 in main (doubtful)"]);
}

#[test]
fn what_passes_the_past_edge_goes_or_stays_as_the_clinician_chose() {
    let old = || Scene::new().agreed("a1", &calendar("main"), &busy_at(-2));
    check("remove", &old(), &["delete a1 in main (Aged)"]);
    check(
        "remove, though it stands in the EHR",
        &old().wants("a1", busy_at(-2)),
        &["delete a1 in main (Aged)"],
    );
    check("keep", &old().ruled(|rules| rules.aged_out = AgedOut::Keep), &[]);
    let kept = || old().ruled(|rules| rules.aged_out = AgedOut::Keep);
    check(
        "kept, and still the EHR's to change",
        &kept().sees("a1", OwnerSight::NotWanted),
        &["delete a1 in main (Evidence)"],
    );
    check("moved back into the window", &old().wants("a1", busy_at(20)), &["put a1 in main (r1)"]);
    let ends_now = Scene::new().agreed("a1", &calendar("main"), &busy_at(-1));
    check("it ends where the window begins", &ends_now, &["delete a1 in main (Aged)"]);
}

#[test]
fn absence_from_a_full_listing_makes_a_suspect_and_only_an_answer_by_id_makes_it_gone() {
    let linked = || Scene::new().agreed("a1", &calendar("main"), &busy_at(20));
    check("a delta does not say so", &linked(), &[]);
    check("a full listing does", &linked().listed(), &["look a1"]);
    check("it stands after all", &linked().listed().wants("a1", busy_at(20)), &[]);
    check("confirmed", &linked().listed().sees("a1", OwnerSight::Absent), &["delete a1 in main (Absence)"]);
    let beyond = Scene::new().agreed("a1", &calendar("main"), &busy_at(2000)).listed();
    check("outside what was listed", &beyond, &[]);
    let other_source = Scene::new().agreed("gym", &calendar("main"), &block_at(20));
    let mut other_source = other_source;
    other_source.listed.insert(Source::Ehr, span(0, 1000));
    check("another source was listed", &other_source, &[]);
}

#[test]
fn an_owner_that_cannot_be_read_is_left_alone() {
    let linked =
        || Scene::new().agreed("a1", &calendar("main"), &busy_at(20)).sees("a1", OwnerSight::Unclear);
    check("linked", &linked(), &[]);
    check("E-040: in a full listing too", &linked().listed(), &[]);
    check("never linked", &Scene::new().sees("a2", OwnerSight::Unclear), &[]);
}

/// Thirty linked appointments; the first so many of them in this state.
fn thirty(states: usize, sight: &OwnerSight) -> Scene {
    let name = |n: usize| format!("a{n:02}");
    let mut scene = (0..30)
        .fold(Scene::new(), |scene, n| scene.agreed(&name(n), &calendar("main"), &busy_at(20)))
        .listed();
    for n in 0..30 {
        let sight = if n < states { sight.clone() } else { OwnerSight::Wanted(busy_at(20)) };
        scene = scene.sees(&name(n), sight);
    }
    scene
}

#[test]
fn e_042_the_brake_holds_removals_and_lets_writes_go_on() {
    let plan = thirty(8, &OwnerSight::Absent).wants("a99", busy_at(30)).plan();
    assert_eq!((plan.holds.len(), plan.deletes.len(), plan.puts.len()), (8, 0, 1));
    assert_eq!(plan.brakes, [(Source::Ehr, Brake::Engaged { missing: 8, of: 30 })]);
    for held in &plan.holds {
        let LinkState::Owing(owing) = &held.state else { panic!("{held:?}") };
        assert_eq!((owing.reason, owing.span), (Reason::Brake, Some(span(20, 21))));
        assert!(owing.not_before > Some(hour(10)), "held for a while");
    }
    let few = thirty(6, &OwnerSight::Absent).plan();
    assert_eq!((few.holds.len(), few.deletes.len()), (0, 6), "six of thirty are a fifth");
}

#[test]
fn e_051_a_sick_day_is_evidence_and_never_brakes() {
    let plan = thirty(30, &OwnerSight::NotWanted).plan();
    assert_eq!((plan.holds.len(), plan.deletes.len()), (0, 30));
    let switched = thirty(30, &OwnerSight::Absent).into(&[]).plan();
    assert_eq!((switched.holds.len(), switched.deletes.len()), (0, 30), "a person's command");
}

#[test]
fn a_persons_yes_lets_the_held_removals_go() {
    let plan = thirty(8, &OwnerSight::Absent).ruled(|rules| rules.brake = BrakeRule::Released).plan();
    assert_eq!((plan.holds.len(), plan.deletes.len()), (0, 8));
    let held = || Scene::new().owes("a1", Reason::Brake, Some(30)).ruled(|rules| rules.now = hour(10));
    check("no answer yet", &held(), &[]);
    check("a yes", &held().ruled(|rules| rules.brake = BrakeRule::Released), &["look a1"]);
    check("a day later", &held().ruled(|rules| rules.now = hour(31)), &["look a1"]);
    check("it is back", &held().wants("a1", busy_at(20)), &["put a1 in main (doubtful)"]);
}

#[test]
fn a_series_counts_once_for_the_brake() {
    let schedule = [Target::Schedule("s".into())];
    let mut scene = Scene::new().into(&schedule).listed();
    for n in 0..40 {
        let name = format!("gym.{n}");
        scene = scene.agreed(&name, &schedule[0], &block_at(20)).sees(&name, OwnerSight::Absent);
    }
    let plan = scene.plan();
    assert_eq!((plan.holds.len(), plan.deletes.len()), (0, 40));
}

#[test]
fn each_source_has_a_brake_of_its_own() {
    let schedule = Target::Schedule("s".into());
    let mut scene = thirty(8, &OwnerSight::Absent);
    scene.targets.push(schedule.clone());
    for n in 0..30 {
        let name = format!("event{n}");
        scene = scene.agreed(&name, &schedule, &block_at(20));
        scene = scene.agreed(&name, &calendar("main"), &block_at(20));
    }
    let scene = scene.sees("event0", OwnerSight::Absent);
    let told = scene.told();
    assert_eq!(told.iter().filter(|line| line.starts_with("hold a")).count(), 8);
    assert!(told.contains(&"delete event0 in s (Absence)".to_owned()), "{told:?}");
}

#[test]
fn a_decoration_is_noted_and_costs_no_write() {
    let linked = || Scene::new().agreed("a1", &calendar("main"), &busy_at(20));
    let decorated = linked().finds("a1", &calendar("main"), busy_at(20), "r2");
    check("same content, other revision", &decorated, &["agree a1 in main (decorated)"]);
    let again = linked().finds("a1", &calendar("main"), busy_at(20), "r1");
    check("our own write coming back", &again, &[]);
    let mut moved = linked().wants("a1", busy_at(22)).finds("a1", &calendar("main"), busy_at(20), "r2");
    check(
        "what was decorated is read before it is written over",
        &moved,
        &["put a1 in main (r2, decorated)"],
    );
    moved.mirrors.clear();
    check("unless nobody touched it", &moved, &["put a1 in main (r1)"]);
}

/// Where the other side chooses ids: written anew by a run that died before it could note under which id.
#[test]
fn e_048_a_mirror_that_stands_under_another_id_is_known_by_it_from_then_on() {
    let main = calendar("main");
    let mut scene = Scene::new().agreed("a1", &main, &busy_at(20)).wants("a1", busy_at(20));
    let mirror = scene.mirror("a1", &main);
    let (revision, remote) = (Some("r2".into()), Some("second".into()));
    let sight = MirrorSight::Holds { content: busy_at(20), revision, remote };
    scene.mirrors.entry(main).or_default().insert(mirror, sight);
    let plan = scene.plan();
    assert_eq!((plan.agrees.len(), plan.puts.len()), (1, 0));
    assert_eq!(plan.agrees[0].link.remote, Some("second".into()));
}

#[test]
fn e_043_a_mirror_that_its_reader_moves_or_deletes_is_put_back() {
    let linked = || Scene::new().agreed("a1", &calendar("main"), &busy_at(20));
    let dragged = || linked().finds("a1", &calendar("main"), busy_at(22), "r2");
    check("first the owner is read", &dragged(), &["look a1"]);
    check("then it is put back", &dragged().wants("a1", busy_at(20)), &["put a1 in main (r2, decorated)"]);
    check(
        "cancelled meanwhile",
        &dragged().sees("a1", OwnerSight::NotWanted),
        &["delete a1 in main (Evidence)"],
    );
    let deleted = || linked().misses("a1", &calendar("main"));
    check("deleted", &deleted(), &["look a1"]);
    check("deleted: put anew", &deleted().wants("a1", busy_at(20)), &["put a1 in main (absent)"]);
    check("gone on both sides", &deleted().sees("a1", OwnerSight::NotWanted), &["forget a1 in main"]);
}

#[test]
fn a_mirror_missing_from_a_listing_of_its_target_is_put_anew() {
    let linked =
        || Scene::new().agreed("a1", &calendar("main"), &busy_at(20)).listed_target(&calendar("main"));
    check("wanted", &linked().wants("a1", busy_at(20)), &["put a1 in main (absent)"]);
    check("wanted elsewhere", &linked().wants("a1", busy_at(30)), &["put a1 in main (absent)"]);
    check("its owner was not reported", &linked(), &["look a1"]);
    check(
        "not wanted: removing what may be there is safe, forgetting it is not",
        &linked().sees("a1", OwnerSight::NotWanted),
        &["delete a1 in main (Evidence)"],
    );
    let beyond = Scene::new().agreed("a1", &calendar("main"), &busy_at(2000));
    let beyond = beyond.listed_target(&calendar("main")).wants("a1", busy_at(2000));
    check("a listing says nothing about what lies outside it", &beyond, &[]);
}

#[test]
fn a_mirror_counts_only_in_its_own_target() {
    let scene = Scene::new()
        .into(&[calendar("main"), calendar("other")])
        .agreed("a1", &calendar("main"), &busy_at(20))
        .agreed("a1", &calendar("other"), &busy_at(20))
        .wants("a1", busy_at(20));
    let mut copied = scene;
    let name = copied.mirror("a1", &calendar("main"));
    let sight = MirrorSight::Holds { content: busy_at(22), revision: None, remote: None };
    copied.mirrors.entry(calendar("other")).or_default().insert(name, sight);
    check("E-047: a copy of the name in another calendar is no mirror there", &copied, &[]);
}

#[test]
fn what_a_write_expects_follows_from_what_is_known() {
    let moved = |scene: Scene| scene.wants("a1", busy_at(30));
    let linked = || Scene::new().agreed("a1", &calendar("main"), &busy_at(20));
    check("our last write", &moved(linked()), &["put a1 in main (r1)"]);
    check(
        "owing: it may stand or not",
        &moved(Scene::new().owes("a1", Reason::Writing, None)),
        &["put a1 in main (doubtful)"],
    );
    check("gone", &moved(linked().misses("a1", &calendar("main"))), &["put a1 in main (absent)"]);
    let mut nameless = linked();
    if let LinkState::Agreed(agreed) = &mut nameless.links[0].state {
        agreed.revision = None;
    }
    check("E-035: a server without revisions", &moved(nameless), &["put a1 in main (unversioned)"]);
    let adopted = Scene::new().finds("a1", &calendar("main"), busy_at(20), "r9").wants("a1", busy_at(20));
    check("E-015: found from an earlier connection", &adopted, &["agree a1 in main (decorated)"]);
    let differs = Scene::new().finds("a1", &calendar("main"), busy_at(22), "r9").wants("a1", busy_at(20));
    check("found, with other content", &differs, &["put a1 in main (new, r9, decorated)"]);
}

#[test]
fn work_that_was_put_off_stays_put_off() {
    let busy = || OwnerSight::Wanted(busy_at(30));
    let gone = || OwnerSight::NotWanted;
    for (reason, not_before, sight, expected) in [
        (Reason::Retry, Some(30), Some(busy()), ""),
        (Reason::Retry, Some(30), Some(gone()), ""),
        (Reason::Retry, Some(30), None, ""),
        (Reason::Retry, Some(9), None, "look a1"),
        (Reason::Retry, Some(9), Some(busy()), "put a1 in main (doubtful)"),
        (Reason::Retry, Some(9), Some(gone()), "delete a1 in main (Evidence)"),
        (Reason::Writing, None, None, "look a1"),
        (Reason::Removing, None, Some(gone()), "delete a1 in main (Evidence)"),
        (Reason::Rejected, Some(30), None, ""),
        (Reason::Rejected, Some(30), Some(busy()), "put a1 in main (doubtful)"),
        (Reason::Rejected, Some(30), Some(gone()), "delete a1 in main (Evidence)"),
        (Reason::Brake, Some(30), None, ""),
        (Reason::Brake, Some(30), Some(gone()), "delete a1 in main (Evidence)"),
        (Reason::Brake, Some(30), Some(busy()), "put a1 in main (doubtful)"),
    ] {
        let mut scene = Scene::new().owes("a1", reason, not_before);
        scene.owners.extend(sight.clone().map(|sight| (owner("a1"), sight)));
        assert_eq!(scene.told().join(", "), expected, "{reason:?} until {not_before:?}, owner {sight:?}");
    }
}

#[test]
fn a_persons_command_and_the_past_edge_do_not_wait() {
    let waits = || Scene::new().owes("a1", Reason::Retry, Some(30));
    check("switched off", &waits().into(&[]), &["delete a1 in main (Settings)"]);
    check("aged", &waits().ruled(|rules| rules.window = span(25, 1000)), &["delete a1 in main (Aged)"]);
}

#[test]
fn names_of_ours_that_nothing_explains() {
    let stray = || Scene::new().finds("a1", &calendar("main"), busy_at(20), "r1");
    check("a delta cannot tell whose they are", &stray(), &[]);
    assert_eq!(stray().plan().unknown_mirrors, 1);
    let told = |scene: Scene| Scene { strays: Strays::Remove, ..scene };
    check("a full comparison can", &told(stray()), &["delete a name (Stray)"]);
    let elsewhere = Scene::new().finds("a1", &calendar("other"), busy_at(20), "r1");
    check("in a calendar that is not ours to tidy", &told(elsewhere), &[]);
    let old = || Scene::new().finds("a1", &calendar("main"), busy_at(-2), "r1");
    check("history is removed", &told(old()), &["delete a name (Stray)"]);
    check("or kept", &told(old().ruled(|rules| rules.aged_out = AgedOut::Keep)), &[]);
    let explained = stray().wants("a1", busy_at(20));
    check("explained by an owner without a link", &told(explained), &["agree a1 in main (decorated)"]);
}

#[test]
fn many_names_that_nothing_explains_mean_that_the_owners_listing_is_wrong() {
    let scene = |strays: usize| {
        let names = (0..strays).map(|n| format!("a{n}"));
        let scene = names.fold(Scene::new().listed(), |scene, name| {
            scene.finds(&name, &calendar("main"), busy_at(20), "r1")
        });
        Scene { strays: Strays::Remove, ..scene }
    };
    assert_eq!(scene(5).plan().deletes.len(), 5);
    let plan = scene(6).plan();
    assert_eq!((plan.deletes.len(), plan.brakes.len()), (0, 1), "E-042: none goes, and somebody is told");
    let confirmed = scene(6).ruled(|rules| rules.brake = BrakeRule::Released);
    assert_eq!(confirmed.plan().deletes.len(), 6, "a person said yes");
}

#[test]
fn e_052_the_old_mirror_stays_until_its_owner_was_seen() {
    let switched = || Scene::new().into(&[calendar("new")]).agreed("a1", &calendar("old"), &busy_at(20));
    check("unreported", &switched(), &["look a1"]);
    check("looked at in vain", &switched().sees("a1", OwnerSight::Unclear), &["look a1"]);
    check("gone", &switched().sees("a1", OwnerSight::Absent), &["delete a1 in old (Settings)"]);
}

#[test]
fn e_090_another_detail_reaches_mirrors_outside_the_window_too() {
    let kept = || {
        let old = Scene::new().agreed("a1", &calendar("main"), &busy_at(-2)).listed();
        old.ruled(|rules| rules.aged_out = AgedOut::Keep)
    };
    check("by itself it rests", &kept(), &[]);
    check(
        "after a change it is looked at",
        &kept().ruled(|rules| rules.unseen = Unseen::IsLookedAt),
        &["look a1"],
    );
}

#[test]
fn e_098_a_removal_that_was_put_off_is_not_undone_by_looking() {
    let scene = Scene::new().owes("a1", Reason::Removing, None);
    let far = scene.wants("a1", busy_at(5000));
    check("outside the window it still goes", &far, &["delete a1 in main (Settings)"]);
}

#[test]
fn e_043_what_a_reader_drags_is_put_back_three_times_a_day_and_then_parked() {
    let main = calendar("main");
    let dragged = |times, parked| {
        let scene = Scene::new().agreed("a1", &main, &busy_at(20)).put_back(times, parked);
        scene.wants("a1", busy_at(20)).finds("a1", &main, busy_at(30), "r2")
    };
    check("for the third time", &dragged(2, None), &["put a1 in main (r2, decorated)"]);
    check("once too often", &dragged(3, None), &["park a1 in main"]);
    check("it stays parked", &dragged(3, Some(1)), &[]);
    check(
        "until a person commands something",
        &dragged(3, Some(1)).ruled(|rules| rules.version = 2),
        &["put a1 in main (r2, decorated)"],
    );
    check(
        "or the appointment moves",
        &dragged(3, Some(1)).wants("a1", busy_at(40)),
        &["put a1 in main (r2, decorated)"],
    );
    check(
        "or is cancelled",
        &dragged(3, Some(1)).sees("a1", OwnerSight::NotWanted),
        &["delete a1 in main (Evidence)"],
    );
    let plan = dragged(0, None).plan();
    assert_eq!(plan.puts[0].restored.map(|restored| restored.times), Some(1), "it is counted");
}

#[test]
fn e_043_a_deleted_mirror_counts_like_a_dragged_one_and_a_block_never_does() {
    let main = calendar("main");
    let deleted = Scene::new().agreed("a1", &main, &busy_at(20)).put_back(3, None).wants("a1", busy_at(20));
    check("deleted", &deleted.misses("a1", &main), &["park a1 in main"]);
    let schedule = Target::Schedule("s".into());
    let block = Scene::new().into(std::slice::from_ref(&schedule)).agreed("gym", &schedule, &block_at(20));
    let block = block.put_back(3, None).wants("gym", block_at(20)).misses("gym", &schedule);
    check("a block: its time must not open", &block, &["put gym in s (absent)"]);
    let changed = Scene::new().agreed("a1", &main, &busy_at(20)).wants("a1", busy_at(25));
    let changed = changed.finds("a1", &main, busy_at(30), "r2").plan();
    assert_eq!(changed.puts[0].restored, None, "the appointment changed: nothing is put back");
}
