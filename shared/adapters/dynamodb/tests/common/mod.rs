//! A table in memory, with connections and links to put into it. It asserts nothing.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

pub mod lost_answers;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use daybook_core::access::{Access, Reads, Writes};
use daybook_core::connection::*;
use daybook_core::detail::Detail;
use daybook_core::event::EventRef;
use daybook_core::ids::OccurrenceId;
use daybook_core::key::{Owner, PracticeKey, Target};
use daybook_core::link::*;
use daybook_core::mirror::BlockContent;
use daybook_core::notice::Told;
use daybook_core::policy::{AccountHome, AccountKind, Audience};
use daybook_core::restore::Restored;
use daybook_core::sample;
use daybook_core::subscription::{Subscription, Telling};
use daybook_core::succession::{Afterwards, Succession};
use daybook_core::time::Interval;
use daybook_core::window::WindowDays;
use daybook_dynamodb::{Embedded, RequestCounts, Table, embedded_client};
use daybook_engine::ports::{Clock, ConnectionRef, LeaseTerm, Release};
use jiff::Timestamp;

/// A clock that stands still until it is set.
#[derive(Default)]
pub struct HandClock(AtomicI64);

impl HandClock {
    pub fn set(&self, second: i64) {
        self.0.store(second, Ordering::Relaxed);
    }
}

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        at(self.0.load(Ordering::Relaxed))
    }
}

pub struct Room {
    pub table: Table,
    pub client: aws_sdk_dynamodb::Client,
    pub clock: Arc<HandClock>,
    pub embedded: Embedded,
}

pub async fn room() -> Room {
    let (client, embedded) = embedded_client(None).unwrap();
    let clock = Arc::new(HandClock::default());
    clock.set(1_000);
    let table = Table::new(client.clone(), "daybook", clock.clone());
    table.create_if_missing().await.unwrap();
    Room { table, client, clock, embedded }
}

impl Room {
    /// A room with one connection in it.
    pub async fn with(connection: &Connection) -> Self {
        use daybook_engine::ports::Connections;
        let room = room().await;
        room.table.create_connection(connection).await.unwrap();
        room
    }

    /// Reads and writes made by `work`.
    pub async fn cost<T>(&self, work: impl Future<Output = T>) -> (u64, u64, T) {
        let before = self.table.requests();
        let result = work.await;
        let RequestCounts { reads, writes } = self.table.requests();
        (reads - before.reads, writes - before.writes, result)
    }

    /// Sets one number of a connection's row behind the table's back.
    pub async fn tamper(&self, pk: &str, sk: &str, name: &str, value: u64) {
        use aws_sdk_dynamodb::types::AttributeValue::{N, S};
        self.client
            .update_item()
            .table_name("daybook")
            .key("pk", S(pk.into()))
            .key("sk", S(sk.into()))
            .update_expression("SET #n = :n")
            .expression_attribute_names("#n", name)
            .expression_attribute_values(":n", N(value.to_string()))
            .send()
            .await
            .unwrap();
    }
}

impl Room {
    /// Takes attributes from a row behind the table's back, as if an older program had written it.
    pub async fn strip(&self, pk: &str, sk: &str, names: &[&str]) {
        use aws_sdk_dynamodb::types::AttributeValue::S;
        self.client
            .update_item()
            .table_name("daybook")
            .key("pk", S(pk.into()))
            .key("sk", S(sk.into()))
            .update_expression(format!("REMOVE {}", names.join(", ")))
            .send()
            .await
            .unwrap();
    }

    /// One text of a row, as it is stored.
    pub async fn stored_text(&self, pk: &str, sk: &str, name: &str) -> Option<String> {
        use aws_sdk_dynamodb::types::AttributeValue::S;
        let asked =
            self.client.get_item().table_name("daybook").key("pk", S(pk.into())).key("sk", S(sk.into()));
        let item = asked.send().await.unwrap().item?;
        item.get(name)?.as_s().ok().cloned()
    }

