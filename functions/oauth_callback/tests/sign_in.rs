//! Signing in from its outside: our page, the way to the provider and back, every way in which it ends.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod world;

use daybook_core::connection::{CalendarRef, Direction, MainCalendar, Provider, Settings, Start, State};
use daybook_engine::ports::{ConnectionRef, Credentials, Login};
use world::{Answer, PASSWORD, PUBLIC, World, settings};

const CALLBACK: &str = "/oauth/google/callback";

fn is_guarded(answer: &Answer) {
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(answer.header("referrer-policy"), "no-referrer");
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    let policy = answer.header("content-security-policy");
    for part in ["default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'"] {
        assert!(policy.contains(part), "{policy}");
    }
    assert!(!policy.contains("script") && !answer.text.contains("<script"), "{policy}");
}

#[tokio::test]
async fn our_page_says_who_what_and_when() {
    let world = World::new().await;
    let existing = MainCalendar::Existing(CalendarRef { id: "c".into(), name: "Personal".into() });
    let two_way = Settings { direction: Direction::TwoWay, ..settings() };
    for (provider, settings, expected, absent) in [
        (
            Provider::Google,
            settings(),
            vec!["Continue to Google", "“Work schedule”", "only “Busy”", "as soon as you have signed in"],
            vec!["nobody can book you", "type=\"password\"", "Microsoft"],
        ),
        (
            Provider::Google,
            Settings { start: Start::WhenConfirmed, ..two_way.clone() },
            vec!["nobody can book you", "when you are busy", "once you say yes in your EHR"],
            vec!["It starts as soon as"],
        ),
        (
            Provider::Google,
            Settings { main_calendar: existing, ..settings() },
            vec!["“Personal”", "into the calendar that you chose"],
            vec!["Make a calendar of its own"],
        ),
        (
            Provider::Google,
            Settings { main_calendar: MainCalendar::None, ..two_way },
            vec!["Nothing is written into your calendars"],
            vec!["only “Busy”", "Write your appointments"],
        ),
        (
            Provider::Caldav,
            settings(),
            vec![
                "name=\"url\"",
                "https://caldav.icloud.com",
                "account.apple.com",
                "mail and contacts",
                ">Sign in<",
            ],
            vec!["Continue to"],
        ),
    ] {
        let (connection, path) = world.waiting(provider, settings).await;
        let page = world.get(&path, "").await;
        assert_eq!(page.status, 200, "{}", page.text);
        is_guarded(&page);
        for words in expected.iter().chain(&["Dr. Ada &#60;Lovelace&#62;", "demo", "method=\"post\""]) {
            assert!(page.text.contains(words), "{words} in {}", page.text);
        }
        for words in absent {
            assert!(!page.text.contains(words), "{words} in {}", page.text);
        }
        assert_eq!(world.find(&connection).await.evidence.state(), State::Authorising);
    }
}

#[tokio::test]
async fn the_cookie_binds_one_browser() {
    for (public_url, prefix, secure) in [(PUBLIC, "__Host-", "; Secure"), ("http://127.0.0.1:8787", "", "")] {
        let world = World::at(public_url).await;
        let (_, path) = world.waiting(Provider::Google, settings()).await;
        let first = world.get(&path, "").await;
        let line = first.header("set-cookie");
        assert!(line.starts_with(&format!("{prefix}daybook_sign_in_t")), "{line}");
        assert!(line.ends_with(&format!("; Path=/; Max-Age=3600; HttpOnly; SameSite=Lax{secure}")), "{line}");
        let cookie = first.cookie().unwrap();
        let again = world.get(&path, &format!("other=1; {cookie}")).await;
        assert_eq!((again.status.as_u16(), again.cookie()), (200, first.cookie()), "the same browser");
        let (name, value) = cookie.split_once('=').unwrap();
        let unguarded = name.strip_prefix("__Host-").map(|name| format!("{name}={value}"));
        let wrong = format!("{name}=other");
        for other in ["", wrong.as_str()].into_iter().chain(unguarded.as_deref()) {
            let stranger = world.get(&path, other).await;
            assert_eq!(stranger.status, 403);
            assert!(stranger.text.contains("another browser"), "{}", stranger.text);
            assert_eq!(world.post(&path, other, "").await.status, 403);
        }
    }
}

