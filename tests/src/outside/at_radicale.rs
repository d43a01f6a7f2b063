//! A story at a real Radicale.

use serde_json::Value;

use super::calendar::{Account, Resource, main_calendar};
use super::daybook::{Connection, Daybook};
use super::ehr::Ehr;
use super::eventually;
use super::meter::Meter;
use super::place::Place;
use crate::canary::sinks::assert_silent;
use crate::canary::words::secrets_at;
use crate::radicale::Radicale;

/// Everything that runs in one test.
pub struct AtRadicale {
    pub ehr: Ehr,
    pub radicale: Radicale,
    /// Between Daybook and Radicale.
    pub meter: Meter,
    /// The clinician's own app.
    pub account: Account,
    pub daybook: Daybook,
    _data: tempfile::TempDir,
}

impl AtRadicale {
    /// `more` are variables of Daybook. `None` where what it needs is missing and nobody requires it.
    pub async fn open(place: Place, more: &[(&str, &str)]) -> Option<Self> {
        let radicale = Radicale::start()?;
        let data = tempfile::tempdir().expect("a temporary folder");
        let ehr = Ehr::start(data.path()).await;
        ehr.empty().await;
        let meter = Meter::before(&radicale.url()).await;
        let daybook = place.open(data.path(), &ehr, more).await?;
        let account = Account::at(&radicale.url());
        Some(Self { ehr, radicale, meter, account, daybook, _data: data })
    }

    /// A connection of `prac-1`, its first sync done.
    pub async fn connect(&self, more: &Value) -> Connection<'_> {
        let connection = self.daybook.connect(&self.meter.url(), more).await;
        if more["detail"].is_null() {
            connection.tells(self.daybook.level()).await;
        }
        connection
    }

    /// What stands in the main calendar.
    pub async fn mirrors(&self, connection: &Connection<'_>) -> Vec<Resource> {
        self.account.resources(&main_calendar(&connection.get().await)).await
    }

    /// When what stands in the main calendar begins, in order, as iCalendar writes it.
    pub async fn starts(&self, connection: &Connection<'_>) -> Vec<String> {
        let mirrors = self.mirrors(connection).await;
        let mut starts: Vec<String> =
            mirrors.iter().map(|mirror| mirror.property("DTSTART").unwrap_or_default().to_owned()).collect();
        starts.sort();
        starts
    }

    /// Waits until exactly these starts stand in the calendar.
    pub async fn shows(&self, connection: &Connection<'_>, expected: &[&str]) {
        let mut expected: Vec<String> = expected.iter().map(|start| basic(start)).collect();
        expected.sort();
        eventually(&format!("the calendar shows {expected:?}"), || async {
            self.starts(connection).await == expected
        })
        .await;
    }

    /// Waits until exactly these times are closed in the EHR.
    pub async fn closes(&self, expected: &[(String, String)]) {
        self.ehr.closes(expected).await;
    }
}

impl Drop for AtRadicale {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            let secrets = secrets_at(self.daybook.level());
            assert_silent("what Radicale is told", &self.meter.heard(), &secrets);
        }
    }
}

/// `2026-11-24T15:00:00Z` as iCalendar writes it.
pub fn basic(instant: &str) -> String {
    instant.replace(['-', ':'], "")
}
