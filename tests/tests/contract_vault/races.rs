//! Secrets Manager cannot compare before it sets: puts that are broken off, overtaken, or begun in another form.

use std::sync::Arc;

use async_trait::async_trait;
use daybook_engine::ports::vault::{SealedRow, SealedRows};
use daybook_engine::ports::{ConnectionRef, StoreError, Vault};
use daybook_secrets::TokenStore;
use daybook_tests::vault_contract::{at, found, granted, is_stale, name_by, some};
use futures_util::future::BoxFuture;

use crate::{SECRET, Stack, stacks};

#[tokio::test]
async fn e_002_a_token_whose_row_was_not_written_is_the_one_that_counts() {
    for stack in stacks().await {
        let (vault, c1) = (stack.vault(TokenStore::Secret), at("demo", "c1"));
        vault.put_credentials(&c1, &granted("one"), None).await.unwrap();
        for token in ["rotated", "rotated again"] {
            stack.break_off(TokenStore::Secret, &c1, token, Some(1)).await;
            assert_eq!(found(&vault, &c1).await, some(token, 1));
        }
        assert_eq!(vault.put_credentials(&c1, &granted("two"), Some(1)).await.unwrap(), 2);
        assert_eq!(found(&vault, &c1).await, some("two", 2));
    }
}

/// Rows that somebody changes as soon as they were read.
struct Overtaken {
    rows: Arc<dyn SealedRows>,
    meanwhile: Box<dyn Fn() -> BoxFuture<'static, ()> + Send + Sync>,
}

#[async_trait]
impl SealedRows for Overtaken {
    async fn find_sealed(&self, at: &ConnectionRef) -> Result<Option<SealedRow>, StoreError> {
        let row = self.rows.find_sealed(at).await;
        (self.meanwhile)().await;
        row
    }

    async fn put_sealed(
        &self,
        at: &ConnectionRef,
        row: &SealedRow,
        replaces: Option<u64>,
    ) -> Result<(), StoreError> {
        self.rows.put_sealed(at, row, replaces).await
    }

    async fn delete_sealed(&self, at: &ConnectionRef) -> Result<(), StoreError> {
        self.rows.delete_sealed(at).await
    }
}

/// A put whose secret is written after `meanwhile`, and whose row is refused.
async fn lose(
    stack: &Stack,
    replaces: u64,
    meanwhile: impl Fn(Arc<dyn Vault>) -> BoxFuture<'static, ()> + Send + Sync + 'static,
) {
    let rival = stack.vault(TokenStore::Secret);
    let meanwhile = Box::new(move || meanwhile(rival.clone()));
    let rows = Overtaken { rows: stack.subject.rows.clone(), meanwhile };
    let loser = stack.vault_over(Arc::new(rows), TokenStore::Secret);
    let put = loser.put_credentials(&at("demo", "c1"), &granted("loser"), Some(replaces)).await;
    assert!(is_stale(&put), "{put:?}");
    assert!(current(stack).await.contains("loser"), "the loser wrote last");
}

async fn current(stack: &Stack) -> String {
    let found = stack.client.get_secret_value().secret_id(stack.full(SECRET)).send().await.unwrap();
    String::from_utf8(found.secret_binary.unwrap().into_inner()).unwrap()
}

#[tokio::test]
async fn a_loser_that_wrote_its_secret_last_does_not_win() {
    for stack in stacks().await {
        let (vault, c1) = (stack.vault(TokenStore::Secret), at("demo", "c1"));
        vault.put_credentials(&c1, &granted("one"), None).await.unwrap();
        lose(&stack, 1, |winner| {
            Box::pin(async move {
                winner.put_credentials(&at("demo", "c1"), &granted("winner"), Some(1)).await.unwrap();
            })
        })
        .await;
        assert_eq!(found(&vault, &c1).await, some("winner", 2));
        assert_eq!(vault.put_credentials(&c1, &granted("three"), Some(2)).await.unwrap(), 3);
        assert_eq!(found(&vault, &c1).await, some("three", 3));
    }
}

