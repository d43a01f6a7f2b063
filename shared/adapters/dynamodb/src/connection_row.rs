//! A connection as a row, in groups of attributes: each group belongs to one hand.
//! Who may write which group when is said in `connections`, `signal` and `lease`.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::AttributeValue;
use daybook_core::access::Access;
use daybook_core::connection::{
    AccountName, CalendarRef, Connection, Disconnect, Evidence, Problem, Progress, PutBack, Schedule,
    Settings, Signals, Verified,
};
use daybook_core::detail::Detail;
use daybook_core::ids::CalendarId;
use daybook_core::notice::Told;
use daybook_core::policy::{AccountHome, AccountKind};
use daybook_core::succession::Succession;
use daybook_engine::ports::ConnectionRef;
use jiff::Timestamp;

use crate::expression::Field;
use crate::item::{Broken, Item, Row, instant, json, map, new_row, number, put, text};
use crate::keys;
use crate::marks;
use crate::notice_row::ToldRow;
use crate::schedule_row::ScheduleRow;
use crate::settings_row::{CalendarRow, ProblemRow, ProgressRow, SettingsRow, problem_rows};
use crate::words::Word;

/// The whole row, as it is created.
pub fn to_item(connection: &Connection) -> Item {
    let at = ConnectionRef::from(connection);
    let mut item = new_row(&keys::connection(&at));
    let groups = fixed(connection)
        .into_iter()
        .chain(command(connection))
        .chain([refused(&connection.evidence)])
        .chain(outcome(&connection.evidence))
        .chain(schedule(&connection.schedule))
        .chain(due(&at, connection.schedule.due_at))
        .chain(report(connection.progress, &connection.problems))
        .chain(signals(&connection.signals))
        .chain([told(&connection.told)]);
    for (name, value) in groups {
        put(&mut item, name, value);
    }
    item
}

fn fixed(connection: &Connection) -> [Field; 6] {
    let succeeds = connection.evidence.succeeds.as_ref();
    [
        ("generation", Some(number(0))), // no lease was ever given
        ("practitioner", Some(text(connection.practitioner.as_str()))),
        ("provider", Some(text(connection.provider.word()))),
        ("created_at", Some(instant(connection.evidence.created_at))),
        ("succeeds", succeeds.map(|succession| text(succession.of.as_str()))),
        ("afterwards", succeeds.map(|succession| text(succession.afterwards.word()))),
    ]
}

/// What people write.
pub fn command(connection: &Connection) -> [Field; 18] {
    let (evidence, account) = (&connection.evidence, connection.account.as_ref());
    [
        settings(&connection.settings),
        ("version", Some(number(connection.version))),
        ("account", account.map(|account| text(&account.label))),
        ("account_subject", account.map(|account| text(&account.subject))),
        ("account_kind", account.map(|account| text(account.home.kind.word()))),
        ("account_domain", account.map(|account| text(&account.home.domain))),
        ("authorised_at", evidence.authorised_at.map(instant)),
        ("started_at", evidence.started_at.map(instant)),
        ("paused_at", evidence.paused_at.map(instant)),
        ("granted", evidence.granted.map(access)),
        ("needed", evidence.needed.map(access)),
        ("disconnect_asked_at", evidence.disconnect.map(|asked| instant(asked.asked_at))),
        ("disconnect_mirrors", evidence.disconnect.map(|asked| text(asked.mirrors.word()))),
        ("brake_released_at", evidence.brake_released_at.map(instant)),
        ("reviewed_at", evidence.reviewed_at.map(instant)),
        left_calendars(evidence),
        ("closed_days", (!evidence.closed_days.is_empty()).then(|| json(&evidence.closed_days))),
        answered_calendars(evidence),
    ]
}

/// What may be written, and what may be read.
fn access(access: Access) -> AttributeValue {
    text(format!("{} {}", access.writes.word(), access.reads.word()))
}

/// Written by people, and by a run that found out which calendars are meant.
pub fn settings(settings: &Settings) -> Field {
    ("settings", Some(json(&SettingsRow::from(settings))))
}

/// Written by the worker, and cleared by signing in again.
pub fn refused(evidence: &Evidence) -> Field {
    ("refused_at", evidence.refused_at.map(instant))
}

fn answered_calendars(evidence: &Evidence) -> Field {
    let ids: Vec<&str> = evidence.answered_calendars.iter().map(CalendarId::as_str).collect();
    ("answered_calendars", (!ids.is_empty()).then(|| json(&ids)))
}

