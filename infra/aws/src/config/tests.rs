//! The configuration, value by value. It reads no real variable.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
use super::*;

fn read(text: &str, kinds: &[Kind]) -> Result<Config, Faults> {
    let pairs = text.split_whitespace().map(|pair| pair.split_once('=').unwrap());
    Config::read(pairs.map(|(name, value)| (format!("DAYBOOK_{name}"), value.to_owned())), kinds)
}

const ALL: [Kind; 6] =
    [Kind::Queue, Kind::Vault, Kind::Calendars, Kind::Ehr, Kind::ApiKeys, Kind::HookSecrets];

const ENOUGH: &str = "TABLE=t QUEUE_URL=https://sqs.example.test/1/q.fifo SECRETS_PREFIX=daybook-prod \
    PUBLIC_URL=https://sync.example.test/ EHR_FHIR_URL=https://ehr.example.test/fhir";

#[test]
fn the_defaults() {
    let config = read(ENOUGH, &ALL).unwrap();
    assert_eq!(config.practice.id, "demo".into());
    assert_eq!((config.practice.policy.detail_cap, config.stack.as_str()), (Detail::Full, "daybook"));
    assert_eq!(config.queue_url.as_deref(), Some("https://sqs.example.test/1/q.fifo"));
    let secrets = config.secrets.unwrap();
    assert_eq!((secrets.prefix.as_str(), secrets.token_store), ("daybook-prod", TokenStore::Secret));
    assert_eq!(secrets.kms_key, None);
    let calendars = config.calendars.unwrap();
    assert_eq!(calendars.public_url, "https://sync.example.test");
    assert!(calendars.google.is_none() && calendars.microsoft.is_none());
    assert_eq!((config.pace.poll.as_secs(), config.pace.poll_told.as_secs()), (300, 3_600));
    assert_eq!(config.google_per_minute, Some(8_000));
    assert_eq!(config.microsoft_secret_expires, None);
}

#[test]
fn what_is_given() {
    let given = format!(
        "{ENOUGH} PRACTICE=north STACK=daybook-prod DETAIL_CAP=initials PART2=true PROPOSED=counts_as_booked \
         TIME_ZONE=America/New_York TOKEN_STORE=sealed KMS_KEY_ID=k-1 POLL_SECONDS=60 POLL_TOLD_SECONDS=600 \
         GOOGLE_PER_MINUTE=0 GOOGLE_CLIENT_ID=g MICROSOFT_CLIENT_ID= CALDAV_ALLOW= GOOGLE_API_URL=http://127.0.0.1:1 \
         MICROSOFT_SECRET_EXPIRES=2027-05-31"
    );
    let config = read(&given, &ALL).unwrap();
    assert_eq!(config.practice.time_zone_fallback.as_deref(), Some("America/New_York"));
    assert_eq!((config.practice.id.as_str(), config.practice.policy.detail_cap), ("north", Detail::Initials));
    let secrets = config.secrets.unwrap();
    assert_eq!((secrets.token_store, secrets.kms_key.as_deref()), (TokenStore::Sealed, Some("k-1")));
    assert_eq!((config.pace.poll.as_secs(), config.pace.poll_told.as_secs()), (60, 600));
    assert_eq!(config.google_per_minute, None);
    assert_eq!(config.microsoft_secret_expires, Some(jiff::civil::date(2027, 5, 31)));
    let calendars = config.calendars.unwrap();
    let google = calendars.of(Provider::Google).unwrap();
    assert_eq!(google.api_url.as_ref().unwrap().as_str(), "http://127.0.0.1:1/");
    assert!(calendars.of(Provider::Microsoft).is_none(), "an empty variable is none");
}

#[test]
fn a_function_reads_what_it_may_reach() {
    let config = read("TABLE=t QUEUE_URL=https://q.example.test/", &[Kind::Queue]).unwrap();
    assert!(config.secrets.is_none() && config.calendars.is_none() && config.ehr_url.is_none());
    let config = read(ENOUGH, &[Kind::Ehr, Kind::ApiKeys]).unwrap();
    assert!(config.queue_url.is_none() && config.calendars.is_none());
    assert!(config.secrets.is_some() && config.ehr_url.is_some());
}

#[test]
fn all_faults_are_told_at_once_and_no_value_is() {
    let bad = "SECRETS_PREFIX=hunter2/ PUBLIC_URL=ftp://hunter2 EHR_FHIR_URL=http://a:hunter2@b.test PRACTICE=HUNTER2 \
        DETAIL_CAP=hunter2 POLL_SECONDS=0 GOOGLE_PER_MINUTE=hunter2 TOKEN_STORE=hunter2 MICROSOFT_SECRET_EXPIRES=hunter2";
    let told = read(bad, &ALL).unwrap_err().to_string();
    for key in [
        "TABLE: is required",
        "QUEUE_URL: is required",
        "SECRETS_PREFIX",
        "PUBLIC_URL",
        "EHR_FHIR_URL",
        "PRACTICE",
        "DETAIL_CAP",
        "POLL_SECONDS",
        "GOOGLE_PER_MINUTE",
        "TOKEN_STORE",
        "MICROSOFT_SECRET_EXPIRES",
    ] {
        assert!(told.contains(&format!("DAYBOOK_{key}")), "{key}: {told}");
    }
    assert!(!told.to_lowercase().contains("hunter2"), "{told}");
}