#[tokio::test]
async fn looking_whether_a_link_is_there_does_not_use_it_up() {
    let world = World::new().await;
    let (_, path) = world.waiting(Provider::Google, settings()).await;
    assert_eq!(world.send("HEAD", &path, &[], "").await.status, 200);
    assert_eq!(world.send("GET", &path, &[("sec-purpose", "prefetch;prerender")], "").await.status, 503);
    assert_eq!(world.get(&path, "").await.status, 200);
}

/// Somebody who can set cookies for our host must not come to know ours.
#[tokio::test]
async fn what_a_browser_merely_shows_is_never_adopted() {
    let world = World::new().await;
    let (_, probe) = world.waiting(Provider::Google, settings()).await;
    let named = world.get(&probe, "").await.cookie().unwrap();
    let (_, path) = world.waiting(Provider::Google, settings()).await;
    let nonce = |path: &str| path.rsplit('/').next().unwrap().split('.').nth(1).unwrap().to_owned();
    let name = named.split_once('=').unwrap().0.replace(&nonce(&probe), &nonce(&path));
    let fixed = format!("{name}=known-to-eve");
    let opened = world.get(&path, &fixed).await;
    let ours = opened.cookie().expect("a cookie of our own");
    assert!(opened.status == 200 && ours.starts_with(&name) && ours != fixed, "{ours}");
    assert_eq!(world.post(&path, &fixed, "").await.status, 403);
    assert_eq!(world.post(&path, &ours, "").await.status, 303);
}

#[tokio::test]
async fn two_sign_ins_in_one_browser_do_not_disturb_each_other() {
    let world = World::new().await;
    let (_, one) = world.waiting(Provider::Google, settings()).await;
    let (_, other) = world.waiting(Provider::Google, settings()).await;
    let jar = format!(
        "{}; {}",
        world.get(&one, "").await.cookie().unwrap(),
        world.get(&other, "").await.cookie().unwrap()
    );
    for path in [one, other] {
        assert_eq!(world.post(&path, &jar, "").await.status, 303);
    }
}

/// Both presses may find the link unused; the second then finds it sent by the same browser.
#[tokio::test]
async fn a_button_pressed_twice_leads_to_the_page_twice() {
    let world = World::new().await;
    for _ in 0..8 {
        let (_, path) = world.waiting(Provider::Google, settings()).await;
        let cookie = world.get(&path, "").await.cookie().unwrap();
        let (first, second) = tokio::join!(world.post(&path, &cookie, ""), world.post(&path, &cookie, ""));
        assert_eq!((first.status.as_u16(), second.status.as_u16()), (303, 303), "{}", second.text);
        assert_eq!(first.header("location"), second.header("location"));
    }
}

#[tokio::test]
async fn there_and_back_again() {
    let world = World::new().await;
    let (connection, path) = world.waiting(Provider::Google, settings()).await;
    let page = world.get(&path, "").await;
    let policy = page.header("content-security-policy");
    assert!(policy.contains("form-action 'self' https://accounts.example;"), "{policy}");
    let cookie = page.cookie().unwrap();
    let gone = world.post(&path, &cookie, "").await;
    assert_eq!(gone.status, 303, "{}", gone.text);
    is_guarded(&gone);
    let place = gone.header("location").to_owned();
    assert!(place.starts_with(
        "https://accounts.example/auth?redirect_uri=https://sync.example.org/oauth/google/callback"
    ));
    assert_eq!(world.get(&path, &cookie).await.status, 200, "back from the provider by the browser's arrow");
    let back = format!("{CALLBACK}?code=ada&state={}&scope=x&iss=y", world::state_of(&place));
    assert_eq!(world.send("HEAD", &back, &[("cookie", &cookie)], "").await.status, 200);
    let done = world.get(&back, &cookie).await;
    assert_eq!(done.status, 200, "{}", done.text);
    is_guarded(&done);
    for words in ["Connected as ada@clinic.example", "“Work schedule”", "Not your account?"] {
        assert!(done.text.contains(words), "{words} in {}", done.text);
    }
    assert_eq!(world.find(&connection).await.evidence.state(), State::Syncing);
    for path in [&back, &path] {
        let over = world.get(path, &cookie).await;
        assert_eq!(over.status, 410, "{path}");
        assert!(
            over.text.contains("This link is over") && !over.text.contains("href=\"https"),
            "{}",
            over.text
        );
    }
}

