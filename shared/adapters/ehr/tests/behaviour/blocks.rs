//! Busy blocks: written once, moved with care, removed for good, never offered.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use daybook_core::ids::ItemId;
use daybook_core::link::Touch;
use daybook_core::mirror::{BlockContent, Content, MirrorId};
use daybook_core::time::Interval;
use daybook_engine::ports::{Expected, MirrorRef, Mirrors, RemoteError, Step, Written};
use serde_json::{Value, json};

use crate::fake::{Answer, Asked, Fake, bundle, interval, ok, outcome, status};

/// What is peculiar about the EHR at hand.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Habit {
    Proper,
    IgnoresConditions,
    RefusesBatches,
    NeverDeletes,
    /// Answers writes without a body.
    Terse,
}

#[derive(Default)]
struct Slots {
    all: BTreeMap<String, Value>,
    made: usize,
}

type Shared = Arc<Mutex<Slots>>;

async fn ehr(habit: Habit) -> (Fake, Shared, Arc<dyn Mirrors>) {
    let slots: Shared = Arc::default();
    let shared = Arc::clone(&slots);
    let fake = Fake::start(move |asked, _| shared.lock().unwrap().answer(asked, habit)).await;
    let blocks = fake.ehr.blocks(&"sch-12".into());
    (fake, slots, blocks)
}

impl Slots {
    fn answer(&mut self, asked: &Asked, habit: Habit) -> Answer {
        let (method, target) = asked.line.split_once(' ').unwrap();
        if target.is_empty() {
            return if habit == Habit::RefusesBatches {
                outcome(405, "not-supported")
            } else {
                self.batch(asked, habit)
            };
        }
        let id = target.split('?').next().unwrap().split('/').nth(1).unwrap_or_default().to_owned();
        let answer = match method {
            "GET" if id.is_empty() => return ok(bundle(self.search(target))),
            "GET" => {
                return self.all.get(&id).map_or_else(|| outcome(404, "not-found"), |slot| ok(slot.clone()));
            }
            "POST" => self.create(asked, habit),
            "PUT" => self.update(&id, asked),
            _ if habit == Habit::NeverDeletes => outcome(405, "not-supported"),
            _ => match self.all.remove(&id) {
                Some(_) => status(204),
                None => outcome(410, "deleted"),
            },
        };
        if habit == Habit::Terse && answer.status < 300 {
            Answer { body: String::new(), ..answer }
        } else {
            answer
        }
    }

    fn search(&self, target: &str) -> Vec<Value> {
        let wanted = |slot: &&Value| {
            let name = slot["identifier"][0]["value"].as_str().unwrap_or_default();
            target.contains("identifier=urn:daybook:block|&")
                || (!name.is_empty() && target.contains(name))
                || target.contains(&format!("_id={}", slot["id"].as_str().unwrap()))
        };
        self.all.values().filter(wanted).cloned().collect()
    }

    fn create(&mut self, asked: &Asked, habit: Habit) -> Answer {
        let name = asked.body["identifier"][0]["value"].clone();
        assert_eq!(asked.condition, format!("identifier=urn:daybook:block|{}", name.as_str().unwrap()));
        let existing = self.all.values().find(|slot| slot["identifier"][0]["value"] == name);
        if let Some(slot) = existing.filter(|_| habit != Habit::IgnoresConditions) {
            return ok(slot.clone());
        }
        self.made += 1;
        let id = format!("slot-{}", self.made);
        self.put(&id, asked.body.clone(), 1, 201)
    }

    fn update(&mut self, id: &str, asked: &Asked) -> Answer {
        let Some(slot) = self.all.get(id) else { return outcome(404, "not-found") };
        let version: u32 = slot["meta"]["versionId"].as_str().unwrap().parse().unwrap();
        if asked.condition != format!("W/\"{version}\"") {
            return outcome(412, "conflict");
        }
        self.put(id, asked.body.clone(), version + 1, 200)
    }