    /// One number of a row, as it is stored.
    pub async fn stored_number(&self, pk: &str, sk: &str, name: &str) -> Option<i64> {
        use aws_sdk_dynamodb::types::AttributeValue::S;
        let asked =
            self.client.get_item().table_name("daybook").key("pk", S(pk.into())).key("sk", S(sk.into()));
        let item = asked.send().await.unwrap().item?;
        item.get(name)?.as_n().ok()?.parse().ok()
    }
}

pub fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

pub fn name(id: &str) -> ConnectionRef {
    ConnectionRef { practice: "demo".into(), id: id.into() }
}

pub fn account(subject: &str) -> AccountName {
    let home = AccountHome::new(AccountKind::Private, "example.test");
    AccountName { subject: subject.into(), label: "dr@example.test".into(), home }
}

pub fn term(holder: &str, until: i64) -> LeaseTerm {
    LeaseTerm { holder: holder.into(), until: at(until), sole_process: None }
}

/// As a door makes it.
pub fn fresh(id: &str) -> Connection {
    Connection {
        provider: Provider::Caldav,
        settings: Settings {
            direction: Direction::EhrToCalendar,
            main_calendar: MainCalendar::Create("Work schedule".into()),
            blocking_calendars: BlockingCalendars::Owned,
            ..sample::settings()
        },
        evidence: Evidence { created_at: at(5), ..Evidence::default() },
        ..sample::connection(id)
    }
}

/// With every field set to something.
pub fn full(id: &str) -> Connection {
    let calendar = |id: &str| CalendarRef { id: id.into(), name: format!("calendar {id}") };
    let exact: Timestamp = "2026-05-06T07:08:09.123456789Z".parse().unwrap();
    let precise = Some(exact);
    Connection {
        account: Some(account("subject-1")),
        settings: Settings {
            direction: Direction::TwoWay,
            window: WindowDays::new(3, 90).unwrap(),
            detail: Detail::Reference,
            main_calendar: MainCalendar::Made(calendar("/user/a/")),
            blocking_calendars: BlockingCalendars::Chosen(vec![calendar("b"), calendar("c")]),
            aged_out: AgedOut::Keep,
            block_scope: BlockScope::Hours,
            reminder_minutes: Some(10),
            start: Start::WhenConfirmed,
        },
        version: 7,
        evidence: Evidence {
            created_at: at(5),
            authorised_at: precise,
            started_at: precise,
            paused_at: Some(at(6)),
            granted: Some(Access { writes: Writes::OwnCalendars, reads: Reads::Events }),
            needed: Some(Access { writes: Writes::Nothing, reads: Reads::Names }),
            refused_at: Some(at(7)),
            first_synced_at: Some(at(8)),
            last_synced_at: Some(at(-9)),
            disconnect: Some(Disconnect { asked_at: at(10), mirrors: Mirrors::Keep }),
            disconnected_at: Some(at(11)),
            brake_released_at: Some(at(12)),
            succeeds: Some(Succession { of: "c0".into(), afterwards: Afterwards::ClosesTime }),
            handed_over_at: Some(at(23)),
            closed_days: ["day1".into(), "day2".into()].into(),
            answered_calendars: ["c".into(), "d".into()].into(),
            left_calendars: vec![calendar("/user/old/"), calendar("older")],
            reviewed_at: Some(at(20)),
            put_back: Some(PutBack { times: 3, last_at: at(21) }),
            verified: Some(Verified { at: at(24), went: Went::Badly }),
            left: [(Detail::Busy, 4), (Detail::Full, 2)].into(),
        },
        schedule: Schedule {
            cursors: [("/user/a/".into(), "https://x/sync/1".into()), ("b".into(), "".into())].into(),
            read_at: [("/user/a/".into(), exact), ("b".into(), at(16))].into(),
            tellings: tellings(),
            rolled_to: Some("2026-05-06".parse().unwrap()),
            reconciled: Some(Reconciled {
                at: exact,
                version: 6,
                detail: Detail::Initials,
                window: WindowDays::default(),
            }),
            practitioner: Some(Known {
                at: at(13),
                time_zone: Some("America/New_York".into()),
                schedules: vec!["s1".into(), "s2".into()],
            }),
            onlookers: Some(Onlookers { calendar: "/user/a/".into(), audience: Audience::Shared }),
            known_calendars: ["b".into(), "/user/a/".into()].into(),
            new_calendars: vec![calendar("e")],
            owing_at: Some(at(15)),
            due_at: precise,
            failures: 3,
        },
        signals: Signals {
            received: 5,
            answered: 4,
            pending_since: precise,
            marks: Marks {
                appointments: [("a1".into(), "t1".into()), ("a 2#.x".into(), "t2".into())].into(),
                calendars: [("/user/a/".into(), "t4".into()), ("b#%".into(), "t5".into())].into(),
                subscriptions: [("/user/a/".into(), "t6".into())].into(),
                everything: Some("t3".into()),
            },
        },
        progress: Some(Progress { done: 1, total: 2 }),
        problems: [(
            "ehr".into(),
            Problem {
                kind: ProblemKind::EhrUnreachable,
                detail: "no answer".into(),
                count: Some(3),
                since: at(14),
            },
        )]
        .into(),
        told: Told {
            number: 4,
            at: Some(at(20)),
            state: daybook_core::connection::State::Paused,
            brakes: ["brake on the EHR".into()].into(),
            conflicts: ["c1".into(), "c2".into()].into(),
            review: Some(at(21)),
        },
        ..fresh(id)
    }
}