#[tokio::test]
async fn each_ending_has_its_page_and_one_next_step() {
    for (query, status, expected, can_retry) in [
        ("error=access_denied&error_description=x", 422, "You did not allow Daybook at Google", true),
        ("error=consent_required", 422, "Ask your administrator", true),
        ("code=little", 422, "make a calendar of its own and write there", true),
        ("error=invalid_client", 502, "Daybook is not set up for Google", true),
        ("code=unconfigured", 502, "whoever runs Daybook", true),
        ("error=temporarily_unavailable", 503, "Google is busy", true),
        ("code=busy", 503, "Google is busy", true),
        ("code=used", 422, "did not hold", true),
        ("", 410, "This link is over", false),
        ("code=ada&code=eve", 410, "This link is over", false),
    ] {
        let world = World::new().await;
        let (connection, path) = world.waiting(Provider::Google, settings()).await;
        let (cookie, state) = world.sent(&path).await;
        let ended = world.get(&format!("{CALLBACK}?state={state}&{query}"), &cookie).await;
        assert_eq!(ended.status, status, "{query} {}", ended.text);
        is_guarded(&ended);
        assert!(ended.text.contains(expected), "{expected} in {}", ended.text);
        assert!(!ended.text.contains("the sync waits"), "{}", ended.text);
        assert!(!ended.text.contains(&state), "the state is not repeated");
        assert_eq!(!ended.header("retry-after").is_empty(), status == 503);
        assert_eq!(
            ended.text.contains(&format!("href=\"{PUBLIC}/sign-in/demo/{}/", connection.id)),
            can_retry
        );
        assert_eq!(world.find(&connection).await.account, None, "{query}");
    }
}

/// What was chosen is saved before the sign-in that it needs: until that holds, a sync that had begun stands still.
#[tokio::test]
async fn whoever_is_synced_is_told_that_the_sync_waits_until_it_is_allowed() {
    for (query, title) in [
        ("error=access_denied", "Not allowed"),
        ("error=consent_required", "Your administrator must allow this first"),
        ("code=little", "One permission is missing"),
    ] {
        let world = World::new().await;
        let (connection, path) = world.waiting(Provider::Google, settings()).await;
        let (cookie, state) = world.sent(&path).await;
        assert_eq!(world.get(&format!("{CALLBACK}?code=ada&state={state}"), &cookie).await.status, 200);
        refuse(&world, &connection).await;
        let path = world.link(&world.find(&connection).await).await;
        let (cookie, state) = world.sent(&path).await;
        let ended = world.get(&format!("{CALLBACK}?state={state}&{query}"), &cookie).await;
        assert_eq!(ended.status, 422, "{query} {}", ended.text);
        for words in [title, "Until it is allowed, the sync waits", "choose what needs less in your settings"]
        {
            assert!(ended.text.contains(words), "{words} in {}", ended.text);
        }
        assert!(!ended.text.contains("Nothing was changed"), "{}", ended.text);
    }
}

#[tokio::test]
async fn whoever_comes_back_must_be_who_left() {
    let world = World::new().await;
    let (_, path) = world.waiting(Provider::Google, settings()).await;
    let (cookie, state) = world.sent(&path).await;
    let wrong = format!("{}=other", cookie.split_once('=').unwrap().0);
    for (path, cookie, status) in [
        (format!("{CALLBACK}?code=ada&state={state}"), "", 403),
        (format!("{CALLBACK}?code=ada&state={state}"), wrong.as_str(), 403),
        (format!("{CALLBACK}?code=ada&state={state}x"), cookie.as_str(), 410),
        (format!("{CALLBACK}?code=ada&state=nonsense"), &cookie, 410),
        (format!("{CALLBACK}?code=ada"), &cookie, 410),
        (format!("/oauth/microsoft/callback?code=ada&state={state}"), &cookie, 410),
        (format!("/oauth/caldav/callback?code=ada&state={state}"), &cookie, 404),
        (path.replace("demo", "other"), &cookie, 410),
        (format!("{path}x"), &cookie, 410),
    ] {
        let ended = world.get(&path, cookie).await;
        assert_eq!(ended.status, status, "{path} {}", ended.text);
        assert!(ended.text.contains("Open the sign-in from your EHR once more."), "{}", ended.text);
    }
    let done = world.get(&format!("{CALLBACK}?code=ada&state={state}"), &cookie).await;
    assert_eq!(done.status, 200, "nothing of that used it up");
}