    fn put(&mut self, id: &str, mut slot: Value, version: u32, code: u16) -> Answer {
        slot["id"] = json!(id);
        slot["meta"] = json!({"versionId": version.to_string(), "lastUpdated": "2026-10-12T13:05:11Z"});
        self.all.insert(id.to_owned(), slot.clone());
        let location = format!("http://ehr.example/fhir/Slot/{id}/_history/{version}");
        let answer = Answer { status: code, ..ok(slot) };
        answer.with("etag", format!("W/\"{version}\"")).with("location", location)
    }

    fn batch(&mut self, asked: &Asked, habit: Habit) -> Answer {
        assert_eq!(asked.body["type"], "batch");
        let mut answers = Vec::new();
        for entry in asked.body["entry"].as_array().unwrap() {
            let request = &entry["request"];
            let text = |name: &str| request[name].as_str().unwrap_or_default();
            let one = Asked {
                line: format!("{} {}", text("method"), text("url")),
                condition: format!("{}{}", text("ifNoneExist"), text("ifMatch")),
                body: entry["resource"].clone(),
            };
            let answer = self.answer(&one, habit);
            let body: Value = serde_json::from_str(&answer.body).unwrap_or_default();
            let header = |name| {
                answer.headers.iter().find(|(known, _)| *known == name).map(|(_, value)| value.clone())
            };
            let mut response = json!({"status": format!("{} Something", answer.status)});
            if body["resourceType"] == "OperationOutcome" {
                response["outcome"] = body;
                answers.push(json!({"response": response}));
                continue;
            }
            response["etag"] = json!(header("etag"));
            response["location"] = json!(header("location"));
            answers.push(json!({"resource": body, "response": response}));
        }
        ok(json!({"resourceType": "Bundle", "type": "batch-response", "entry": answers}))
    }
}

fn name(number: usize) -> MirrorId {
    MirrorId::parse(&format!("db1{number:040}")).unwrap()
}

fn hour(hour: u32) -> Interval {
    interval(&format!("2026-10-27T{hour:02}:00:00Z"), &format!("2026-10-27T{hour:02}:45:00Z"))
}

fn at(number: usize, written: Option<&Written>) -> MirrorRef {
    MirrorRef { mirror: name(number), remote: written.and_then(|written| written.remote.clone()) }
}

fn put(at: MirrorRef, expected: Expected, time: Interval) -> Step {
    Step::Put { at, expected, content: Content::Block(BlockContent { interval: time }) }
}

fn state(written: &Written) -> Expected {
    Expected::Revision(written.revision.clone().unwrap(), written.touch.unwrap())
}

async fn one(blocks: &Arc<dyn Mirrors>, step: Step) -> Result<Written, RemoteError> {
    let mut outcomes = blocks.carry_out(&[step]).await;
    assert_eq!(outcomes.len(), 1);
    outcomes.remove(0)
}

fn word(outcome: &Result<Written, RemoteError>) -> String {
    match outcome {
        Ok(Written { remote: Some(remote), .. }) => remote.to_string(),
        Ok(Written { remote: None, .. }) => "done".into(),
        Err(RemoteError::Conflict { .. }) => "conflict".into(),
        Err(RemoteError::Rejected { why, .. }) => format!("rejected: {why}"),
        Err(other) => format!("{other:?}"),
    }
}

fn time_of(slot: &Value) -> String {
    format!(
        "{} {} {}",
        slot["status"].as_str().unwrap(),
        slot["start"].as_str().unwrap(),
        slot["end"].as_str().unwrap()
    )
}