#[tokio::test]
async fn what_was_written_before_a_new_sign_in_is_not_taken_for_newer() {
    for stack in stacks().await {
        let (vault, c1) = (stack.vault(TokenStore::Secret), at("demo", "c1"));
        for replaces in [None, Some(1), Some(2)] {
            vault.put_credentials(&c1, &granted("earlier"), replaces).await.unwrap();
        }
        lose(&stack, 3, |winner| {
            Box::pin(async move {
                winner.delete_credentials(&at("demo", "c1")).await.unwrap();
                winner.put_credentials(&at("demo", "c1"), &granted("signed in"), None).await.unwrap();
            })
        })
        .await;
        assert_eq!(found(&vault, &c1).await, some("signed in", 1));
    }
}

#[tokio::test]
async fn a_secret_that_was_replaced_while_it_was_fetched_is_read_again() {
    for stack in stacks().await {
        let (vault, c1) = (stack.vault(TokenStore::Secret), at("demo", "c1"));
        vault.put_credentials(&c1, &granted("one"), None).await.unwrap();
        let rival = vault.clone();
        let meanwhile = move || -> BoxFuture<'static, ()> {
            let rival = rival.clone();
            Box::pin(async move { rival.delete_credentials(&at("demo", "c1")).await.unwrap() })
        };
        let rows = Overtaken { rows: stack.subject.rows.clone(), meanwhile: Box::new(meanwhile) };
        let reader = stack.vault_over(Arc::new(rows), TokenStore::Secret);
        assert_eq!(found(&reader, &c1).await, None);
    }
}

#[tokio::test]
async fn the_form_can_be_changed_at_any_time() {
    for stack in stacks().await {
        let (secret, sealed) = (stack.vault(TokenStore::Secret), stack.vault(TokenStore::Sealed));
        let c1 = at("demo", "c1");
        let mut replaces = None;
        let turns = [(&sealed, false), (&secret, true), (&sealed, false), (&secret, true), (&secret, true)];
        for (turn, (vault, leaves_secret)) in turns.into_iter().enumerate() {
            let token = format!("token {turn}");
            let version = vault.put_credentials(&c1, &granted(&token), replaces).await.unwrap();
            assert_eq!(found(&secret, &c1).await, some(&token, version));
            assert_eq!(found(&sealed, &c1).await, some(&token, version));
            assert_eq!(stack.exists(SECRET).await, leaves_secret, "turn {turn}");
            assert!(is_stale(&secret.put_credentials(&c1, &granted("late"), replaces).await));
            assert!(is_stale(&sealed.put_credentials(&c1, &granted("late"), replaces).await));
            replaces = Some(version);
        }
        let keys = [secret.practice_key(&"demo".into()).await, sealed.practice_key(&"demo".into()).await];
        let [one, other] = keys.map(|key| name_by(&key.unwrap()));
        assert_eq!(one, other);
        sealed.delete_credentials(&c1).await.unwrap();
        assert!(!stack.exists(SECRET).await);
        assert_eq!(found(&secret, &c1).await, None);
    }
}

#[tokio::test]
async fn a_change_of_form_that_is_broken_off_loses_no_token() {
    for stack in stacks().await {
        let (secret, sealed) = (stack.vault(TokenStore::Secret), stack.vault(TokenStore::Sealed));
        let c1 = at("demo", "c1");
        sealed.put_credentials(&c1, &granted("one"), None).await.unwrap();
        stack.break_off(TokenStore::Secret, &c1, "rotated", Some(1)).await;
        assert_eq!(found(&secret, &c1).await, some("rotated", 1));
        assert_eq!(secret.put_credentials(&c1, &granted("two"), Some(1)).await.unwrap(), 2);
        stack.break_off(TokenStore::Sealed, &c1, "never", Some(2)).await;
        assert_eq!(found(&sealed, &c1).await, some("two", 2), "nothing was written");
    }
}
