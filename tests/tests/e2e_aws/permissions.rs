//! No permission without need: a tour through everything that the functions do, and what their roles allow beyond it.
//! The other direction, no call without permission, is asked at the end of every story.

use std::collections::{BTreeMap, BTreeSet};

use daybook_tests::aws::{Call, Stack, Statement};
use daybook_tests::outside::cloud::{Plan, Provider};
use daybook_tests::outside::eventually;
use daybook_tests::outside::scene::Scene;
use serde_json::json;

use super::{PLACE, book, hour, sign_in_again};

/// What Lambda does in a function's name, and what AWS does for it when it keeps and opens things.
const NOT_THE_CODES: [&str; 7] = [
    "logs:CreateLogStream",
    "logs:PutLogEvents",
    "sqs:ReceiveMessage",
    "sqs:DeleteMessage",
    "sqs:GetQueueAttributes",
    "kms:Decrypt",
    "kms:GenerateDataKey",
];

const RACE: &str = "for the case that another function does the same at the same moment";
const RETURN: &str =
    "a connection that signs in again after its secret was given up finds it waiting for its end";
const FIRST: &str = "whoever needs the practice's key first makes it";

/// What a tour need not reach, by function and action, and why the function may need it.
const OUT_OF_REACH: &[(&str, &str, &str)] = &[
    (
        "oauth-callback",
        "dynamodb:DeleteItem table",
        "a sign-in that does not come to its end gives its claims back",
    ),
    ("oauth-callback", "secretsmanager:CreateSecret practices/demo/key*", FIRST),
    ("oauth-callback", "secretsmanager:DeleteSecret connections/demo/*", RACE),
    ("oauth-callback", "secretsmanager:RestoreSecret connections/demo/*", RETURN),
    ("settings", "dynamodb:BatchGetItem table", "the engine reads several rows at once where it can"),
    (
        "settings",
        "dynamodb:Query index appointment",
        "who wishes to sync has the EHR polled, and what it names is told",
    ),
    ("settings", "dynamodb:Query index remote", "a preview looks up mirrors by the provider's id"),
    ("settings", "secretsmanager:CreateSecret practices/demo/key*", FIRST),
    (
        "settings",
        "secretsmanager:DeleteSecret connections/demo/*",
        "a password that turns out not to fit is not kept",
    ),
    (
        "settings",
        "secretsmanager:PutSecretValue connections/demo/*",
        "a preview may be the one to renew a token",
    ),
    ("settings", "secretsmanager:RestoreSecret connections/demo/*", RETURN),
    ("sync-worker", "dynamodb:BatchGetItem table", "a signal names several appointments at once"),
    ("sync-worker", "dynamodb:ConditionCheckItem table", "many links are saved only while the lease holds"),
    ("sync-worker", "dynamodb:Query index owing", "what is owed is looked up after a failure"),
    ("sync-worker", "secretsmanager:CreateSecret connections/demo/*", RETURN),
    ("sync-worker", "secretsmanager:CreateSecret practices/demo/key*", FIRST),
    (
        "sync-worker",
        "secretsmanager:PutSecretValue connections/demo/*",
        "Microsoft's refresh token changes with its use",
    ),
    ("sync-worker", "secretsmanager:RestoreSecret connections/demo/*", RETURN),
    ("sync-worker", "sqs:ChangeMessageVisibility queue", "a message that failed says when it comes again"),
    ("sync-worker", "sqs:SendMessage queue", "a sync that runs out of time asks to go on"),
    (
        "window-sweep",
        "dynamodb:Query index appointment",
        "what the EHR's poll names is told to whoever links it",
    ),
];

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_allowed_that_nobody_needs() {
    let mut unused: Option<BTreeSet<(String, String)>> = None;
    for (provider, store) in [(Provider::Google, "secret"), (Provider::Microsoft, "sealed")] {
        let more = [("TokenStore", store), ("DAYBOOK_SWEEP_SECONDS", "2")];
        let Some(scene) = Scene::open(PLACE, provider, &more).await else { return };
        tour(&scene).await;
        let left = beyond(scene.daybook.stack());
        unused = Some(match unused {
            Some(before) => before.intersection(&left).cloned().collect(),
            None => left,
        });
    }
    let is_known = |(function, action): &(String, String)| {
        OUT_OF_REACH.iter().any(|(named, out_of_reach, _)| named == function && out_of_reach == action)
    };
    let mut unused = unused.unwrap();
    unused.retain(|one| !is_known(one));
    assert_eq!(unused, BTreeSet::new(), "allowed without need");
}