#[tokio::test]
async fn a_block_is_made_moved_and_removed_by_one_request_each() {
    for habit in [Habit::Proper, Habit::Terse] {
        let (fake, slots, blocks) = ehr(habit).await;
        let made = one(&blocks, put(at(1, None), Expected::Absent, hour(17))).await.unwrap();
        assert_eq!(made.remote, Some(ItemId::from("slot-1")));
        assert_eq!(made.touch, Some(Touch::OursAlone));
        let example: Value =
            serde_json::from_str(include_str!("../../../../../tests/ehr-examples/slot_block.json")).unwrap();
        let sent = fake.asked()[0].body.clone();
        for field in ["resourceType", "meta", "schedule", "status", "comment"] {
            assert_eq!(sent[field], example[field], "{field}");
        }
        assert_eq!(sent.as_object().unwrap().len(), example.as_object().unwrap().len());
        let moved = one(&blocks, put(at(1, Some(&made)), state(&made), hour(19))).await.unwrap();
        assert_eq!(
            time_of(&slots.lock().unwrap().all["slot-1"]),
            "busy-unavailable 2026-10-27T19:00:00Z 2026-10-27T19:45:00Z"
        );
        let gone = one(&blocks, Step::Delete { at: at(1, Some(&moved)), expected: state(&moved) }).await;
        assert_eq!(gone.unwrap(), Written::default());
        assert_eq!(fake.lines(), ["POST Slot", "PUT Slot/slot-1", "DELETE Slot/slot-1"]);
        let again = one(&blocks, Step::Delete { at: at(1, Some(&moved)), expected: state(&moved) }).await;
        assert!(again.is_ok(), "removing what is not there succeeds");
    }
}

#[tokio::test]
async fn a_create_meets_what_stands() {
    let (_fake, slots, blocks) = ehr(Habit::Proper).await;
    let make = |time| put(at(1, None), Expected::Absent, time);
    assert_eq!(word(&one(&blocks, make(hour(17))).await), "slot-1");
    assert_eq!(word(&one(&blocks, make(hour(17))).await), "slot-1", "the same again is done");
    assert_eq!(word(&one(&blocks, make(hour(18))).await), "conflict");
    slots.lock().unwrap().all.get_mut("slot-1").unwrap()["status"] = json!("entered-in-error");
    assert_eq!(word(&one(&blocks, make(hour(18))).await), "slot-1", "what closes no time is used again");
    assert_eq!(
        time_of(&slots.lock().unwrap().all["slot-1"]),
        "busy-unavailable 2026-10-27T18:00:00Z 2026-10-27T18:45:00Z"
    );
}

#[tokio::test]
async fn a_move_meets_a_change() {
    let (fake, slots, blocks) = ehr(Habit::Proper).await;
    let made = one(&blocks, put(at(1, None), Expected::Absent, hour(17))).await.unwrap();
    let mut theirs = slots.lock().unwrap().all["slot-1"].clone();
    theirs["meta"]["versionId"] = json!("4");
    theirs["overbooked"] = json!(false);
    slots.lock().unwrap().all.insert("slot-1".into(), theirs);
    assert_eq!(word(&one(&blocks, put(at(1, Some(&made)), state(&made), hour(18))).await), "conflict");
    let found = blocks.find(&[at(1, Some(&made))]).await.unwrap().remove(0);
    assert_eq!(found.content, Some(Content::Block(BlockContent { interval: hour(17) })));
    let expected = Expected::Revision(found.revision.unwrap(), Touch::Decorated);
    fake.drain();
    let moved = one(&blocks, put(at(1, Some(&made)), expected, hour(18))).await.unwrap();
    assert_eq!(fake.lines(), ["GET Slot/slot-1", "PUT Slot/slot-1"]);
    assert_eq!(slots.lock().unwrap().all["slot-1"]["overbooked"], json!(false), "what others added survives");
    assert_eq!(moved.touch, Some(Touch::Decorated));
    let unversioned = one(&blocks, put(at(1, None), Expected::Unversioned, hour(19))).await;
    assert_eq!(word(&unversioned), "slot-1");
    slots.lock().unwrap().all.clear();
    for expected in [state(&moved), Expected::Unversioned] {
        assert_eq!(word(&one(&blocks, put(at(1, Some(&moved)), expected, hour(20))).await), "conflict");
    }
}