/// Written by people, and by a run that is done with them.
pub fn left_calendars(evidence: &Evidence) -> Field {
    let rows: Vec<CalendarRow> = evidence.left_calendars.iter().map(CalendarRow::from).collect();
    ("left_calendars", (!rows.is_empty()).then(|| json(&rows)))
}

/// What only the worker writes of the evidence.
pub fn outcome(evidence: &Evidence) -> [Field; 9] {
    let left = evidence.left.iter().map(|(told, count)| (told.word(), *count));
    let left: BTreeMap<&str, u64> = left.collect();
    [
        ("first_synced_at", evidence.first_synced_at.map(instant)),
        ("last_synced_at", evidence.last_synced_at.map(instant)),
        ("disconnected_at", evidence.disconnected_at.map(instant)),
        ("handed_over_at", evidence.handed_over_at.map(instant)),
        ("put_back_times", evidence.put_back.map(|put_back| number(put_back.times))),
        ("put_back_at", evidence.put_back.map(|put_back| instant(put_back.last_at))),
        ("verified_at", evidence.verified.map(|verified| instant(verified.at))),
        ("verified", evidence.verified.map(|verified| text(verified.went.word()))),
        ("left", (!left.is_empty()).then(|| json(&left))),
    ]
}

/// The worker's plans, apart from when the next run is due.
pub fn schedule(schedule: &Schedule) -> [Field; 2] {
    let cursors = schedule.cursors.iter().map(|(calendar, cursor)| (calendar.as_str(), cursor.as_str()));
    [("cursors", Some(map(cursors))), ("schedule", Some(json(&ScheduleRow::from(schedule))))]
}

/// Written by the worker, and by a command, which makes a run due at once. Without it the row is not in the index
/// of due work.
pub fn due(at: &ConnectionRef, due_at: Option<Timestamp>) -> [Field; 2] {
    let shard = keys::shard(&keys::partition(at));
    [("due_shard", due_at.map(|_| number(shard))), ("due_at", due_at.map(instant))]
}

/// What the worker reports to people.
pub fn report(progress: Option<Progress>, problems: &BTreeMap<String, Problem>) -> [Field; 2] {
    [
        ("progress", progress.map(|progress| json(&ProgressRow::from(progress)))),
        ("problems", (!problems.is_empty()).then(|| json(&problem_rows(problems)))),
    ]
}

/// How far the EHR is told, as the worker leaves it.
pub fn told(told: &Told) -> Field {
    ("told", (told.number > 0).then(|| json(&ToldRow::from(told))))
}

fn signals(signals: &Signals) -> impl Iterator<Item = Field> {
    let counts = [
        ("received", Some(number(signals.received))),
        ("answered", Some(number(signals.answered))),
        ("pending_since", signals.pending_since.map(instant)),
    ];
    counts.into_iter().chain(marks::fields(&signals.marks))
}

pub fn from_item(item: &Item) -> Result<Connection, Broken> {
    let row = Row::read(item)?;
    let at = keys::connection_of(row.text("pk")?).ok_or(Broken::Attribute("pk"))?;
    Ok(Connection {
        practice: at.practice,
        id: at.id,
        practitioner: row.text("practitioner")?.into(),
        provider: row.word("provider")?,
        account: account_of(row)?,
        settings: row.json::<SettingsRow>("settings")?.try_into()?,
        version: row.number("version")?,
        evidence: evidence_of(row)?,
        schedule: schedule_of(row)?,
        signals: signals_of(row)?,
        progress: row.find_json::<ProgressRow>("progress")?.map(Progress::from),
        problems: problems_of(row)?,
        told: row.find_json::<ToldRow>("told")?.map(Told::from).unwrap_or_default(),
    })
}

/// Rows of older programs have the label only, and then nobody knows whose account it is.
fn account_of(row: Row<'_>) -> Result<Option<AccountName>, Broken> {
    let Some(label) = row.find_text("account")? else { return Ok(None) };
    let subject = row.find_text("account_subject")?.unwrap_or(label);
    let home = match row.find_text("account_domain")? {
        Some(domain) => AccountHome::new(row.word("account_kind")?, domain),
        None => AccountHome::of_address(AccountKind::Private, label),
    };
    Ok(Some(AccountName { subject: subject.to_owned(), label: label.to_owned(), home }))
}

fn access_of(row: Row<'_>, name: &'static str) -> Result<Option<Access>, Broken> {
    let Some(words) = row.find_text(name)? else { return Ok(None) };
    let access = words.split_once(' ').and_then(|(writes, reads)| {
        Some(Access { writes: Word::from_word(writes)?, reads: Word::from_word(reads)? })
    });
    access.map(Some).ok_or(Broken::Attribute(name))
}