/// Everything once: sign in, both lanes, each door, a sweep, settings, a second account, the end.
async fn tour(scene: &Scene) {
    let ada = scene.ada().await;
    let private = ada.make_calendar("Private").await;
    let dentist = hour(3, 1);
    ada.add(&private, Plan::Once(&dentist.0, &dentist.1)).await;
    book(&scene.ehr, "a1", &hour(2, 1)).await;
    let two_way = json!({"direction": "two_way", "blocking_calendars": [private]});
    let connection = scene.connect(&two_way).await;
    scene.closes(std::slice::from_ref(&dentist)).await;
    let moved = hour(4, 1);
    let events = ada.events(&private).await;
    ada.shift(&private, &events[0].id, &moved.0, &moved.1).await;
    scene.closes(&[moved]).await;
    scene.ehr.cancel("a1").await;
    scene.shows(&ada, &connection, &[]).await;
    for (method, path) in [
        ("GET", "/v1/practices/demo/connections".to_owned()),
        ("GET", connection.path("/calendars")),
        ("POST", connection.path("/preview")),
        ("GET", "/v1/practices/demo/practitioners/prac-1/availability".to_owned()),
        ("GET", "/health".to_owned()),
        ("GET", "/openapi.json".to_owned()),
    ] {
        scene.daybook.call(method, &path, None).await;
    }
    connection.patch(json!({"window": {"past_days": 7, "future_days": 30}})).await;
    connection.settles().await;
    scene.cloud.control(&json!({"expire_access_tokens": {"account": null}})).await;
    scene.daybook.stack().renew_workers().await;
    connection.sync().await;
    connection.post("pause").await;
    connection.post("resume").await;
    connection.settles().await;
    // Signed out and in again, as the same account.
    scene.cloud.control(&json!({"revoke": {"account": daybook_tests::outside::cloud::ADA}})).await;
    connection.sync().await;
    eventually("it asks to sign in", || async { connection.get().await["state"] == "reconnect_required" })
        .await;
    sign_in_again(&connection).await;
    connection.becomes("active").await;
    scene.daybook.stack().sweep().await;
    connection.disconnect("remove").await;
    connection.becomes("disconnected").await;
    by_password(scene).await;
    let again = scene.connect(&two_way).await;
    again.disconnect("remove").await;
    again.becomes("disconnected").await;
}

/// A CalDAV account whose password the EHR sends along, and then another.
async fn by_password(scene: &Scene) {
    let account = json!({
        "url": format!("{}/sandbox/caldav/", scene.daybook.url), "username": "ada", "password": "ada-sandbox",
    });
    let more = json!({"practitioner_id": "prac-2", "caldav": account});
    let connection = scene.daybook.begin("caldav", &more).await;
    connection.becomes("active").await;
    connection.patch(json!({"caldav": account})).await;
    connection.settles().await;
    connection.disconnect("remove").await;
    connection.becomes("disconnected").await;
}

/// What roles allow and no call needed: function without its stack's name, and action.
fn beyond(stack: &Stack) -> BTreeSet<(String, String)> {
    let calls = stack.calls();
    let mut by_function: BTreeMap<&str, Vec<&Call>> = BTreeMap::new();
    for call in &calls {
        by_function.entry(&call.caller).or_default().push(call);
    }
    let mut beyond = BTreeSet::new();
    for (function, statements) in stack.roles() {
        let made = by_function.get(function.as_str()).cloned().unwrap_or_default();
        let short = function.split_once('-').map_or(function.as_str(), |(_, name)| name);
        for (action, resource) in pairs(&statements) {
            let one = Statement { actions: vec![action.clone()], resources: vec![resource.clone()] };
            let is_needed = made.iter().any(|call| one.allows(call));
            if !is_needed && !NOT_THE_CODES.contains(&action.as_str()) {
                beyond.insert((short.to_owned(), format!("{action} {}", kind_of(&resource))));
            }
        }
    }
    beyond
}

fn pairs(statements: &[Statement]) -> Vec<(String, String)> {
    let of = |statement: &Statement| -> Vec<(String, String)> {
        let each = |action: &String| -> Vec<_> {
            statement.resources.iter().map(|resource| (action.clone(), resource.clone())).collect()
        };
        statement.actions.iter().flat_map(each).collect()
    };
    statements.iter().flat_map(of).collect()
}

/// A resource without account and stack: `index/due`, `connections/demo/*`, `table`.
fn kind_of(resource: &str) -> String {
    let name = resource.splitn(6, ':').nth(5).unwrap_or(resource);
    let name = name.trim_start_matches("secret:").trim_end_matches("-??????");
    let parts: Vec<&str> = name.split('/').collect();
    match parts.as_slice() {
        ["table", _] => "table".to_owned(),
        ["table", _, "index", index] => format!("index {index}"),
        [_] => "queue".to_owned(),
        [_, rest @ ..] => rest.join("/"),
        [] => String::new(),
    }
}
