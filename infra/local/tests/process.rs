//! The process as its contract describes it: the first line, the exit codes, the one-time keys, the doors that need no key.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Output, Stdio};

fn daybook(data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_daybook"));
    command
        .env_clear()
        .env("DAYBOOK_LISTEN", "127.0.0.1:0")
        .env("DAYBOOK_DATA_DIR", data.join("data"))
        .current_dir(data)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

struct Running {
    child: Child,
    out: BufReader<ChildStdout>,
    address: String,
}

impl Running {
    fn start(data: &Path) -> Self {
        Self::of(&mut daybook(data))
    }

    fn of(command: &mut Command) -> Self {
        let mut child = command.spawn().unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut first = String::new();
        out.read_line(&mut first).unwrap();
        let address =
            first.trim_end().strip_prefix("listening on http://").expect("the first line").to_owned();
        Self { child, out, address }
    }

    fn get(&self, path: &str) -> String {
        self.ask("GET", path, "", "")
    }

    /// A form as a browser sends it, with its cookie.
    fn post(&self, path: &str, cookie: &str, form: &str) -> String {
        self.ask("POST", path, cookie, form)
    }

    fn ask(&self, method: &str, path: &str, cookie: &str, form: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\ncookie: {cookie}\r\n\
             content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n{form}",
            self.address,
            form.len()
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    /// As a supervisor stops it; returns what it still wrote and how it ended.
    fn stop(mut self) -> (String, Option<i32>) {
        let killed = Command::new("kill").arg(self.child.id().to_string()).status().unwrap();
        assert!(killed.success());
        let mut rest = String::new();
        self.out.read_to_string(&mut rest).unwrap();
        (rest, self.child.wait().unwrap().code())
    }
}

/// A header of an answer; our own headers are in small letters.
fn header<'a>(answer: &'a str, name: &str) -> &'a str {
    let line = answer.lines().find(|line| line.starts_with(&format!("{name}: ")));
    line.unwrap_or_else(|| panic!("{name} in {answer}")).split_once(": ").unwrap().1
}

fn refused(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(2));
    assert!(output.stdout.is_empty(), "no address is told");
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn it_starts_serves_and_stops() {
    let folder = tempfile::tempdir().unwrap();
    let first = Running::start(folder.path());
    let health = first.get("/health");
    assert!(health.starts_with("HTTP/1.1 200") && health.ends_with(r#"{"status":"ok"}"#), "{health}");
    let page = first.get("/");
    for expected in [
        format!("curl http://{}/v1/practices/demo/connections", first.address).as_str(),
        "href=\"/sandbox/ehr/\"",
        "content-security-policy: default-src 'none'",
        "x-request-id: ",
    ] {
        assert!(page.contains(expected), "{expected} in {page}");
    }
    assert!(first.get("/sandbox/ehr/fhir/Practitioner/prac-1").starts_with("HTTP/1.1 200"));
    assert!(first.get("/openapi.json").starts_with("HTTP/1.1 200"));
    assert!(first.get("/v1/practices/demo/connections").starts_with("HTTP/1.1 401"));
    assert!(first.get("/nowhere").contains("/problems/not-found"));
    let second = refused(&daybook(folder.path()).output().unwrap());
    assert!(second.contains("in use by another process"), "{second}");
    let (told, code) = first.stop();
    assert!(told.contains("api-key") && told.contains("whsec_"), "new keys are told");
    assert_eq!(code, Some(0));
    let (told, _) = Running::start(folder.path()).stop();
    assert_eq!(told, "", "and told once");
}

#[test]
fn a_newcomer_comes_to_the_sandbox_providers_page() {
    let folder = tempfile::tempdir().unwrap();
    let house = Running::start(folder.path());
    let own = format!("http://{}", house.address);
    for (provider, page) in [
        ("google", "/sandbox/google/o/oauth2/v2/auth?"),
        ("microsoft", "/sandbox/microsoft/common/oauth2/v2.0/authorize?"),
    ] {
        assert!(house.get(&format!("/sandbox/{provider}/")).starts_with("HTTP/1.1 200"), "{provider}");
        let form = format!("practitioner=prac-1&direction=two_way&provider={provider}");
        let begun = house.post("/try", "", &form);
        let link = header(&begun, "location").strip_prefix(&own).expect("our own page").to_owned();
        let shown = house.get(&link);
        assert!(shown.starts_with("HTTP/1.1 200") && shown.contains("Maya Okafor"), "{shown}");
        assert!(header(&shown, "content-security-policy").contains(&format!("form-action 'self' {own}")));
        let cookie = header(&shown, "set-cookie").split(';').next().unwrap();
        let gone = house.post(&link, cookie, "");
        assert!(gone.starts_with("HTTP/1.1 303"), "{gone}");
        let there =
            header(&gone, "location").strip_prefix(&format!("{own}{page}")).expect("the provider's page");
        let consent = house.get(&format!("{page}{there}"));
        assert!(consent.starts_with("HTTP/1.1 200") && consent.contains("Ada"), "{consent}");
    }
    let handshake = house.post("/webhooks/microsoft?validationToken=a%20b", "", "");
    assert!(handshake.ends_with("a b"), "{handshake}");
    assert!(house.get("/sandbox/caldav/").starts_with("HTTP/1.1 200"));
    house.stop();
}

#[test]
fn the_start_page_offers_no_more_of_the_sandbox_than_is_behind_it() {
    let folder = tempfile::tempdir().unwrap();
    let real_ehr = [("DAYBOOK_EHR_FHIR_URL", "http://127.0.0.1:9/fhir")];
    let real_calendars = [("DAYBOOK_GOOGLE_CLIENT_ID", "id"), ("DAYBOOK_GOOGLE_CLIENT_SECRET", "secret")];
    for (settings, sandbox_ehr) in [(real_ehr.as_slice(), false), (real_calendars.as_slice(), true)] {
        let running = Running::of(daybook(folder.path()).envs(settings.iter().copied()));
        let page = running.get("/");
        assert!(!page.contains("action=\"/try\""), "{page}");
        for word in ["href=\"/sandbox/ehr/\"", "Maya Okafor"] {
            assert_eq!(page.contains(word), sandbox_ehr, "{word} in {page}");
        }
        running.stop();
    }
}

#[test]
fn a_bad_configuration_names_all_its_faults() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("daybook.toml"), "listne = 1\n").unwrap();
    let output = daybook(folder.path()).env("DAYBOOK_SWEEP_SECONDS", "0").output().unwrap();
    let faults = refused(&output);
    for key in ["DAYBOOK_LISTNE", "DAYBOOK_SWEEP_SECONDS"] {
        assert!(faults.contains(key), "{faults}");
    }
    assert!(!folder.path().join("data").exists(), "nothing is made before");
}