#[tokio::test]
async fn a_link_is_over_after_ten_minutes() {
    let world = World::new().await;
    let (_, path) = world.waiting(Provider::Google, settings()).await;
    let (_, late) = world.waiting(Provider::Google, settings()).await;
    let (cookie, state) = world.sent(&path).await;
    world.clock.pass(601);
    assert_eq!(world.get(&late, "").await.status, 410);
    let done = world.get(&format!("{CALLBACK}?code=ada&state={state}"), &cookie).await;
    assert_eq!(done.status, 200, "whoever is at the provider may stay for ten minutes more");
}

#[tokio::test]
async fn e_010_one_account_once_and_the_same_one_again() {
    let world = World::new().await;
    let (first, path) = world.waiting(Provider::Google, settings()).await;
    let (cookie, state) = world.sent(&path).await;
    assert_eq!(world.get(&format!("{CALLBACK}?code=ada&state={state}"), &cookie).await.status, 200);
    let (_, path) = world.waiting(Provider::Google, settings()).await;
    let (cookie, state) = world.sent(&path).await;
    let twice = world.get(&format!("{CALLBACK}?code=ada&state={state}"), &cookie).await;
    assert_eq!(twice.status, 409, "{}", twice.text);
    assert!(twice.text.contains("connected already"), "{}", twice.text);
    refuse(&world, &first).await;
    let path = world.link(&world.find(&first).await).await;
    let page = world.get(&path, "").await;
    for words in ["Sign in again", "Google Calendar, ada@clinic.example", "goes on where it stopped"] {
        assert!(page.text.contains(words), "{words} in {}", page.text);
    }
    let gone = world.post(&path, &page.cookie().unwrap(), "").await;
    assert!(gone.header("location").ends_with("login_hint=ada@clinic.example"));
    let state = world::state_of(gone.header("location"));
    let other = world.get(&format!("{CALLBACK}?code=eve&state={state}"), &page.cookie().unwrap()).await;
    assert_eq!(other.status, 409, "{}", other.text);
    assert!(other.text.contains("eve@clinic.example") && other.text.contains("ada@clinic.example"));
}

/// A secret or a key was lost: signing in again is what mends it.
#[tokio::test]
async fn credentials_that_nobody_can_open_are_replaced() {
    let world = World::new().await;
    let (connection, path) = world.waiting(Provider::Google, settings()).await;
    let (cookie, state) = world.sent(&path).await;
    assert_eq!(world.get(&format!("{CALLBACK}?code=ada&state={state}"), &cookie).await.status, 200);
    let at = ConnectionRef { practice: connection.practice.clone(), id: connection.id.clone() };
    let damaged = Credentials::Granted { provider: Provider::Google, refresh_token: world::DAMAGED.into() };
    world.engine.vault.put_credentials(&at, &damaged, Some(1)).await.unwrap();
    refuse(&world, &connection).await;
    let path = world.link(&world.find(&connection).await).await;
    let (cookie, state) = world.sent(&path).await;
    let done = world.get(&format!("{CALLBACK}?code=ada&state={state}"), &cookie).await;
    assert_eq!(done.status, 200, "{}", done.text);
    assert!(world.engine.vault.find_credentials(&at).await.unwrap().is_some());
}

/// The provider has refused the credentials.
async fn refuse(world: &World, connection: &daybook_core::connection::Connection) {
    let mut refused = world.find(connection).await;
    refused.version += 1;
    refused.evidence.needed = Some(daybook_core::access::Access::ALL);
    refused.evidence.granted = Some(daybook_core::access::Access {
        writes: daybook_core::access::Writes::Nothing,
        reads: daybook_core::access::Reads::Names,
    });
    world.engine.store.command_connection(&refused).await.unwrap();
}