fn evidence_of(row: Row<'_>) -> Result<Evidence, Broken> {
    let disconnect = match row.find_instant("disconnect_asked_at")? {
        Some(asked_at) => Some(Disconnect { asked_at, mirrors: row.word("disconnect_mirrors")? }),
        None => None,
    };
    Ok(Evidence {
        created_at: row.instant("created_at")?,
        authorised_at: row.find_instant("authorised_at")?,
        started_at: row.find_instant("started_at")?,
        paused_at: row.find_instant("paused_at")?,
        granted: access_of(row, "granted")?,
        needed: access_of(row, "needed")?,
        refused_at: row.find_instant("refused_at")?,
        first_synced_at: row.find_instant("first_synced_at")?,
        last_synced_at: row.find_instant("last_synced_at")?,
        disconnect,
        disconnected_at: row.find_instant("disconnected_at")?,
        brake_released_at: row.find_instant("brake_released_at")?,
        succeeds: succession_of(row)?,
        handed_over_at: row.find_instant("handed_over_at")?,
        left_calendars: left_calendars_of(row)?,
        closed_days: row.find_json("closed_days")?.unwrap_or_default(),
        answered_calendars: row
            .find_json::<Vec<String>>("answered_calendars")?
            .unwrap_or_default()
            .into_iter()
            .map(CalendarId::new)
            .collect(),
        reviewed_at: row.find_instant("reviewed_at")?,
        put_back: put_back_of(row)?,
        verified: verified_of(row)?,
        left: left_of(row)?,
    })
}

fn left_calendars_of(row: Row<'_>) -> Result<Vec<CalendarRef>, Broken> {
    let rows: Option<Vec<CalendarRow>> = row.find_json("left_calendars")?;
    Ok(rows.unwrap_or_default().into_iter().map(CalendarRef::from).collect())
}

/// A level that a newer program added counts as the highest that we know: rather too much is told of than too little.
fn left_of(row: Row<'_>) -> Result<BTreeMap<Detail, u64>, Broken> {
    let counts: BTreeMap<String, u64> = row.find_json("left")?.unwrap_or_default();
    let mut left = BTreeMap::new();
    for (word, count) in counts {
        *left.entry(Detail::from_word(&word).unwrap_or(Detail::Full)).or_default() += count;
    }
    Ok(left)
}

fn succession_of(row: Row<'_>) -> Result<Option<Succession>, Broken> {
    let Some(of) = row.find_text("succeeds")? else { return Ok(None) };
    Ok(Some(Succession { of: of.into(), afterwards: row.word("afterwards")? }))
}

fn put_back_of(row: Row<'_>) -> Result<Option<PutBack>, Broken> {
    let Some(last_at) = row.find_instant("put_back_at")? else { return Ok(None) };
    Ok(Some(PutBack { times: row.number("put_back_times")?, last_at }))
}

/// How it went by the word of a newer program is not told.
fn verified_of(row: Row<'_>) -> Result<Option<Verified>, Broken> {
    let Some(at) = row.find_instant("verified_at")? else { return Ok(None) };
    let went = row.find_text("verified")?.and_then(Word::from_word);
    Ok(went.map(|went| Verified { at, went }))
}

fn schedule_of(row: Row<'_>) -> Result<Schedule, Broken> {
    let cursors = row.map("cursors")?;
    Ok(Schedule {
        cursors: cursors.into_iter().map(|(calendar, cursor)| (calendar.into(), cursor.into())).collect(),
        due_at: row.find_instant("due_at")?,
        ..row.json::<ScheduleRow>("schedule")?.into_schedule()
    })
}

fn signals_of(row: Row<'_>) -> Result<Signals, Broken> {
    Ok(Signals {
        received: row.number("received")?,
        answered: row.number("answered")?,
        pending_since: row.find_instant("pending_since")?,
        marks: marks::marks_of(row)?,
    })
}

/// A problem of a kind that a newer program added is not worth losing the connection for.
fn problems_of(row: Row<'_>) -> Result<BTreeMap<String, Problem>, Broken> {
    let rows: BTreeMap<String, serde_json::Value> = row.find_json("problems")?.unwrap_or_default();
    let known = |(source, row)| {
        let row: ProblemRow = serde_json::from_value(row).ok()?;
        Some((source, Problem::from(row)))
    };
    Ok(rows.into_iter().filter_map(known).collect())
}