#[tokio::test]
async fn several_steps_are_one_batch_each_with_its_own_fate() {
    let (fake, slots, blocks) = ehr(Habit::Proper).await;
    let creates: Vec<Step> = (0..4).map(|n| put(at(n, None), Expected::Absent, hour(10))).collect();
    let made: Vec<Written> = blocks.carry_out(&creates).await.into_iter().map(Result::unwrap).collect();
    assert_eq!(fake.drain(), ["POST "]);
    let mut lost = made[2].clone();
    lost.revision = Some("v9 x".into());
    let steps = [
        Step::Delete { at: at(0, Some(&made[0])), expected: state(&made[0]) },
        put(at(1, Some(&made[1])), state(&made[1]), hour(11)),
        put(at(2, Some(&lost)), state(&lost), hour(11)),
        put(at(9, None), Expected::Absent, hour(12)),
        Step::Delete { at: at(3, None), expected: Expected::Unversioned },
    ];
    let outcomes: Vec<String> = blocks.carry_out(&steps).await.iter().map(word).collect();
    assert_eq!(outcomes, ["done", "slot-2", "conflict", "slot-5", "done"]);
    let lines = fake.drain();
    assert_eq!(lines.len(), 3, "one look, the writes, then the removals: {lines:?}");
    let left: Vec<String> = slots.lock().unwrap().all.keys().cloned().collect();
    assert_eq!(left, ["slot-2", "slot-3", "slot-5"]);
    assert_eq!(blocks.steps_per_request(), 50);
}

#[tokio::test]
async fn a_refused_batch_is_remembered() {
    let (fake, slots, blocks) = ehr(Habit::RefusesBatches).await;
    let creates: Vec<Step> = (0..3).map(|n| put(at(n, None), Expected::Absent, hour(10))).collect();
    assert!(blocks.carry_out(&creates).await.iter().all(Result::is_ok));
    assert_eq!(fake.drain().len(), 4);
    assert!(fake.ehr.blocks(&"sch-12".into()).carry_out(&creates).await.iter().all(Result::is_ok));
    assert_eq!(fake.drain().len(), 3);
    assert_eq!(slots.lock().unwrap().all.len(), 3);
}

#[tokio::test]
async fn a_failing_batch_fails_each_step() {
    let creates: Vec<Step> = (0..3).map(|n| put(at(n, None), Expected::Absent, hour(10))).collect();
    for (code, issue) in [(503, "transient"), (429, "throttled"), (500, "exception")] {
        let fake = Fake::start(move |_, _| outcome(code, issue)).await;
        let outcomes = fake.ehr.blocks(&"sch-12".into()).carry_out(&creates).await;
        assert!(outcomes.iter().all(|outcome| matches!(outcome, Err(RemoteError::Later { .. }))), "{code}");
        assert_eq!(fake.lines().len(), 1, "nothing is repeated");
    }
    let short = Fake::start(|_, _| ok(json!({"resourceType": "Bundle", "entry": []}))).await;
    let outcomes = short.ehr.blocks(&"sch-12".into()).carry_out(&creates).await;
    assert!(outcomes.iter().all(|outcome| matches!(outcome, Err(RemoteError::Unintelligible { .. }))));
}

#[tokio::test]
async fn refusals_of_one_write() {
    for (code, issue, expected) in [
        (422, "business-rule", "rejected: business-rule"),
        (412, "multiple-matches", "conflict"),
        (400, "structure", "rejected: structure"),
    ] {
        let fake = Fake::start(move |_, _| outcome(code, issue)).await;
        let blocks = fake.ehr.blocks(&"sch-12".into());
        assert_eq!(word(&one(&blocks, put(at(1, None), Expected::Absent, hour(10))).await), expected);
    }
}

