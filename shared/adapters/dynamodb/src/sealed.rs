//! Sealed credentials: bytes that only the vault can open, with the version that a rotation must name.

use async_trait::async_trait;
use daybook_engine::ports::vault::{SealedRow, SealedRows};
use daybook_engine::ports::{ConnectionRef, StoreError};

use crate::expression::Change;
use crate::item::{Broken, Row, bytes, new_row, number, put};
use crate::keys;
use crate::schema::ROW_VERSION;
use crate::table::{Table, Written};

fn named(at: &ConnectionRef) -> String {
    format!("the credentials of connection {}", at.id)
}

#[async_trait]
impl SealedRows for Table {
    async fn find_sealed(&self, at: &ConnectionRef) -> Result<Option<SealedRow>, StoreError> {
        let Some(item) = self.get(&keys::token(at), &named(at)).await? else { return Ok(None) };
        let sealed = Row::read(&item).and_then(sealed_of);
        sealed.map(Some).map_err(|broken| broken.unreadable(named(at)))
    }

    async fn put_sealed(
        &self,
        at: &ConnectionRef,
        row: &SealedRow,
        replaces: Option<u64>,
    ) -> Result<(), StoreError> {
        let mut item = new_row(&keys::token(at));
        put(&mut item, "version", Some(number(row.version)));
        put(&mut item, "sealed", Some(bytes(row.sealed.clone())));
        let only_if = match replaces {
            None => Change::absent(),
            Some(version) => Change::default().only_if(
                "#version = :replaces AND #v <= :readable",
                [("replaces", number(version)), ("readable", number(ROW_VERSION))],
            ),
        };
        match self.put_once(item, &only_if, &named(at)).await? {
            Written::Done(_) => Ok(()),
            Written::Refused(_) => Err(StoreError::Stale { what: named(at) }),
        }
    }

    async fn delete_sealed(&self, at: &ConnectionRef) -> Result<(), StoreError> {
        self.delete(&keys::token(at), &Change::default(), &named(at)).await.map(|_| ())
    }
}

fn sealed_of(row: Row<'_>) -> Result<SealedRow, Broken> {
    Ok(SealedRow { version: row.number("version")?, sealed: row.bytes("sealed")?.to_vec() })
}
