//! Every vault keeps the contract: on one machine, and in both forms on AWS against two emulators of Secrets Manager.
//! What only the forms on AWS promise is here too. Rows are in the embedded table, whose conditions are exact.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod others_hands;
mod races;

use std::sync::Arc;

use aws_sdk_secretsmanager::Client;
use daybook_engine::ports::vault::SealedRows;
use daybook_engine::ports::{ConnectionRef, Random, Vault, VaultError};
use daybook_secrets::{AwsVault, SealedVault, Secrets, SystemRandom, TokenStore};
use daybook_tests::secrets_manager::{EMULATORS, Emulator, client};
use daybook_tests::vault_contract::{Subject, Unwritable, granted};

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

const SECRET: &str = "connections/demo/c1";
