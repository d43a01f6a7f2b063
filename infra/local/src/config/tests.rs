//! What a configuration means, and what is said of a bad one.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use super::*;

fn read(variables: &[(&str, &str)], file: Option<&str>) -> Result<Config, Faults> {
    Config::read(variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())), file)
}

#[test]
fn nothing_at_all_works() {
    let config = read(&[("PATH", "/bin"), ("DAYBOOK_BIN", "daybook")], None).unwrap();
    assert_eq!(config.listen.to_string(), "127.0.0.1:8787");
    assert_eq!(config.data_dir, PathBuf::from(".daybook"));
    assert_eq!(config.sweep, Duration::from_mins(1));
    assert_eq!(config.caldav_allow, "loopback".parse().unwrap());
    assert_eq!(config.practices.len(), 1);
    assert!(matches!(config.practices[0].ehr, EhrConfig::Sandbox));
}

#[test]
fn variables_win_over_the_file_and_empty_ones_do_not_count() {
    let file = "listen = \"127.0.0.1:1\"\nDAYBOOK_SWEEP_SECONDS = 5\ntime_zone = \"Europe/Paris\"\n\
        [[practice]]\nid = \"north\"\napi_key = \"k2\"\nehr_fhir_url = \"https://ehr.example/fhir\"\npart2 = true\n";
    let variables = [("DAYBOOK_LISTEN", "[::1]:0"), ("DAYBOOK_CALDAV_ALLOW", ""), ("DAYBOOK_EHR_TOKEN", "")];
    let config = read(&variables, Some(file)).unwrap();
    assert_eq!(config.listen.to_string(), "[::1]:0");
    assert_eq!(config.sweep, Duration::from_secs(5));
    assert_eq!(config.caldav_allow, Allow::default());
    assert_eq!(config.practices[0].practice.time_zone_fallback.as_deref(), Some("Europe/Paris"));
    assert_eq!(config.practices[1].practice.id.as_str(), "north");
    assert!(
        matches!(&config.practices[1].ehr, EhrConfig::Fhir { url, .. } if url.host_str() == Some("ehr.example"))
    );
}

#[test]
fn every_fault_is_named_and_no_value_is_quoted() {
    let variables = [
        ("DAYBOOK_LISTEN", "hunter2"),
        ("DAYBOOK_SWEEP_SECONDS", "0"),
        ("DAYBOOK_PUBLIC_URL", "ftp://hunter2"),
        ("DAYBOOK_EHR_FHIR_URL", "https://me:hunter2@ehr.example"),
        ("DAYBOOK_EHR_HOOK_SECRET", "hunter2"),
        ("DAYBOOK_API_KEY", "hunter 2"),
        ("DAYBOOK_TIME_ZONE", "Mars/hunter2"),
        ("DAYBOOK_CALDAV_ALLOW", "hunter2/x"),
    ];
    let file = "listne = \"hunter2\"\ndata_dir = [\"hunter2\"]\n[[practice]]\nid = \"demo\"\napi_key = \"hunter2\"\n\
        [[practice]]\nid = \"UPPER\"\nproposed = \"hunter2\"\nwhat = \"hunter2\"\n";
    let faults = read(&variables, Some(file)).unwrap_err().to_string();
    for expected in [
        "DAYBOOK_LISTEN: ",
        "DAYBOOK_SWEEP_SECONDS: ",
        "DAYBOOK_PUBLIC_URL: ",
        "DAYBOOK_EHR_FHIR_URL: ",
        "DAYBOOK_EHR_HOOK_SECRET: ",
        "DAYBOOK_API_KEY: ",
        "DAYBOOK_TIME_ZONE: ",
        "DAYBOOK_CALDAV_ALLOW: ",
        "DAYBOOK_LISTNE: is not a key",
        "data_dir: expected a text",
        "practice demo: is there twice",
        "[[practice]] 2 id: ",
        "[[practice]] 2 api_key: is required",
        "[[practice]] 2 proposed: ",
        "[[practice]] 2 what: is not a key",
    ] {
        assert_eq!(faults.matches(expected).count(), 1, "{expected} in\n{faults}");
    }
    assert_eq!(faults.lines().count(), 15, "{faults}");
    assert!(!faults.contains("hunter"), "{faults}");
}

#[test]
fn a_file_that_is_no_toml_is_one_fault_without_its_text() {
    let faults = read(&[], Some("sweep_seconds = 5\napi_key = hunter2\n")).unwrap_err().to_string();
    assert_eq!(faults, "daybook.toml: line 2: no TOML that fits");
}

#[test]
fn reserved_keys_do_no_harm() {
    assert!(read(&[("DAYBOOK_PLATFORM_KEY", "y")], None).is_ok());
}

#[test]
fn a_provider_is_a_client_and_where_it_is() {
    let variables = [
        ("DAYBOOK_GOOGLE_CLIENT_ID", "id"),
        ("DAYBOOK_GOOGLE_CLIENT_SECRET", "secret"),
        ("DAYBOOK_GOOGLE_REVOKE_URL", "https://revoke.example/"),
        ("DAYBOOK_MICROSOFT_REVOKE_URL", "somebody else's"),
    ];
    let file = "microsoft_client_id = \"id\"\nmicrosoft_token_url = \"http://127.0.0.1:1/token\"\n";
    let config = read(&variables, Some(file)).unwrap();
    assert_eq!(config.google.client.unwrap().id, "id");
    assert_eq!(config.google.revoke_url.unwrap().as_str(), "https://revoke.example/");
    assert!(config.google.auth_url.is_none());
    assert_eq!(config.microsoft.client.unwrap().id, "id", "another server may ask for no secret");
    let variables = [
        ("DAYBOOK_GOOGLE_CLIENT_ID", "id"),
        ("DAYBOOK_GOOGLE_API_URL", "hunter2"),
        ("DAYBOOK_MICROSOFT_CLIENT_SECRET", "hunter2"),
        ("DAYBOOK_MICROSOFT_AUTH_URL", "ftp://hunter2"),
    ];
    let faults = read(&variables, Some("microsoft_revoke_url = \"x\"")).unwrap_err().to_string();
    for expected in [
        "DAYBOOK_GOOGLE_CLIENT_SECRET: is required",
        "DAYBOOK_GOOGLE_API_URL: ",
        "DAYBOOK_MICROSOFT_CLIENT_ID: is required",
        "DAYBOOK_MICROSOFT_AUTH_URL: ",
        "DAYBOOK_MICROSOFT_REVOKE_URL: is not a key",
    ] {
        assert_eq!(faults.matches(expected).count(), 1, "{expected} in\n{faults}");
    }
    assert_eq!(faults.lines().count(), 5, "{faults}");
    assert!(!faults.contains("hunter"), "{faults}");
}

#[test]
fn two_practices_never_share_a_key() {
    let file = "[[practice]]\nid = \"north\"\napi_key = \"same\"\n";
    let faults = read(&[("DAYBOOK_API_KEY", "same")], Some(file)).unwrap_err().to_string();
    assert_eq!(faults, "practice north: has the API key of another practice");
}
