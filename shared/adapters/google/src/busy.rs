//! When calendars are busy, asked in pieces that Google takes. A calendar without an answer holds its error.

use std::collections::BTreeMap;

use daybook_core::ids::CalendarId;
use daybook_core::time::Interval;
use daybook_engine::ports::{BusyTimes, RemoteError};
use jiff::SignedDuration;

use crate::account::GoogleAccount;
use crate::wire::free_busy::{Busy, CalendarBusy, FreeBusy};

const MOST_CALENDARS: usize = 50;
/// About three months are refused as too long, without a documented limit.
const LONGEST: SignedDuration = SignedDuration::from_hours(60 * 24);
/// More than ten years: no window is longer.
const MOST_PIECES: usize = 64;

impl GoogleAccount {
    /// `None` where the clinician has not allowed us to ask.
    pub(crate) async fn ask_busy_times(
        &self,
        calendars: &[CalendarId],
        within: Interval,
    ) -> Result<Option<BusyTimes>, RemoteError> {
        let mut times: BusyTimes = BTreeMap::new();
        for some in calendars.chunks(MOST_CALENDARS) {
            let names: Vec<&str> = some.iter().map(CalendarId::as_str).collect();
            for piece in pieces(within) {
                let request = FreeBusy { calendars: &names, within: piece };
                let Some(mut answer) = self.session.ask(&request).await? else { return Ok(None) };
                for id in some {
                    let told = told(&mut answer, id);
                    add(times.entry(id.clone()).or_insert_with(|| Ok(Vec::new())), told);
                }
            }
        }
        for spans in times.values_mut().flatten() {
            *spans = merged(std::mem::take(spans));
        }
        Ok(Some(times))
    }
}

fn pieces(within: Interval) -> Vec<Interval> {
    let mut pieces = Vec::new();
    let mut from = within.start();
    while from < within.end() && pieces.len() < MOST_PIECES {
        let to = from.checked_add(LONGEST).unwrap_or(within.end()).min(within.end());
        pieces.push(Interval::between(from, to));
        from = to;
    }
    pieces
}

/// What the answer says of one calendar; saying nothing is not free.
fn told(answer: &mut Busy, id: &CalendarId) -> Result<Vec<Interval>, RemoteError> {
    let what = || "the busy times of a Google calendar".to_owned();
    let Some(CalendarBusy { busy, errors }) = answer.calendars.remove(id.as_str()) else {
        return Err(RemoteError::Unintelligible { what: what(), cause: None });
    };
    match errors.first().map(|error| error.reason.as_str()) {
        None => Ok(busy.into_iter().map(|span| Interval::between(span.start, span.end)).collect()),
        Some("notFound") => Err(RemoteError::Missing { what: what() }),
        Some("internalError") => Err(RemoteError::Later { what: what(), retry_after: None, cause: None }),
        Some(_) => Err(RemoteError::Rejected { what: what(), why: "Google does not tell them".into() }),
    }
}

/// The first error stays.
fn add(known: &mut Result<Vec<Interval>, RemoteError>, told: Result<Vec<Interval>, RemoteError>) {
    match (known.as_mut(), told) {
        (Ok(known), Ok(told)) => known.extend(told),
        (Ok(_), Err(error)) => *known = Err(error),
        (Err(_), _) => {}
    }
}

/// In order, and in one piece what touches.
fn merged(mut spans: Vec<Interval>) -> Vec<Interval> {
    spans.sort();
    let mut merged: Vec<Interval> = Vec::with_capacity(spans.len());
    for span in spans {
        match merged.last_mut() {
            Some(last) if span.start() <= last.end() => {
                *last = Interval::between(last.start(), last.end().max(span.end()));
            }
            _ => merged.push(span),
        }
    }
    merged
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use super::*;

    fn span(from: i64, to: i64) -> Interval {
        let at = |hours: i64| jiff::Timestamp::UNIX_EPOCH + SignedDuration::from_hours(hours);
        Interval::between(at(from), at(to))
    }

    #[test]
    fn long_times_are_asked_for_in_pieces() {
        let days = |from: i64, to: i64| span(from * 24, to * 24);
        assert_eq!(pieces(days(0, 60)), [days(0, 60)]);
        assert_eq!(pieces(days(0, 130)), [days(0, 60), days(60, 120), days(120, 130)]);
        assert_eq!(pieces(days(0, 0)), []);
    }

    #[test]
    fn what_touches_is_one() {
        let found = merged(vec![span(5, 6), span(1, 2), span(2, 3), span(1, 4)]);
        assert_eq!(found, [span(1, 4), span(5, 6)]);
    }
}
