//! What each function may do: a table to be read, compared with the template both ways, and with the calls in the code.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::plain::{Plain, code_below, each, plain, told};

/// Actions by service, and what on. `key` is the KMS key, through the services that are named.
const ROLES: &[(&str, &str)] = &[
    (
        "ProviderWebhook",
        "dynamodb GetItem UpdateItem: table
         sqs SendMessage: queue
         kms Decrypt GenerateDataKey: key through dynamodb sqs",
    ),
    (
        "EhrChange",
        "dynamodb GetItem Query UpdateItem: table
         dynamodb Query: index appointment
         secretsmanager GetSecretValue: practices/${Practice}/hook
         secretsmanager GetSecretValue: practices/${Practice}/ehr
         sqs SendMessage: queue
         kms Decrypt GenerateDataKey: key through dynamodb secretsmanager sqs",
    ),
    (
        "OauthCallback",
        "dynamodb BatchGetItem DeleteItem GetItem PutItem Query UpdateItem: table
         secretsmanager GetSecretValue: practices/${Practice}/ehr
         secretsmanager GetSecretValue: providers/google
         secretsmanager GetSecretValue: providers/microsoft
         secretsmanager CreateSecret GetSecretValue: practices/${Practice}/key*
         secretsmanager CreateSecret DeleteSecret GetSecretValue PutSecretValue RestoreSecret: connections/${Practice}/*
         sqs SendMessage: queue
         kms Decrypt GenerateDataKey: key through dynamodb secretsmanager sqs",
    ),
    (
        "Settings",
        "dynamodb BatchGetItem DeleteItem GetItem PutItem Query UpdateItem: table
         dynamodb Query: index appointment
         dynamodb Query: index owing
         dynamodb Query: index remote
         secretsmanager GetSecretValue: practices/${Practice}/api
         secretsmanager GetSecretValue: platform
         secretsmanager GetSecretValue: practices/${Practice}/ehr
         secretsmanager GetSecretValue: providers/google
         secretsmanager GetSecretValue: providers/microsoft
         secretsmanager CreateSecret GetSecretValue: practices/${Practice}/key*
         secretsmanager CreateSecret DeleteSecret GetSecretValue PutSecretValue RestoreSecret: connections/${Practice}/*
         sqs SendMessage: queue
         kms Decrypt GenerateDataKey: key through dynamodb secretsmanager sqs",
    ),
    (
        "Availability",
        "dynamodb GetItem: table
         secretsmanager GetSecretValue: practices/${Practice}/api
         secretsmanager GetSecretValue: practices/${Practice}/ehr
         kms Decrypt: key through dynamodb secretsmanager",
    ),
    (
        "WindowSweep",
        "dynamodb GetItem Query UpdateItem: table
         dynamodb Query: index due
         dynamodb Query: index appointment
         secretsmanager GetSecretValue: practices/${Practice}/ehr
         secretsmanager GetSecretValue: practices/${Practice}/notices
         sqs SendMessage: queue
         kms Decrypt GenerateDataKey: key through dynamodb secretsmanager sqs",
    ),
    (
        "SyncWorker",
        "dynamodb BatchGetItem ConditionCheckItem DeleteItem GetItem PutItem Query UpdateItem: table
         dynamodb Query: index owing
         dynamodb Query: index remote
         secretsmanager GetSecretValue: practices/${Practice}/ehr
         secretsmanager GetSecretValue: providers/google
         secretsmanager GetSecretValue: providers/microsoft
         secretsmanager CreateSecret GetSecretValue: practices/${Practice}/key*
         secretsmanager CreateSecret DeleteSecret GetSecretValue PutSecretValue RestoreSecret: connections/${Practice}/*
         sqs SendMessage: queue
         sqs ChangeMessageVisibility DeleteMessage GetQueueAttributes ReceiveMessage: queue
         kms Decrypt GenerateDataKey: key through dynamodb secretsmanager sqs",
    ),
];

fn statements<'a>(plain: &'a Plain, role: &str) -> Vec<&'a Value> {
    let policies = plain.properties(role)["Policies"].as_array().unwrap().iter();
    policies.flat_map(|policy| policy["PolicyDocument"]["Statement"].as_array().unwrap()).collect()
}

/// A resource as the table above calls it.
fn short(plain: &Plain, resource: &str) -> String {
    let after = |mark: &str| resource.split_once(mark).map(|(_, rest)| rest.to_owned());
    if let Some(secret) = after(":secret:${AWS::StackName}/") {
        return secret;
    }
    if let Some(table) = after(":table/${Table}") {
        return table
            .strip_prefix("/index/")
            .map_or_else(|| "table".into(), |index| format!("index {index}"));
    }
    match resource {
        "${Queue.Arn}" => "queue".into(),
        "${Key.Arn}" => "key".into(),
        secret if secret.ends_with("Secret}") => {
            let name = told(&plain.properties(&secret[2..secret.len() - 1])["Name"]);
            name.strip_prefix("${AWS::StackName}/").unwrap().to_owned()
        }
        other => other.to_owned(),
    }
}

fn lines(plain: &Plain, statement: &Value) -> Vec<String> {
    assert_eq!(statement["Effect"], "Allow");
    let actions = each(&statement["Action"]);
    let (service, _) = actions[0].split_once(':').unwrap();
    let mut names: Vec<&str> =
        actions.iter().map(|action| action.strip_prefix(service).unwrap().trim_start_matches(':')).collect();
    names.sort_unstable();
    let through = statement["Condition"]["StringEquals"]["kms:ViaService"].as_array().map(|services| {
        let first = |service| told(service).split('.').next().unwrap().to_owned();
        format!(" through {}", services.iter().map(first).collect::<Vec<_>>().join(" "))
    });
    let through = through.unwrap_or_default();
    let on = each(&statement["Resource"]);
    on.iter().map(|on| format!("{service} {}: {}{through}", names.join(" "), short(plain, on))).collect()
}

#[test]
fn each_function_may_do_what_the_table_says() {
    let Some(plain) = plain() else { return };
    for (function, expected) in ROLES {
        let mut found: Vec<String> = statements(plain, &format!("{function}Role"))
            .iter()
            .flat_map(|statement| lines(plain, statement))
            .collect();
        assert_eq!(found.remove(0), format!("logs CreateLogStream PutLogEvents: ${{{function}Logs.Arn}}"));
        let expected: Vec<&str> = expected.lines().map(str::trim).collect();
        assert_eq!(found, expected, "{function}");
    }
    let roles: BTreeSet<&str> = plain.all("AWS::IAM::Role").into_iter().map(|(id, _)| id).collect();
    let expected =
        ROLES.iter().map(|(function, _)| format!("{function}Role")).chain(["SchedulesRole".into()]);
    assert_eq!(roles, expected.collect::<Vec<_>>().iter().map(String::as_str).collect());
}

#[test]
fn nothing_is_allowed_everywhere() {
    let Some(plain) = plain() else { return };
    for (id, role) in plain.all("AWS::IAM::Role") {
        assert!(role["ManagedPolicyArns"].is_null(), "{id}: what AWS manages allows more");
        for statement in statements(plain, id) {
            assert!(
                each(&statement["Action"]).iter().all(|action| !action.contains('*')),
                "{id}: {statement}"
            );
            assert!(
                each(&statement["Resource"]).iter().all(|resource| resource.len() > 1),
                "{id}: {statement}"
            );
        }
    }
    let schedules = statements(plain, "SchedulesRole");
    let all: Vec<String> = schedules.iter().flat_map(|statement| lines(plain, statement)).collect();
    assert_eq!(all, ["lambda InvokeFunction: ${WindowSweep.Arn}"]);
}

/// What the SDKs are asked in the adapters: method, and the action that it needs. A transaction needs those of its steps.
const CALLS: &[(&str, &str)] = &[
    (".get_item()", "dynamodb:GetItem"),
    (".batch_get_item()", "dynamodb:BatchGetItem"),
    (".query()", "dynamodb:Query"),
    (".scan()", "dynamodb:Scan"),
    (".put_item()", "dynamodb:PutItem"),
    (".update_item()", "dynamodb:UpdateItem"),
    (".delete_item()", "dynamodb:DeleteItem"),
    (".batch_write_item()", "dynamodb:BatchWriteItem"),
    ("ConditionCheck::builder()", "dynamodb:ConditionCheckItem"),
    (".get_secret_value()", "secretsmanager:GetSecretValue"),
    (".batch_get_secret_value()", "secretsmanager:BatchGetSecretValue"),
    (".put_secret_value()", "secretsmanager:PutSecretValue"),
    (".update_secret()", "secretsmanager:UpdateSecret"),
    (".update_secret_version_stage()", "secretsmanager:UpdateSecretVersionStage"),
    (".describe_secret()", "secretsmanager:DescribeSecret"),
    (".list_secrets()", "secretsmanager:ListSecrets"),
    (".create_secret()", "secretsmanager:CreateSecret"),
    (".delete_secret()", "secretsmanager:DeleteSecret"),
    (".restore_secret()", "secretsmanager:RestoreSecret"),
    (".send_message()", "sqs:SendMessage"),
    (".change_message_visibility()", "sqs:ChangeMessageVisibility"),
];

/// What the platform does in the worker's name, for its queue.
const MAPPING: [&str; 3] = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"];

fn adapters() -> String {
    ["dynamodb", "secrets", "queue"].map(|name| code_below(&format!("shared/adapters/{name}/src"))).concat()
}

#[test]
fn what_is_allowed_is_what_the_code_calls() {
    let Some(plain) = plain() else { return };
    let code = adapters();
    let called =
        CALLS.iter().filter(|(method, _)| code.contains(method)).map(|(_, action)| (*action).to_owned());
    let called: BTreeSet<String> = called.chain(MAPPING.map(str::to_owned)).collect();
    let allowed = ROLES.iter().flat_map(|(function, _)| statements(plain, &format!("{function}Role")));
    let allowed: BTreeSet<String> = allowed
        .flat_map(|statement| each(&statement["Action"]))
        .filter(|action| !action.starts_with("logs:") && !action.starts_with("kms:"))
        .collect();
    assert_eq!(allowed, called);
}
