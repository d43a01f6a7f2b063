//! Every function is deployed, with the variables that it reads.

use std::collections::{BTreeMap, BTreeSet};

use crate::plain::{Plain, code_below, logical, plain, root, source_of, told};

/// Folders of `functions` that hold a program.
fn programs() -> Vec<String> {
    let folders = std::fs::read_dir(root().join("functions")).unwrap().flatten();
    let programs = folders.filter(|folder| folder.path().join("src/main.rs").is_file());
    let mut names: Vec<String> = programs.map(|folder| folder.file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn variables(plain: &Plain, function: &str) -> BTreeMap<String, String> {
    let all = plain.properties(function)["Environment"]["Variables"].as_object().unwrap();
    all.iter().map(|(name, value)| (name.clone(), told(value))).collect()
}

#[test]
fn every_program_is_a_function_and_every_function_a_program() {
    let Some(plain) = plain() else { return };
    let deployed: BTreeSet<&str> = plain.all("AWS::Lambda::Function").into_iter().map(|(id, _)| id).collect();
    let programs = programs();
    let expected: Vec<String> = programs.iter().map(|name| logical(name)).collect();
    assert_eq!(deployed, expected.iter().map(String::as_str).collect());
    let written = source_of("infra/aws/template.yaml");
    for (program, id) in programs.iter().zip(&expected) {
        let function = plain.properties(id);
        assert_eq!(function["Runtime"], "provided.al2023");
        assert_eq!(
            told(&function["FunctionName"]),
            format!("${{AWS::StackName}}-{}", program.replace('_', "-"))
        );
        assert_eq!(told(&function["Role"]), format!("${{{id}Role.Arn}}"), "each has a role of its own");
        assert_eq!(told(&function["LoggingConfig"]["LogGroup"]), format!("${{{id}Logs}}"));
        for line in
            [format!("BuildProperties: {{Binary: {program}}}"), format!("CodeUri: ../../functions/{program}")]
        {
            assert_eq!(written.lines().filter(|found| found.trim() == line).count(), 1, "{line}");
        }
    }
}

/// What each part of a function reads, as `Config::read` has it. What the others have besides is in [`MORE`].
const PARTS: &[(&str, &[&str])] = &[
    ("QUEUE", &["QUEUE_URL"]),
    ("VAULT", &["SECRETS_PREFIX", "TOKEN_STORE", "KMS_KEY_ID"]),
    (
        "CALENDARS",
        &[
            "SECRETS_PREFIX",
            "PUBLIC_URL",
            "CALDAV_ALLOW",
            "GOOGLE_CLIENT_ID",
            "GOOGLE_AUTH_URL",
            "GOOGLE_TOKEN_URL",
            "GOOGLE_REVOKE_URL",
            "GOOGLE_API_URL",
            "MICROSOFT_CLIENT_ID",
            "MICROSOFT_AUTH_URL",
            "MICROSOFT_TOKEN_URL",
            "MICROSOFT_API_URL",
        ],
    ),
    ("EHR", &["SECRETS_PREFIX", "PRACTICE", "EHR_FHIR_URL"]),
    ("API_KEYS", &["SECRETS_PREFIX", "PRACTICE"]),
    ("PLATFORM_KEYS", &["SECRETS_PREFIX"]),
    ("HOOK_SECRETS", &["SECRETS_PREFIX", "PRACTICE"]),
    ("COURIER", &["SECRETS_PREFIX", "PRACTICE"]),
];

/// Who polls, measures, keeps to the budget or stores the practice.
const MORE: &[(&str, &[&str])] = &[
    ("ehr_change", &["POLL_SECONDS"]),
    ("settings", &["POLL_SECONDS"]),
    ("sync_worker", &["STACK", "POLL_SECONDS", "POLL_TOLD_SECONDS", "GOOGLE_PER_MINUTE"]),
    (
        "window_sweep",
        &[
            "STACK",
            "POLL_SECONDS",
            "MICROSOFT_SECRET_EXPIRES",
            "TIME_ZONE",
            "DETAIL_CAP",
            "PART2",
            "PROPOSED",
            "LAUNCH_ISSUER",
            "LAUNCH_JWKS",
            "LAUNCH_RETURN_URLS",
            "FRAME_ORIGINS",
            "NOTICE_URL",
        ],
    ),
];

/// The parts that a program names, wherever it names them.
fn parts(program: &str) -> BTreeSet<String> {
    let text = code_below(&format!("functions/{program}/src"));
    let named = text.split("Part::").skip(1);
    named.map(|rest| rest.chars().take_while(|c| c.is_ascii_uppercase() || *c == '_').collect()).collect()
}

fn more(program: &str) -> &'static [&'static str] {
    MORE.iter().find(|(name, _)| *name == program).map_or(&[], |(_, names)| names)
}

#[test]
fn each_function_gets_the_variables_that_it_reads() {
    let Some(plain) = plain() else { return };
    for program in programs() {
        let parts = parts(&program);
        let of_parts = PARTS.iter().filter(|(part, _)| parts.contains(*part)).flat_map(|(_, names)| *names);
        let expected = of_parts.chain(more(&program)).chain(&["TABLE", "LOG"]);
        let expected: BTreeSet<String> = expected.map(|name| format!("DAYBOOK_{name}")).collect();
        let given = variables(plain, &logical(&program)).into_keys().collect::<BTreeSet<_>>();
        assert_eq!(given, expected, "{program}");
    }
}

/// Keys that the configuration asks for: `source.find("KEY", ...)`, and those of the two providers.
fn read_by_the_code() -> BTreeSet<String> {
    let code = source_of("infra/aws/src/config/mod.rs");
    let asked = [".find(\"", ".require(\""].iter().flat_map(|mark| code.split(mark).skip(1));
    let mut keys: BTreeSet<String> = asked.map(|rest| rest.split('"').next().unwrap().to_owned()).collect();
    let of_provider = code.split("url(\"").skip(1).map(|rest| rest.split('"').next().unwrap());
    for key in of_provider.chain(["CLIENT_ID"]) {
        keys.extend(["GOOGLE", "MICROSOFT"].map(|provider| format!("{provider}_{key}")));
    }
    keys.remove("MICROSOFT_REVOKE_URL"); // Microsoft has no such address
    keys.insert("LOG".into()); // infra/aws/src/logs.rs
    keys
}

#[test]
fn the_code_reads_what_is_given_and_nothing_else_is_asked_for() {
    let Some(plain) = plain() else { return };
    let all = programs().into_iter().flat_map(|program| variables(plain, &logical(&program)).into_keys());
    let given: BTreeSet<String> =
        all.map(|name| name.strip_prefix("DAYBOOK_").expect("ours").to_owned()).collect();
    assert_eq!(given, read_by_the_code());
}

#[test]
fn no_secret_is_in_a_variable() {
    let Some(plain) = plain() else { return };
    let parameters = plain.document["Parameters"].as_object().unwrap();
    let secret: Vec<_> =
        parameters.iter().filter(|(_, told)| told["NoEcho"] == true).map(|(name, _)| name).collect();
    assert_eq!(
        secret,
        [
            "ApiKey",
            "EhrHookSecret",
            "EhrToken",
            "GoogleClientSecret",
            "MicrosoftClientSecret",
            "NoticeSecret",
            "PlatformKey"
        ]
    );
    for (id, function) in plain.all("AWS::Lambda::Function") {
        let text = function.to_string();
        for name in &secret {
            assert!(!text.contains(&format!("\"{name}\"")), "{id} holds {name}");
        }
    }
}

#[test]
fn who_waits_is_answered_in_time() {
    let Some(plain) = plain() else { return };
    let timeout = |id: &str| plain.properties(id)["Timeout"].as_u64().unwrap();
    for program in programs() {
        let most = match program.as_str() {
            "sync_worker" => 900, // Lambda's own limit
            "window_sweep" => 59, // before the next one
            _ => 29,              // the API waits for 30
        };
        assert!(timeout(&logical(&program)) <= most, "{program}");
    }
}
