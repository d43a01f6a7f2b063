//! Every vault keeps the contract: on one machine, and in both forms on AWS against two emulators of Secrets Manager.
//! What only the forms on AWS promise is here too. Rows are in the embedded table, whose conditions are exact.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::config::retry::RetryConfig;
use aws_sdk_secretsmanager::primitives::Blob;
use axum::Router;
use axum::http::StatusCode;
use daybook_engine::ports::vault::{SealedRow, SealedRows};
use daybook_engine::ports::{ConnectionRef, Random, StoreError, Vault, VaultError};
use daybook_secrets::{AwsVault, SealedVault, Secrets, SystemRandom, TokenStore};
use daybook_tests::secrets_manager::{EMULATORS, Emulator, client};
use daybook_tests::vault_contract::{Subject, Unwritable, at, found, granted, is_stale, name_by};
use futures_util::future::BoxFuture;
use secrecy::ExposeSecret;

/// On one machine.
async fn files() -> Option<Subject> {
    let folder = tempfile::tempdir().unwrap();
    let keys = folder.path().to_owned();
    let open = move |rows| Arc::new(SealedVault::new(&keys, rows).unwrap()) as Arc<dyn Vault>;
    Some(Subject::new(Box::new(open), folder).await)
}

/// An emulator as one deployment sees it.
struct Stack {
    client: Client,
    prefix: String,
    subject: Subject,
}

impl Stack {
    async fn in_emulator(emulator: Emulator, store: TokenStore) -> Option<Self> {
        let server = tokio::task::spawn_blocking(move || emulator.shared()).await.unwrap()?;
        let (client, prefix) = (client(&server.url()), format!("daybook-{}", SystemRandom.token()));
        let secrets = Secrets::new(client.clone(), &prefix, None);
        let open = move |rows| Arc::new(AwsVault::new(secrets.clone(), rows, store)) as Arc<dyn Vault>;
        Some(Self { client, prefix, subject: Subject::new(Box::new(open), server).await })
    }

    fn vault(&self, store: TokenStore) -> Arc<dyn Vault> {
        self.vault_over(self.subject.rows.clone(), store)
    }

    fn vault_over(&self, rows: Arc<dyn SealedRows>, store: TokenStore) -> Arc<dyn Vault> {
        Arc::new(AwsVault::new(self.secrets(), rows, store))
    }

    fn secrets(&self) -> Secrets {
        Secrets::new(self.client.clone(), &self.prefix, None)
    }

    /// A put that ends between the secret and its row.
    async fn break_off(&self, store: TokenStore, at: &ConnectionRef, token: &str, replaces: Option<u64>) {
        let broken = self.vault_over(Arc::new(Unwritable(self.subject.rows.clone())), store);
        let put = broken.put_credentials(at, &granted(token), replaces).await;
        assert!(matches!(put, Err(VaultError::Later { .. })), "{put:?}");
    }

    fn full(&self, name: &str) -> String {
        format!("{}/{name}", self.prefix)
    }

    async fn exists(&self, name: &str) -> bool {
        self.client.describe_secret().secret_id(self.full(name)).send().await.is_ok()
    }

    /// As an operator does it in the console: it can be restored for a week.
    async fn mark_for_deletion(&self, name: &str) {
        let request = self.client.delete_secret().secret_id(self.full(name));
        request.recovery_window_in_days(7).send().await.unwrap();
    }
}

async fn secret_in(emulator: Emulator) -> Option<Subject> {
    let mut subject = Stack::in_emulator(emulator, TokenStore::Secret).await?.subject;
    if emulator == Emulator::Ministack {
        // It forgets a version as soon as that is neither the current nor the previous one; AWS keeps it for a day.
        subject.rivals = 2;
    }
    Some(subject)
}

async fn sealed_in(emulator: Emulator) -> Option<Subject> {
    Some(Stack::in_emulator(emulator, TokenStore::Sealed).await?.subject)
}

macro_rules! contract_in {
    ($($place:ident: $fresh:expr;)+) => {$(
        mod $place {
            use super::*;

            async fn fresh() -> Option<Subject> {
                $fresh.await
            }

            daybook_tests::every_vault_promise!(fresh);
        }
    )+};
}

contract_in! {
    sealed_with_files: files();
    sealed_with_ministack: sealed_in(Emulator::Ministack);
    sealed_with_moto: sealed_in(Emulator::Moto);
    secret_in_ministack: secret_in(Emulator::Ministack);
    secret_in_moto: secret_in(Emulator::Moto);
}

async fn stacks() -> Vec<Stack> {
    let mut stacks = Vec::new();
    for emulator in EMULATORS {
        stacks.extend(Stack::in_emulator(emulator, TokenStore::Secret).await);
    }
    stacks
}

fn some(token: &str, version: u64) -> Option<(String, u64)> {
    Some((token.to_owned(), version))
}

const SECRET: &str = "connections/demo/c1";

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

#[tokio::test]
async fn a_secret_that_is_gone_is_told_and_replaced() {
    for stack in stacks().await {
        let (vault, c1) = (stack.vault(TokenStore::Secret), at("demo", "c1"));
        vault.put_credentials(&c1, &granted("one"), None).await.unwrap();
        let request = stack.client.delete_secret().secret_id(stack.full(SECRET));
        request.force_delete_without_recovery(true).send().await.unwrap();
        let lost = vault.find_credentials(&c1).await;
        assert!(matches!(lost, Err(VaultError::Sealed { .. })), "{lost:?}");
        vault.put_credentials(&c1, &granted("two"), Some(1)).await.unwrap();
        assert_eq!(found(&vault, &c1).await, some("two", 2));
    }
}

