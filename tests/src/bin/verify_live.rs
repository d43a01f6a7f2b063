//! Puts the calendar contract to a real provider, with a test account of whoever runs it, and says where the provider
//! keeps its promises differently from the sandbox, which keeps them all. `cargo xtask verify-live` runs it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a tool for developers: a panic tells what is wrong"
)]

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::process::ExitCode;
use std::sync::Arc;

use daybook_caldav::Caldav;
use daybook_core::access::Access;
use daybook_engine::ports::{
    Account, CalendarProvider, Clock, Code, Credentials, Login, NoTokens, Random, SignIn, SignedIn, Visit,
};
use daybook_google::{Google, GoogleConfig};
use daybook_http::Web;
use daybook_microsoft::{Microsoft, MicrosoftConfig};
use daybook_secrets::SystemRandom;
use daybook_tests::contract::{Person, Subject, promises};
use daybook_tests::person::{CaldavPerson, GooglePerson, MicrosoftPerson};
use daybook_tests::stand_in::FixedToken;
use jiff::Timestamp;
use secrecy::ExposeSecret;
use url::Url;

/// The time of this machine: tokens end by it.
struct Now;

impl Clock for Now {
    #[expect(clippy::disallowed_methods, reason = "a real provider lives in real time")]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// An account and the hands of its owner.
type Party = (Arc<dyn Account>, Box<dyn Person>);

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let wanted = std::env::args().nth(1).unwrap_or_default();
    let (account, person) = match wanted.as_str() {
        "google" => google().await,
        "microsoft" => microsoft().await,
        "caldav" => caldav().await,
        _ => {
            eprintln!("usage: verify_live google|microsoft|caldav");
            return ExitCode::from(2);
        }
    };
    let differing = put_to_the_test(account, person).await;
    for (promise, how) in &differing {
        println!("differs from the sandbox: {promise}: {how}");
    }
    println!("{} promises, {} kept otherwise than by the sandbox", promises().len(), differing.len());
    if differing.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Each promise in a calendar of its own, which is thrown away afterwards. Those that fail, with the reason.
async fn put_to_the_test(
    account: Arc<dyn Account>,
    person: Box<dyn Person>,
) -> BTreeMap<&'static str, String> {
    let run = SystemRandom.token().chars().take(8).collect::<String>();
    let person: Arc<dyn Person> = person.into();
    let mut differing = BTreeMap::new();
    for (number, (name, promise)) in promises().into_iter().enumerate() {
        let place = format!("daybook-verify-{run}-{number}");
        let (with, hands, here) = (account.clone(), person.clone(), place.clone());
        let tested = tokio::spawn(async move {
            promise(&Subject { account: with.as_ref(), person: hands.as_ref(), place: &here }).await;
        });
        match tested.await {
            Ok(()) => println!("as the sandbox: {name}"),
            Err(failed) => drop(differing.insert(name, reason(failed))),
        }
        let calendars = account.list_calendars().await.unwrap_or_default();
        for calendar in calendars.iter().filter(|calendar| calendar.name == place) {
            person.remove_calendar(&calendar.id).await;
        }
    }
    differing
}

fn reason(failed: tokio::task::JoinError) -> String {
    let Ok(panic) = failed.try_into_panic() else { return "broken off".into() };
    let text = panic.downcast_ref::<String>().cloned();
    text.or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string)).unwrap_or_default()
}

