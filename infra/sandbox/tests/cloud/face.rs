//! The least face that will do: single events, whole bodies of our own.

use daybook_sandbox::cloud::{Account, Face, Item, NewEvent, Reply, Shown, Standing, When, World};
use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::{Value, json};

pub struct Plain;

impl Face for Plain {
    fn shown(&self, world: &World, account: &str, from: Timestamp, to: Timestamp) -> Vec<Shown> {
        let calendars = world.calendars_of(account);
        let items = calendars.iter().flat_map(|(calendar, _)| world.items_of(&calendar.id));
        items
            .filter(|item| !item.deleted)
            .filter_map(|item| {
                let when = when_of(&item.body);
                let inside = match when {
                    When::Timed { start, end } => start < to && from < end,
                    When::Days { .. } => true,
                };
                inside.then(|| Shown {
                    calendar: item.calendar.clone(),
                    item: item.id.clone(),
                    occurrence: None,
                    title: item.body["title"].as_str().unwrap().to_owned(),
                    when,
                    standing: match item.body["reply"].as_str() {
                        Some("none") => Standing::Invited,
                        Some("Decline") => Standing::Declined,
                        _ => Standing::Busy,
                    },
                })
            })
            .collect()
    }

    fn draft(&self, new: &NewEvent) -> Value {
        let mut body = json!({"title": new.title, "repeat": format!("{:?}", new.repeat)});
        set_when(&mut body, &new.when);
        if new.invited_by.is_some() {
            body["reply"] = json!("none");
        }
        body
    }

    fn moved(&self, _: &World, item: &Item, _: Option<&str>, when: &When) -> Vec<Item> {
        let mut item = item.clone();
        set_when(&mut item.body, when);
        vec![item]
    }

    fn removed(&self, _: &World, item: &Item, _: Option<&str>) -> Vec<Item> {
        vec![Item { deleted: true, ..item.clone() }]
    }

    fn answered(&self, item: &Item, _: &Account, reply: Reply) -> Value {
        let mut body = item.body.clone();
        body["reply"] = json!(format!("{reply:?}"));
        body
    }
}

fn set_when(body: &mut Value, when: &When) {
    let (start, end) = match when {
        When::Timed { start, end } => (start.to_string(), end.to_string()),
        When::Days { start, end } => (start.to_string(), end.to_string()),
    };
    body["start"] = json!(start);
    body["end"] = json!(end);
}

fn when_of(body: &Value) -> When {
    let text = |name: &str| body[name].as_str().unwrap();
    match (text("start").parse::<Timestamp>(), text("end").parse::<Timestamp>()) {
        (Ok(start), Ok(end)) => When::Timed { start, end },
        _ => When::Days {
            start: text("start").parse::<Date>().unwrap(),
            end: text("end").parse::<Date>().unwrap(),
        },
    }
}
