//! What is measured is shown or alarms, and each alarm is told about.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::plain::{Plain, plain, source_of, told};

/// Where metrics are made.
const MEASURED: [&str; 2] = ["functions/sync_worker/src/worker.rs", "functions/window_sweep/src/sweeper.rs"];

fn measured() -> BTreeSet<String> {
    let code: String = MEASURED.iter().map(|file| source_of(file)).collect();
    let made = [".count(\"", ".seconds(\"", ".number(\""].into_iter().flat_map(|mark| {
        let after = code.split(mark).skip(1).map(|rest| rest.split('"').next().unwrap().to_owned());
        after.collect::<Vec<_>>()
    });
    made.collect()
}

/// The alarms' names without the stack's, and what they watch.
fn alarms(plain: &Plain) -> Vec<(String, &Value)> {
    let all = plain.all("AWS::CloudWatch::Alarm").into_iter();
    let name =
        |alarm: &Value| told(&alarm["AlarmName"]).strip_prefix("${AWS::StackName}-").unwrap().to_owned();
    all.map(|(_, alarm)| (name(alarm), alarm)).collect()
}

fn shown(plain: &Plain) -> BTreeSet<String> {
    let body = told(&plain.properties("Dashboard")["DashboardBody"]);
    let body: Value = serde_json::from_str(&body).expect("the dashboard is JSON");
    let widgets = body["widgets"].as_array().unwrap().iter();
    let lines = widgets.flat_map(|widget| widget["properties"]["metrics"].as_array().unwrap());
    let ours = lines.filter(|line| line[0] == "Daybook");
    ours.map(|line| {
        assert_eq!((&line[2], &line[3]), (&"Stack".into(), &"${AWS::StackName}".into()));
        line[1].as_str().unwrap().to_owned()
    })
    .collect()
}

#[test]
fn alarms_watch_what_the_code_measures() {
    let Some(plain) = plain() else { return };
    let measured = measured();
    for (name, alarm) in alarms(plain).iter().filter(|(_, alarm)| alarm["Namespace"] == "Daybook") {
        let metric = alarm["MetricName"].as_str().unwrap();
        assert!(measured.contains(metric), "{name}: nobody measures {metric}");
        assert_eq!(alarm["Dimensions"][0]["Name"], "Stack");
        assert_eq!(told(&alarm["Dimensions"][0]["Value"]), "${AWS::StackName}");
    }
    let code = source_of("infra/aws/src/metrics.rs");
    assert!(code.contains("NAMESPACE: &str = \"Daybook\"") && code.contains("DIMENSION: &str = \"Stack\""));
}

/// A connection is counted in the sweep that finds it due: one that fails each quarter of an hour, one whose provider
/// notifies each `PollToldSeconds`. An alarm that looks back less far forgets it in between.
#[test]
fn alarms_on_connections_look_back_until_all_were_due() {
    let Some(plain) = plain() else { return };
    let told_seconds = plain.document["Parameters"]["PollToldSeconds"]["Default"].as_u64().unwrap();
    for id in ["StaleConnectionsAlarm", "OldestOwingAlarm"] {
        let alarm = plain.properties(id);
        assert!(alarm["Period"].as_u64().unwrap() >= told_seconds.max(900), "{id}");
        assert_eq!(alarm["EvaluationPeriods"], 1, "{id}");
        assert_eq!(alarm["Statistic"], "Maximum", "{id}");
    }
}

#[test]
fn the_dashboard_shows_what_is_measured() {
    let Some(plain) = plain() else { return };
    let mut expected = measured();
    expected.remove("AppSecretDaysLeft"); // a date, with an alarm of its own
    assert_eq!(shown(plain), expected);
}

/// `docs/operate.md` has a paragraph for each; one for the errors of all functions, and one for their throttles.
#[test]
fn each_alarm_tells_somebody_and_is_told_about() {
    let Some(plain) = plain() else { return };
    let book = source_of("docs/operate.md");
    let written: BTreeSet<String> = book
        .lines()
        .filter_map(|line| line.strip_prefix("### `")?.strip_suffix('`'))
        .map(str::to_owned)
        .collect();
    let alarms = alarms(plain);
    let general = |name: &str| {
        let kind = ["-errors", "-throttles"].into_iter().find(|kind| name.ends_with(kind));
        kind.map_or_else(|| name.to_owned(), |kind| format!("...{kind}"))
    };
    assert_eq!(alarms.iter().map(|(name, _)| general(name)).collect::<BTreeSet<_>>(), written);
    for (name, alarm) in alarms {
        assert_eq!(told(&alarm["AlarmActions"][0]), "${Alarms}", "{name}");
    }
}

#[test]
fn every_function_has_an_alarm_for_errors_and_one_for_throttles() {
    let Some(plain) = plain() else { return };
    let watched: BTreeSet<(String, String)> = plain
        .all("AWS::CloudWatch::Alarm")
        .into_iter()
        .filter(|(_, alarm)| alarm["Namespace"] == "AWS/Lambda" && alarm["MetricName"] != "Invocations")
        .map(|(_, alarm)| (told(&alarm["Dimensions"][0]["Value"]), told(&alarm["MetricName"])))
        .collect();
    let functions = plain.all("AWS::Lambda::Function");
    let expected = functions
        .iter()
        .flat_map(|(id, _)| ["Errors", "Throttles"].map(|metric| (format!("${{{id}}}"), metric.to_owned())));
    assert_eq!(watched, expected.collect());
}