fn tellings() -> std::collections::BTreeMap<daybook_core::ids::CalendarId, Telling> {
    let subscription = |resource: Option<&str>| {
        Telling::Subscribed(Subscription {
            id: "subscription-1".into(),
            resource: resource.map(str::to_owned),
            opened_at: at(17),
            expires_at: at(18),
        })
    };
    [
        ("/user/a/".into(), subscription(Some("resource-1"))),
        ("b".into(), subscription(None)),
        ("c".into(), Telling::Refused { ask_again_at: at(19) }),
    ]
    .into()
}

/// What a run leaves that changed nothing.
pub fn left(connection: &Connection) -> Release {
    Release {
        evidence: connection.evidence.clone(),
        settled_settings: None,
        schedule: connection.schedule.clone(),
        progress: None,
        problems: [].into(),
        answered: None,
        done_marks: Marks::default(),
        told: connection.told.clone(),
        notices: vec![],
    }
}

pub fn key() -> PracticeKey {
    PracticeKey::new(&[7; 32])
}

fn span() -> Interval {
    Interval::between(at(3_600), at(7_200))
}

fn agreed() -> LinkState {
    let fingerprint = key().fingerprint_block(BlockContent { interval: span() });
    let revision = Some("\"etag-1\"".into());
    let restored = Some(Restored { times: 3, since: at(22), parked_at_version: Some(7) });
    LinkState::Agreed(Agreed { fingerprint, span: span(), revision, touch: Touch::Decorated, restored })
}

/// A link of the appointments lane.
pub fn mirrored(appointment: &str) -> Link {
    let owner = Owner::Appointment(appointment.into());
    let target = Target::Calendar("/user/a/".into());
    Link {
        mirror: key().mirror_id(&"prac-1".into(), &owner, &target),
        owner,
        target,
        remote: None,
        item_digest: None,
        told: Detail::Initials,
        state: agreed(),
        generation: 1,
    }
}

/// A link of the busy lane.
pub fn blocked(item: &str, occurrence: &str) -> Link {
    let owner = Owner::Event(EventRef {
        calendar: "b".into(),
        item: item.into(),
        series: item.into(),
        occurrence: match occurrence {
            "" => OccurrenceId::single(),
            other => other.into(),
        },
    });
    let target = Target::Schedule("s1".into());
    Link {
        mirror: key().mirror_id(&"prac-1".into(), &owner, &target),
        owner,
        target,
        remote: Some("slot-1".into()),
        item_digest: Some(key().item_digest(&"b".into(), item)),
        told: Detail::Busy,
        state: agreed(),
        generation: 1,
    }
}