fn given(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn needed(name: &str) -> String {
    given(name).unwrap_or_else(|| panic!("set {name}"))
}

fn address(name: &str, usual: &str) -> Url {
    given(name).unwrap_or_else(|| usual.to_owned()).parse().unwrap_or_else(|_| panic!("{name} is no address"))
}

fn web() -> Arc<Web> {
    Arc::new(Web::new().expect("a client"))
}

async fn google() -> Party {
    let api_url = address("DAYBOOK_GOOGLE_API_URL", "https://www.googleapis.com");
    let config = GoogleConfig {
        client_id: needed("DAYBOOK_GOOGLE_CLIENT_ID"),
        client_secret: needed("DAYBOOK_GOOGLE_CLIENT_SECRET").into(),
        auth_url: address("DAYBOOK_GOOGLE_AUTH_URL", "https://accounts.google.com/o/oauth2/v2/auth"),
        token_url: address("DAYBOOK_GOOGLE_TOKEN_URL", "https://oauth2.googleapis.com/token"),
        revoke_url: address("DAYBOOK_GOOGLE_REVOKE_URL", "https://oauth2.googleapis.com/revoke"),
        api_url: api_url.clone(),
    };
    let google = Google::new(config, web(), Arc::new(Now));
    let (token, account) = opened(&google, "google").await;
    (account, Box::new(GooglePerson::new(api_url.as_str().trim_end_matches('/'), &token)))
}

async fn microsoft() -> Party {
    let api_url = address("DAYBOOK_MICROSOFT_API_URL", "https://graph.microsoft.com/v1.0");
    let login = "https://login.microsoftonline.com/common/oauth2/v2.0";
    let config = MicrosoftConfig {
        client_id: needed("DAYBOOK_MICROSOFT_CLIENT_ID"),
        client_secret: needed("DAYBOOK_MICROSOFT_CLIENT_SECRET").into(),
        auth_url: address("DAYBOOK_MICROSOFT_AUTH_URL", &format!("{login}/authorize")),
        token_url: address("DAYBOOK_MICROSOFT_TOKEN_URL", &format!("{login}/token")),
        api_url: api_url.clone(),
    };
    let microsoft = Microsoft::new(config, web(), Arc::new(Now));
    let (token, account) = opened(&microsoft, "microsoft").await;
    (account, Box::new(MicrosoftPerson::new(api_url.as_str().trim_end_matches('/'), &token)))
}

async fn caldav() -> Party {
    let login = Login {
        url: needed("DAYBOOK_VERIFY_CALDAV_URL"),
        username: needed("DAYBOOK_VERIFY_CALDAV_USERNAME"),
        password: needed("DAYBOOK_VERIFY_CALDAV_PASSWORD").into(),
    };
    let allow = given("DAYBOOK_CALDAV_ALLOW").unwrap_or_else(|| "loopback".into());
    let caldav = Caldav::new(allow.parse().expect("DAYBOOK_CALDAV_ALLOW"), Arc::new(Now)).expect("a client");
    let SignIn::Password(sign_in) = caldav.sign_in() else { panic!("CalDAV takes a password") };
    let (credentials, identity) = sign_in.prove(login.clone()).await.expect("the sign-in");
    println!("signed in as {}", identity.label);
    let Credentials::Caldav { home: Some(home), .. } = &credentials else { panic!("no home was found") };
    let origin = home.parse::<Url>().expect("an address").origin().ascii_serialization();
    let person = CaldavPerson::new(&origin, &login.username, login.password.expose_secret());
    (caldav.open(&credentials, Arc::new(NoTokens)).expect("the account"), Box::new(person))
}

/// Signs in through the browser of whoever runs this.
async fn opened(provider: &dyn CalendarProvider, word: &str) -> (String, Arc<dyn Account>) {
    let SignIn::Page(page) = provider.sign_in() else { panic!("a page to sign in on") };
    let port = given("DAYBOOK_VERIFY_PORT").unwrap_or_else(|| "8789".into());
    let listener =
        TcpListener::bind(format!("127.0.0.1:{port}")).expect("the port for the browser's way back");
    let port = listener.local_addr().expect("an address").port();
    let redirect = format!("http://localhost:{port}/oauth/{word}/callback");
    let (state, verifier) = (SystemRandom.token(), SystemRandom.token().repeat(2));
    let visit = Visit {
        access: Access::ALL,
        redirect: redirect.clone(),
        state: state.clone(),
        verifier: verifier.clone().into(),
        account: None,
    };
    println!(
        "register {redirect} as a redirect address, then open this and sign in with a test account:\n\n{}\n",
        page.page(&visit)
    );
    let came_back = tokio::task::spawn_blocking(move || came_back(&listener)).await.expect("a visit");
    assert_eq!(came_back.get("state"), Some(&state), "somebody else's visit");
    let code = came_back.get("code").unwrap_or_else(|| panic!("no code: {:?}", came_back.get("error")));
    let code = Code { code: code.as_str().into(), verifier: verifier.into(), redirect };
    let SignedIn { credentials, token, granted, identity } = page.redeem(code).await.expect("the sign-in");
    assert!(granted.covers(Access::ALL), "allow everything that is asked for: {granted:?}");
    println!("signed in as {}", identity.label);
    let token = token.secret.expose_secret().to_owned();
    let account =
        provider.open(&credentials, Arc::new(FixedToken(token.clone().into()))).expect("the account");
    (token, account)
}

/// What the browser brings back in its query.
fn came_back(listener: &TcpListener) -> BTreeMap<String, String> {
    loop {
        let (mut stream, _) = listener.accept().expect("a visit");
        let mut line = String::new();
        BufReader::new(&stream).read_line(&mut line).expect("a request");
        let target = line.split_whitespace().nth(1).unwrap_or_default().to_owned();
        let answer = "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\nconnection: close\r\n\r\nThank you. The terminal goes on.\n";
        stream.write_all(answer.as_bytes()).expect("an answer");
        let url = format!("http://localhost{target}").parse::<Url>().expect("an address");
        let brought: BTreeMap<String, String> = url.query_pairs().into_owned().collect();
        if brought.contains_key("state") {
            return brought;
        }
    }
}