#[tokio::test]
async fn what_an_operator_marked_for_deletion_is_restored_only_to_be_replaced_or_deleted() {
    // moto, unlike AWS, lets one put into a secret that is marked.
    let stack = Stack::in_emulator(Emulator::Ministack, TokenStore::Secret).await;
    for stack in stack {
        let (vault, c1) = (stack.vault(TokenStore::Secret), at("demo", "c1"));
        vault.put_credentials(&c1, &granted("one"), None).await.unwrap();
        stack.mark_for_deletion(SECRET).await;
        let marked = vault.find_credentials(&c1).await;
        assert!(matches!(marked, Err(VaultError::Later { cause: Some(_) })), "{marked:?}");
        vault.put_credentials(&c1, &granted("two"), Some(1)).await.unwrap();
        assert_eq!(found(&vault, &c1).await, some("two", 2));
        stack.mark_for_deletion(SECRET).await;
        vault.delete_credentials(&c1).await.unwrap();
        assert_eq!(found(&vault, &c1).await, None);
        assert!(!stack.exists(SECRET).await);
    }
}

#[tokio::test]
async fn a_practices_key_is_read_once_and_never_made_anew_while_it_can_be_restored() {
    for stack in stacks().await {
        let (demo, key) = ("demo".into(), "practices/demo/key");
        let warm = stack.vault(TokenStore::Sealed);
        let made = name_by(&warm.practice_key(&demo).await.unwrap());
        let stored = stack.client.get_secret_value().secret_id(stack.full(key)).send().await.unwrap();
        assert_eq!(stored.secret_binary.unwrap().as_ref().len(), 32);
        stack.mark_for_deletion(key).await;
        assert_eq!(name_by(&warm.practice_key(&demo).await.unwrap()), made);
        let cold = stack.vault(TokenStore::Sealed).practice_key(&demo).await;
        assert!(matches!(cold, Err(VaultError::Later { cause: Some(_) })), "{cold:?}");
        stack.client.restore_secret().secret_id(stack.full(key)).send().await.unwrap();
        assert_eq!(name_by(&stack.vault(TokenStore::Sealed).practice_key(&demo).await.unwrap()), made);
        let spoilt = stack.client.put_secret_value().secret_id(stack.full(key));
        spoilt.secret_binary(Blob::new(b"short")).send().await.unwrap();
        let cold = stack.vault(TokenStore::Sealed).practice_key(&demo).await;
        assert!(matches!(cold, Err(VaultError::Later { cause: Some(_) })), "{cold:?}");
    }
}

#[tokio::test]
async fn looking_makes_no_key() {
    for stack in stacks().await {
        let (vault, c1) = (stack.vault(TokenStore::Sealed), at("demo", "c1"));
        vault.put_credentials(&c1, &granted("one"), None).await.unwrap();
        let row = stack.subject.rows.find_sealed(&c1).await.unwrap().unwrap();
        let keyless = at("keyless", "c1");
        stack.subject.rows.put_sealed(&keyless, &row, None).await.unwrap();
        let found = vault.find_credentials(&keyless).await;
        assert!(matches!(found, Err(VaultError::Sealed { .. })), "{found:?}");
        assert!(!stack.exists("practices/keyless/key").await);
    }
}

#[tokio::test]
async fn settings_that_others_wrote_are_read_by_name() {
    for stack in stacks().await {
        assert!(stack.secrets().read("practices/demo/api").await.unwrap().is_none());
        let request = stack.client.create_secret().name(stack.full("practices/demo/api"));
        request.secret_string(r#"{"keys":["one"]}"#).send().await.unwrap();
        let text = stack.secrets().read("practices/demo/api").await.unwrap().unwrap();
        assert_eq!(text.expose_secret(), r#"{"keys":["one"]}"#);
        assert!(!format!("{:?} {text:?}", stack.secrets()).contains("one"));
    }
}

/// Somebody who refuses every request in this way.
async fn refusing(code: &'static str) -> Client {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let body = format!(r#"{{"__type":"{code}","message":"no"}}"#);
    let router = Router::new().fallback(async move || (StatusCode::BAD_REQUEST, body.clone()));
    tokio::spawn(async move { axum::serve(listener, router).await });
    let config = client(&url).config().to_builder().retry_config(RetryConfig::disabled());
    Client::from_conf(config.build())
}

#[tokio::test]
async fn whatever_else_is_refused_is_for_later_with_its_cause() {
    for code in [
        "ThrottlingException",
        "AccessDeniedException",
        "DecryptionFailure",
        "EncryptionFailure",
        "InternalServiceError",
        "InvalidRequestException",
        "LimitExceededException",
    ] {
        let secrets = Secrets::new(refusing(code).await, "daybook", None);
        let subject = files().await.unwrap();
        let rows = subject.rows.clone();
        for store in [TokenStore::Secret, TokenStore::Sealed] {
            let (vault, c1) = (AwsVault::new(secrets.clone(), rows.clone(), store), at("demo", "c1"));
            let put = vault.put_credentials(&c1, &granted("hunter2"), None).await.map(|_| ());
            let refused = [
                put,
                vault.delete_credentials(&c1).await,
                vault.practice_key(&"demo".into()).await.map(|_| ()),
            ];
            for refused in refused {
                let Err(VaultError::Later { cause: Some(cause) }) = refused else {
                    panic!("{code}: {refused:?}")
                };
                let shown = format!("{cause:?}");
                assert!(shown.contains(code) && !shown.contains("hunter2"), "{shown}");
            }
            assert!(rows.find_sealed(&c1).await.unwrap().is_none(), "{code}");
        }
        assert!(matches!(secrets.read("practices/demo/api").await, Err(VaultError::Later { .. })), "{code}");
    }
}
