//! Sign-ins under way: one row for each link that a browser has opened. The row proves a browser and holds no secret.

use async_trait::async_trait;
use daybook_core::proof::Proof;
use daybook_engine::ports::{ConnectionRef, SignInVisit, SignIns, Stage, StoreError};
use jiff::SignedDuration;

use crate::expression::Change;
use crate::item::{Broken, Row, bytes, instant, new_row, put, seconds_after, text};
use crate::keys;
use crate::schema::EXPIRES_AT;
use crate::table::{Table, Written};
use crate::words::Word;

/// The row outlives the link, so that no clock that is slow lets the link be opened again.
const KEPT: SignedDuration = SignedDuration::from_hours(24);

/// The nonce is part of a link that works, so it is not told.
const NAMED: &str = "a sign-in";

#[async_trait]
impl SignIns for Table {
    async fn begin_visit(&self, visit: &SignInVisit) -> Result<(), StoreError> {
        let mut item = new_row(&keys::visit(&visit.nonce));
        put(&mut item, "practice", Some(text(visit.at.practice.as_str())));
        put(&mut item, "connection", Some(text(visit.at.id.as_str())));
        put(&mut item, "browser", Some(bytes(visit.browser.to_bytes())));
        put(&mut item, "stage", Some(text(visit.stage.word())));
        put(&mut item, "until", Some(instant(visit.expires_at)));
        put(&mut item, EXPIRES_AT, Some(seconds_after(visit.expires_at, KEPT)));
        match self.put_once(item, &Change::absent(), NAMED).await? {
            Written::Done(_) => Ok(()),
            Written::Refused(_) => Err(StoreError::Exists { what: NAMED.into() }),
        }
    }

    /// A nonce of any length may be asked for: it comes from a stranger.
    async fn find_visit(&self, nonce: &str) -> Result<Option<SignInVisit>, StoreError> {
        let key = keys::visit(nonce);
        if !key.fits() {
            return Ok(None);
        }
        let Some(item) = self.get(&key, NAMED).await? else { return Ok(None) };
        let visit = Row::read(&item).and_then(|row| visit_of(nonce, row));
        visit.map(Some).map_err(|broken| broken.unreadable(NAMED))
    }

    async fn move_visit(&self, nonce: &str, from: Stage, to: Stage) -> Result<(), StoreError> {
        let change = Change::of_readable()
            .assign([("stage", Some(text(to.word())))])
            .only_if("#stage = :from", [("from", text(from.word()))]);
        match self.update_once(&keys::visit(nonce), &change, vec![], NAMED).await? {
            Written::Done(_) => Ok(()),
            Written::Refused(_) => Err(StoreError::Stale { what: NAMED.into() }),
        }
    }
}

fn visit_of(nonce: &str, row: Row<'_>) -> Result<SignInVisit, Broken> {
    Ok(SignInVisit {
        nonce: nonce.to_owned(),
        at: ConnectionRef { practice: row.text("practice")?.into(), id: row.text("connection")?.into() },
        browser: Proof::from_bytes(row.bytes("browser")?).ok_or(Broken::Attribute("browser"))?,
        stage: row.word("stage")?,
        expires_at: row.instant("until")?,
    })
}
