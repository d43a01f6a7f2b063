//! What an operator, an outage or a missing permission does to secrets, and secrets that others wrote.

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::config::retry::RetryConfig;
use aws_sdk_secretsmanager::primitives::Blob;
use axum::Router;
use axum::http::StatusCode;
use daybook_engine::ports::vault::SealedRows;
use daybook_engine::ports::{Vault, VaultError};
use daybook_secrets::{AwsVault, Secrets, TokenStore};
use daybook_tests::secrets_manager::{Emulator, client};
use daybook_tests::vault_contract::{at, found, granted, name_by, some};
use secrecy::ExposeSecret;

use crate::{SECRET, Stack, files, stacks};

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
    let Some(stack) = Stack::in_emulator(Emulator::Ministack, TokenStore::Secret).await else { return };
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
