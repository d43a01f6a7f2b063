//! What is kept, and what comes in time: the table, the queue, the schedules.

use std::collections::BTreeMap;

use daybook_dynamodb::schema::{DUE_SHARDS, EXPIRES_AT, INDEXES, Key, Schema, TABLE};
use serde_json::{Value, json};

use crate::plain::{plain, told};

fn keys(schema: &Schema) -> Value {
    let element = |key: Key, kind| json!({"AttributeName": key.name(), "KeyType": kind});
    let range = schema.range.map(|key| element(key, "RANGE"));
    [element(schema.hash, "HASH")].into_iter().chain(range).collect()
}

fn kind(key: Key) -> (&'static str, &'static str) {
    match key {
        Key::Text(name) => (name, "S"),
        Key::Number(name) => (name, "N"),
    }
}

#[test]
fn the_table_is_the_one_that_the_code_knows() {
    let Some(plain) = plain() else { return };
    let table = plain.properties("Table");
    assert_eq!(table["KeySchema"], keys(&TABLE));
    let indexes = INDEXES.iter().map(|index| {
        json!({"IndexName": index.name, "KeySchema": keys(index), "Projection": {"ProjectionType": "KEYS_ONLY"}})
    });
    assert_eq!(table["GlobalSecondaryIndexes"], indexes.collect::<Value>());
    let all = [TABLE].into_iter().chain(INDEXES);
    let kinds = all.flat_map(|schema| [Some(schema.hash), schema.range]).flatten().map(kind);
    let attributes = table["AttributeDefinitions"].as_array().unwrap().iter();
    let defined: BTreeMap<_, _> = attributes
        .map(|one| (one["AttributeName"].as_str().unwrap(), one["AttributeType"].as_str().unwrap()))
        .collect();
    assert_eq!(defined, kinds.collect());
    assert_eq!(table["TimeToLiveSpecification"], json!({"AttributeName": EXPIRES_AT, "Enabled": true}));
}

#[test]
fn what_cannot_be_made_again_is_retained_restorable_and_encrypted() {
    let Some(plain) = plain() else { return };
    for id in ["Table", "Key"] {
        let resource = &plain.document["Resources"][id];
        assert_eq!(
            (&resource["DeletionPolicy"], &resource["UpdateReplacePolicy"]),
            (&json!("Retain"), &json!("Retain"))
        );
    }
    let table = plain.properties("Table");
    assert_eq!(table["PointInTimeRecoverySpecification"], json!({"PointInTimeRecoveryEnabled": true}));
    assert_eq!(told(&table["SSESpecification"]["KMSMasterKeyId"]), "${Key.Arn}");
    for (kind, property) in [
        ("AWS::SQS::Queue", "KmsMasterKeyId"),
        ("AWS::SecretsManager::Secret", "KmsKeyId"),
        ("AWS::Logs::LogGroup", "KmsKeyId"),
        ("AWS::SNS::Topic", "KmsMasterKeyId"),
    ] {
        for (id, properties) in plain.all(kind) {
            assert_eq!(told(&properties[property]), "${Key.Arn}", "{id}");
        }
    }
}

#[test]
fn the_secrets_are_called_what_the_code_calls_them() {
    let Some(plain) = plain() else { return };
    let names: Vec<String> =
        plain.all("AWS::SecretsManager::Secret").iter().map(|(_, secret)| told(&secret["Name"])).collect();
    let code = crate::plain::source_of("infra/aws/src/letters.rs");
    for name in &names {
        let name = name.strip_prefix("${AWS::StackName}/").unwrap().replace("${Practice}", "{practice}");
        assert!(code.contains(&format!("\"{name}\"")), "the code reads no {name}");
    }
    let arms = ["=> format!(\"practices/", "=> \"providers/", "=> \"platform\""];
    let read: usize = arms.iter().map(|arm| code.matches(arm).count()).sum();
    assert_eq!(names.len(), read);
}

#[test]
fn a_connection_is_synced_by_one_worker_at_a_time_and_a_crash_heals() {
    let Some(plain) = plain() else { return };
    let queue = plain.properties("Queue");
    assert_eq!(queue["FifoQueue"], true);
    assert_eq!(
        (&queue["DeduplicationScope"], &queue["FifoThroughputLimit"]),
        (&json!("messageGroup"), &json!("perMessageGroupId"))
    );
    let timeout = plain.properties("SyncWorker")["Timeout"].as_u64().unwrap();
    assert!(queue["VisibilityTimeout"].as_u64().unwrap() > timeout);
    assert_eq!(queue["RedrivePolicy"]["maxReceiveCount"], 5);
    assert_eq!(told(&queue["RedrivePolicy"]["deadLetterTargetArn"]), "${DeadLetters.Arn}");
    let dead = plain.properties("DeadLetters");
    assert_eq!(dead["FifoQueue"], true);
    assert!(dead["MessageRetentionPeriod"].as_u64() > queue["MessageRetentionPeriod"].as_u64());
    let mappings = plain.all("AWS::Lambda::EventSourceMapping");
    let [(id, mapping)] = mappings.as_slice() else { panic!("one mapping") };
    // By its id the worker is stopped without a message being lost.
    assert_eq!(told(&plain.document["Outputs"]["WorkersMapping"]["Value"]), format!("${{{id}}}"));
    assert_eq!(
        (told(&mapping["EventSourceArn"]), told(&mapping["FunctionName"])),
        ("${Queue.Arn}".into(), "${SyncWorker}".into())
    );
    assert_eq!(
        (&mapping["BatchSize"], &mapping["FunctionResponseTypes"]),
        (&json!(1), &json!(["ReportBatchItemFailures"]))
    );
}

#[test]
fn every_shard_has_its_schedule() {
    let Some(plain) = plain() else { return };
    let schedules = plain.all("AWS::Scheduler::Schedule");
    let inputs = schedules.iter().map(|(_, schedule)| {
        assert_eq!(told(&schedule["Target"]["Arn"]), "${WindowSweep.Arn}");
        assert_eq!(told(&schedule["ScheduleExpression"]), "${SweepRate}");
        serde_json::from_str(schedule["Target"]["Input"].as_str().unwrap()).unwrap()
    });
    let mut inputs: Vec<Value> = inputs.collect();
    inputs.sort_by_key(|input| input["shard"].as_u64());
    assert_eq!(plain.properties("SweepCalls")["MaximumRetryAttempts"], 0, "the next sweep is the repetition");
    assert_eq!(inputs, (0..DUE_SHARDS).map(|shard| json!({"shard": shard})).collect::<Vec<_>>());
}