#[tokio::test]
async fn a_password_is_asked_for_on_our_own_page() {
    let world = World::new().await;
    let chosen = Settings { start: Start::WhenConfirmed, ..settings() };
    let (connection, path) = world.waiting(Provider::Caldav, chosen).await;
    let page = world.get(&path, "").await;
    assert!(
        page.text.contains("maxlength=\"1024\" value=\"\""),
        "nobody is sent to Apple unasked: {}",
        page.text
    );
    assert!(page.header("content-security-policy").contains("form-action 'self';"));
    let cookie = page.cookie().unwrap();
    let form =
        |url: &str, user: &str, password: &str| format!("url={url}&username={user}&password={password}");
    for (form, status, words) in [
        (form("https://dav.example", "ada", "wrong%26"), 422, "refuses this user name and password"),
        (form("https://empty.example", "ada", PASSWORD), 422, "no calendars at this address"),
        (form("https://10.0.0.1", "ada", PASSWORD), 422, "This address cannot be used"),
        (form("https://down.example", "ada", PASSWORD), 503, "does not answer"),
        (form("", "ada", PASSWORD), 422, "Give the address"),
        (form("https://dav.example", "", PASSWORD), 422, "Give the user name"),
        (form("https://dav.example", "ada", ""), 422, "Give the password"),
        (form("%3Cb%3E", "%22x", "wrong"), 422, "refuses"),
    ] {
        let again = world.post(&path, &cookie, &form).await;
        assert_eq!(again.status, status, "{form} {}", again.text);
        is_guarded(&again);
        assert!(again.text.contains(words) && again.text.contains("role=\"alert\""), "{}", again.text);
        assert!(!again.text.contains(PASSWORD) && !again.text.contains("wrong&"), "no password comes back");
        assert!(!again.text.contains("<b>") && !again.text.contains("\"\"x"), "{}", again.text);
    }
    let done = world.post(&path, &cookie, &form("https://dav.example", "ada@home.example", PASSWORD)).await;
    assert_eq!(done.status, 200, "{}", done.text);
    assert!(done.text.contains("Connected as ada@home.example") && done.text.contains("Say yes in your EHR"));
    assert_eq!(world.find(&connection).await.evidence.state(), State::Ready);
    let over = world.post(&path, &cookie, &form("https://dav.example", "ada@home.example", PASSWORD)).await;
    assert_eq!(over.status, 410);
}

/// What was chosen before the sign-in only fills in the form.
#[tokio::test]
async fn apples_server_is_filled_in_for_whoever_chose_apple() {
    let world = World::new().await;
    let (_, path) = world.waiting(Provider::Caldav, settings()).await;
    let cookie = world.get(&path, "").await.cookie().unwrap();
    for (query, address) in [
        ("", ""),
        ("?server=icloud", "https://caldav.icloud.com"),
        ("?server=evil.example", ""),
        ("?server=icloud&server=icloud", ""),
    ] {
        let page = world.get(&format!("{path}{query}"), &cookie).await;
        assert_eq!(page.status, 200, "{query} {}", page.text);
        let field = format!("maxlength=\"1024\" value=\"{address}\"");
        assert!(page.text.contains(&field), "{query} {}", page.text);
    }
}

#[tokio::test]
async fn e_010_another_user_is_told_beside_the_form() {
    let world = World::new().await;
    let login =
        Login { url: "https://dav.example".into(), username: "ada".into(), password: PASSWORD.into() };
    let connection = world.connect(Provider::Caldav, settings(), Some(login)).await;
    refuse(&world, &connection).await;
    let path = world.link(&world.find(&connection).await).await;
    let cookie = world.get(&path, "").await.cookie().unwrap();
    let form = |user: &str| format!("url=https://dav.example&username={user}&password={PASSWORD}");
    let other = world.post(&path, &cookie, &form("eve")).await;
    assert_eq!(other.status, 409, "{}", other.text);
    assert!(other.text.contains("This is eve. The connection is to ada"), "{}", other.text);
    assert_eq!(world.post(&path, &cookie, &form("ada")).await.status, 200);
}

#[tokio::test]
async fn forms_of_other_sites_do_nothing() {
    let world = World::new().await;
    let (_, path) = world.waiting(Provider::Google, settings()).await;
    let cookie = world.get(&path, "").await.cookie().unwrap();
    for header in [("origin", "https://evil.example"), ("sec-fetch-site", "cross-site")] {
        let foreign = world.send("POST", &path, &[("cookie", &cookie), header], "").await;
        assert_eq!(foreign.status, 403, "{header:?}");
    }
    let ours = [("cookie", cookie.as_str()), ("origin", "null"), ("sec-fetch-site", "same-origin")];
    assert_eq!(world.send("POST", &path, &ours, "").await.status, 303);
    let large = world.send("POST", &path, &ours, &"x".repeat(20_000)).await;
    assert_eq!(large.status, 413);
}

#[tokio::test]
async fn style_and_icon_come_from_here() {
    let world = World::new().await;
    for (path, kind) in
        [("/sign-in/style.css", "text/css; charset=utf-8"), ("/sign-in/mark.svg", "image/svg+xml")]
    {
        let asset = world.get(path, "").await;
        assert_eq!((asset.status.as_u16(), asset.header("content-type")), (200, kind));
        assert_eq!(asset.header("cache-control"), "max-age=300");
    }
}