#[tokio::test]
async fn an_ehr_that_deletes_nothing_is_told_of_an_error() {
    let (fake, slots, blocks) = ehr(Habit::NeverDeletes).await;
    let made = one(&blocks, put(at(1, None), Expected::Absent, hour(17))).await.unwrap();
    fake.drain();
    for expected in [
        vec!["DELETE Slot/slot-1", "GET Slot/slot-1", "PUT Slot/slot-1"],
        vec!["DELETE Slot/slot-1", "GET Slot/slot-1"],
    ] {
        let gone = one(&blocks, Step::Delete { at: at(1, Some(&made)), expected: state(&made) }).await;
        assert_eq!(gone.unwrap(), Written::default());
        assert_eq!(fake.drain(), expected);
    }
    assert_eq!(slots.lock().unwrap().all["slot-1"]["status"], "entered-in-error");
    let found = blocks.find(&[at(1, Some(&made))]).await.unwrap().remove(0);
    assert_eq!((found.content, found.remote), (None, Some("slot-1".into())));
    assert!(fake.ehr.list_blocks(&"sch-12".into(), hour(17)).await.unwrap().is_empty());
}

#[tokio::test]
async fn doubles_are_found_and_the_lowest_stays() {
    let (_fake, slots, blocks) = ehr(Habit::IgnoresConditions).await;
    for _ in 0..11 {
        one(&blocks, put(at(1, None), Expected::Absent, hour(17))).await.unwrap();
    }
    assert_eq!(slots.lock().unwrap().all.len(), 11);
    let found = blocks.find(&[at(1, None), at(2, None)]).await.unwrap();
    assert_eq!(found[0].remote, Some("slot-1".into()));
    assert_eq!((found[1].content.clone(), found[1].remote.clone()), (None, None));
    assert_eq!(slots.lock().unwrap().all.keys().collect::<Vec<_>>(), ["slot-1"]);
}

#[tokio::test]
async fn only_our_own_overlapping_blocks_of_this_schedule_are_listed() {
    let (fake, slots, blocks) = ehr(Habit::Proper).await;
    for (number, time) in [(1, 10), (2, 17), (3, 18)] {
        one(&blocks, put(at(number, None), Expected::Absent, hour(time))).await.unwrap();
    }
    one(&fake.ehr.blocks(&"sch-99".into()), put(at(4, None), Expected::Absent, hour(17))).await.unwrap();
    let mut foreign = slots.lock().unwrap().all["slot-2"].clone();
    foreign["id"] = json!("foreign");
    foreign["identifier"][0]["system"] = json!("https://ehr.example/slots");
    slots.lock().unwrap().all.insert("foreign".into(), foreign);
    slots.lock().unwrap().all.get_mut("slot-3").unwrap()["end"] = json!("garbled");
    fake.drain();
    let listed = fake.ehr.list_blocks(&"sch-12".into(), hour(17)).await.unwrap();
    let names: Vec<&MirrorId> = listed.iter().map(|sighting| &sighting.mirror).collect();
    assert_eq!(names, [&name(2), &name(3)], "one that cannot be read is to be written over");
    assert_eq!(
        fake.lines(),
        ["GET Slot?schedule=Schedule/sch-12&start=ge2026-09-26T17:00:00Z&start=lt2026-10-27T17:45:00Z\
          &status=busy-unavailable&identifier=urn:daybook:block|&_count=100"]
    );
}

#[tokio::test]
async fn finding_is_batched_by_twenty() {
    let (fake, slots, blocks) = ehr(Habit::Proper).await;
    let creates: Vec<Step> = (0..45).map(|n| put(at(n, None), Expected::Absent, hour(10))).collect();
    blocks.carry_out(&creates).await;
    fake.drain();
    let unknown: Vec<MirrorRef> = (0..45).map(|n| at(n, None)).collect();
    let found = blocks.find(&unknown).await.unwrap();
    assert!(found.iter().all(|sighting| sighting.content.is_some()));
    assert_eq!(fake.drain().len(), 3);
    slots.lock().unwrap().all.remove("slot-1");
    let known = MirrorRef { mirror: name(0), remote: Some("slot-1".into()) };
    assert_eq!(blocks.find(&[known]).await.unwrap()[0].content, None);
    let lines = fake.drain();
    assert_eq!(lines.len(), 2, "by id, then by name: {lines:?}");
}
