//! The launch, the session and the pages at the door: who comes in, who does not, and who sees what.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod world;

use daybook_core::access::{Access, Reads, Writes};
use daybook_core::connection::{
    BlockingCalendars, CalendarRef, Connection, Disconnect, Problem, ProblemKind, PutBack, Verified, Went,
};
use daybook_engine::ports::Clock;
use jiff::SignedDuration;
use serde_json::{Value, json};
use world::launch::{NOW, claims, token};
use world::{Answer, World};

/// A browser with a session, and the token of its forms.
struct Person<'w> {
    world: &'w World,
    cookie: String,
}

async fn launch(world: &World, token: &str, headers: &[(&str, &str)]) -> Answer {
    let mut all =
        vec![("content-type", "application/x-www-form-urlencoded"), ("origin", "https://demo.ehr.example")];
    all.extend(headers);
    world.ask_raw("POST", "/launch", format!("launch_token={token}"), &all).await
}

fn cookie(answer: &Answer) -> String {
    let line = answer.headers["set-cookie"].to_str().unwrap();
    line.split(';').next().unwrap().to_owned()
}

async fn person(world: &World, more: Value) -> Person<'_> {
    let answer = launch(world, &token("demo", &claims(more)), &[]).await;
    assert_eq!(
        (answer.status.as_u16(), &answer.headers["location"]),
        (303, &"/settings".parse().unwrap()),
        "{}",
        answer.text
    );
    Person { world, cookie: cookie(&answer) }
}

/// The same, where the EHR shows the pages in one of its own.
async fn framed(world: &World, more: Value) -> Person<'_> {
    let answer = launch(world, &token("demo", &claims(more)), &[("sec-fetch-dest", "iframe")]).await;
    Person { world, cookie: cookie(&answer) }
}

impl Person<'_> {
    async fn get(&self, path: &str) -> Answer {
        self.world.ask_raw("GET", path, String::new(), &[("cookie", &self.cookie)]).await
    }

    async fn post(&self, path: &str, form: &str, headers: &[(&str, &str)]) -> Answer {
        let mut all =
            vec![("cookie", self.cookie.as_str()), ("content-type", "application/x-www-form-urlencoded")];
        all.extend(headers);
        self.world.ask_raw("POST", path, form.to_owned(), &all).await
    }

    async fn form_token(&self) -> String {
        let page = self.get("/settings/connect").await.text;
        let rest = page.split("name=\"form_token\" value=\"").nth(1).unwrap_or_else(|| panic!("{page}"));
        format!("form_token={}", rest.split('"').next().unwrap())
    }
}

#[tokio::test]
async fn a_signed_launch_opens_a_session_once() {
    let world = World::new().await;
    let signed = token("demo", &claims(json!({})));
    let first = launch(&world, &signed, &[]).await;
    assert_eq!(first.status, 303);
    let line = first.headers["set-cookie"].to_str().unwrap();
    assert!(
        line.starts_with("daybook=") && line.ends_with("; Path=/; Max-Age=1800; HttpOnly; SameSite=Lax"),
        "{line}"
    );
    let again = launch(&world, &signed, &[]).await;
    assert_eq!((again.status.as_u16(), again.headers.get("set-cookie")), (401, None));
    let person = Person { world: &world, cookie: cookie(&first) };
    assert_eq!(person.get("/settings").await.headers["location"], "/settings/connect");
    let page = person.get("/settings/connect").await;
    assert_eq!(page.status, 200);
    let policy = page.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.ends_with("frame-ancestors https://demo.ehr.example"), "{policy}");
}

/// Whatever is wrong, the page is the same, so that a forger learns nothing.
#[tokio::test]
async fn a_launch_that_does_not_hold_opens_nothing() {
    let world = World::new().await;
    let signed = |practice: &str, more: Value| token(practice, &claims(more));
    let mut pages = Vec::new();
    for (what, launch_token) in [
        ("nothing", String::new()),
        ("no token", "a.b.c".into()),
        ("another practice's key", signed("other", json!({}))),
        ("another practice's tenant", signed("demo", json!({"tenant": "other"}))),
        ("a practice that is not there", signed("demo", json!({"tenant": "third"}))),
        ("another audience", signed("demo", json!({"aud": "https://else.example"}))),
        ("too long", signed("demo", json!({"exp": NOW + 121}))),
        ("over", signed("demo", json!({"iat": NOW - 200, "nbf": NOW - 200, "exp": NOW - 100}))),
        ("not yet", signed("demo", json!({"iat": NOW + 60, "nbf": NOW + 60}))),
        ("another way back", signed("demo", json!({"return_url": "https://evil.example"}))),
        ("another role", signed("demo", json!({"role": "owner"}))),
        ("a delegate of nobody", signed("demo", json!({"role": "delegate"}))),
        ("a stranger", signed("demo", json!({"sub": "Practitioner/nobody"}))),
    ] {
        let answer = launch(&world, &launch_token, &[]).await;
        assert_eq!((answer.status.as_u16(), answer.headers.get("set-cookie")), (401, None), "{what}");
        pages.push(answer.text);
    }
    pages.dedup();
    assert_eq!(pages.len(), 1, "the page tells what was wrong");
}

#[tokio::test]
async fn a_session_is_believed_only_as_we_sealed_it() {
    let world = World::new().await;
    let person = person(&world, json!({})).await;
    let bent = person.cookie.replacen("daybook=ey", "daybook=eY", 1);
    for cookie in ["", "daybook=", "daybook=e30.0", &bent, &person.cookie[..person.cookie.len() - 1]] {
        let stranger = Person { world: &world, cookie: cookie.to_owned() };
        assert_eq!(stranger.get("/settings").await.status, 401, "{cookie}");
    }
}

/// The page that says so is shown in the EHR's frame, like the one before it.
#[tokio::test]
async fn a_session_is_over_after_half_an_hour() {
    let world = World::new().await;
    let person = person(&world, json!({})).await;
    world.clock.move_on(SignedDuration::from_mins(29));
    assert_eq!(person.get("/settings/connect").await.status, 200);
    world.clock.move_on(SignedDuration::from_mins(1));
    let over = person.get("/settings/connect").await;
    assert_eq!(over.status, 401);
    let policy = over.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.ends_with("frame-ancestors https://demo.ehr.example"), "{policy}");
    let form = person.post("/settings/log-out", "", &[]).await;
    assert_eq!(form.status, 401);
}

#[tokio::test]
async fn a_form_counts_only_from_our_own_page_in_this_session() {
    let world = World::new().await;
    let (ours, other) =
        (person(&world, json!({})).await, person(&world, json!({"sub": "Practitioner/prac-nowhere"})).await);
    let (own, foreign) = (ours.form_token().await, other.form_token().await);
    let choice = "provider=caldav&direction=ehr_to_calendar";
    for (what, form, headers) in [
        ("no token", choice.to_owned(), vec![]),
        ("another session's token", format!("{choice}&{foreign}"), vec![]),
        ("another origin", format!("{choice}&{own}"), vec![("origin", "https://evil.example")]),
        ("another site", format!("{choice}&{own}"), vec![("sec-fetch-site", "cross-site")]),
    ] {
        assert_eq!(ours.post("/settings/connect", &form, &headers).await.status, 403, "{what}");
    }
    let done = ours.post("/settings/connect", &format!("{choice}&{own}"), &[]).await;
    assert_eq!(done.status, 303);
    let place = done.headers["location"].to_str().unwrap();
    assert!(place.starts_with("http://localhost/sign-in/demo/"), "{place}");
}

#[tokio::test]
async fn a_clinician_sees_their_own_connections_and_an_administrator_nobodys() {
    let world = World::new().await;
    let ours = person(&world, json!({})).await;
    let form = format!("provider=caldav&{}", ours.form_token().await);
    ours.post("/settings/connect", &form, &[]).await;
    let again = ours.post("/settings/connect", &form, &[]).await;
    let id = again.headers["location"].to_str().unwrap().split('/').nth(5).unwrap().to_owned();
    let listed = world.ask("GET", world::CONNECTIONS, None).await;
    assert_eq!(listed.body["items"].as_array().unwrap().len(), 1, "one that waits is used again");
    let page = format!("/settings/connections/{id}");
    let delegate = json!({"role": "delegate", "act": {"sub": "User/9"}});
    for (who, status) in [
        (json!({"jti": "a"}), 200),
        (delegate, 200),
        (json!({"sub": "Practitioner/prac-nowhere"}), 404),
        (json!({"role": "practice_admin", "sub": "User/1"}), 403),
    ] {
        let person = person(&world, who.clone()).await;
        assert_eq!(person.get(&page).await.status, status, "{who}");
        assert_eq!(person.get(&format!("{page}/leave")).await.status, status, "{who}");
    }
    let ours = person(&world, json!({"jti": "long"})).await;
    for nobody in ["x".repeat(129), "x".repeat(2_100)] {
        assert_eq!(ours.get(&format!("/settings/connections/{nobody}")).await.status, 404, "{nobody}");
    }
    let admin = person(&world, json!({"role": "practice_admin", "sub": "User/2"})).await;
    assert_eq!(admin.get("/settings").await.headers["location"], "/settings/practice");
}

#[tokio::test]
async fn logging_out_takes_the_cookie_away() {
    let world = World::new().await;
    let person = person(&world, json!({})).await;
    let done = person.post("/settings/log-out", &person.form_token().await, &[]).await;
    assert_eq!(done.status, 200);
    assert!(done.headers["set-cookie"].to_str().unwrap().contains("Max-Age=0"), "{:?}", done.headers);
}

/// In a frame the sign-in opens in a window of its own: providers refuse frames.
#[tokio::test]
async fn in_a_frame_the_sign_in_is_a_link_to_a_window() {
    let world = World::new().await;
    let person = framed(&world, json!({})).await;
    let form = format!("provider=caldav&{}", person.form_token().await);
    let done = person.post("/settings/connect", &form, &[]).await;
    let place = done.headers["location"].to_str().unwrap().to_owned();
    assert!(place.starts_with("/settings/connections/"), "{place}");
    let page = person.get(&place).await.text;
    assert!(page.contains("target=\"_blank\"") && page.contains("/sign-in/demo/"), "{page}");
}

#[tokio::test]
async fn before_the_yes_there_is_nothing_to_verify_and_each_page_says_so() {
    let world = World::new().await;
    let ours = person(&world, json!({})).await;
    let form = format!("provider=caldav&{}", ours.form_token().await);
    ours.post("/settings/connect", &form, &[]).await;
    let again = ours.post("/settings/connect", &form, &[]).await;
    let id = again.headers["location"].to_str().unwrap().split('/').nth(5).unwrap().to_owned();
    let at = format!("/settings/connections/{id}");
    let form = ours.get(&format!("{at}/verify")).await;
    assert_eq!((form.status.as_u16(), form.text.contains("Daybook check")), (200, true));
    for page in ["week", "week?from=2026-11-23", "week?from=nonsense", "review"] {
        let answer = ours.get(&format!("{at}/{page}")).await;
        assert_eq!(
            (answer.status.as_u16(), answer.text.contains("Back to this calendar")),
            (409, true),
            "{page}"
        );
    }
    for page in ["verify", "review"] {
        let answer = ours.post(&format!("{at}/{page}"), &ours.form_token().await, &[]).await;
        assert!([303, 409].contains(&answer.status.as_u16()), "{page}: {}", answer.text);
        let forged = ours.post(&format!("{at}/{page}"), "", &[]).await;
        assert_eq!(forged.status, 403, "{page} without our token");
    }
    let stranger = person(&world, json!({"sub": "Practitioner/prac-nowhere", "jti": "b"})).await;
    for page in ["verify", "week", "review"] {
        assert_eq!(stranger.get(&format!("{at}/{page}")).await.status, 404, "{page}");
    }
}

#[tokio::test]
async fn a_subscription_is_made_shown_once_and_ended() {
    let world = World::new().await;
    let person = person(&world, json!({})).await;
    assert!(person.get("/settings/connect").await.text.contains("href=\"/settings/feed\""));
    let token = person.form_token().await;
    let made = person.post("/settings/feed", &format!("{token}&deed=make&detail=full"), &[]).await;
    assert_eq!(made.status, 200, "{}", made.text);
    let rest = made.text.split(">http://localhost/feeds/").nth(1).unwrap();
    let file = format!("/feeds/{}", rest.split('<').next().unwrap());
    assert!(made.text.contains(&format!("webcal://localhost{file}")), "{}", made.text);
    assert_eq!(world.ask_raw("GET", &file, String::new(), &[]).await.status, 200);
    let again = person.get("/settings/feed").await.text;
    assert!(
        !again.contains(&file) && again.contains("Last fetched Oct 12, 9:05 am (America/New_York)"),
        "{again}"
    );
    assert!(again.contains("That it is an appointment"), "{again}");
    assert!(person.get("/settings").await.text.contains("Subscription, read-only"));
    let stranger = person.post("/settings/feed", "deed=revoke", &[]).await;
    assert_eq!(stranger.status, 403, "a form of somebody else");
    let ended = person.post("/settings/feed", &format!("{token}&deed=revoke"), &[]).await;
    assert_eq!(
        (ended.status.as_u16(), &ended.headers["location"]),
        (303, &"/settings/feed".parse().unwrap())
    );
    assert_eq!(world.ask_raw("GET", &file, String::new(), &[]).await.status, 404);
    assert_eq!(person.get("/settings").await.headers["location"], "/settings/connect");
}

/// What was chosen comes along, and changing one's mind leaves nothing behind.
#[tokio::test]
async fn a_move_makes_one_connection_that_waits_for_its_sign_in() {
    let world = World::new().await;
    let ours = person(&world, json!({})).await;
    let two_way = json!({"direction": "two_way", "window": {"past_days": 3, "future_days": 90}});
    let old = world.connected(two_way).await;
    let id = old.rsplit('/').next().unwrap();
    let at = format!("/settings/connections/{id}");
    assert!(ours.get(&at).await.text.contains("Move to another account or provider"));
    let page = ours.get(&format!("{at}/move")).await;
    assert!(page.text.contains("Where to?") && page.text.contains("What becomes of"), "{}", page.text);
    let token = ours.form_token().await;
    let nowhere = ours.post(&format!("{at}/move"), &token, &[]).await;
    assert_eq!(nowhere.status, 422);
    let form = format!("provider=google&afterwards=leaves&{token}");
    for _ in 0..2 {
        let begun = ours.post(&format!("{at}/move"), &form, &[]).await;
        assert_eq!(begun.status, 303, "{}", begun.text);
        assert!(begun.headers["location"].to_str().unwrap().contains("/sign-in/demo/"));
    }
    let listed = world.ask("GET", world::CONNECTIONS, None).await.body;
    let items = listed["items"].as_array().unwrap();
    assert_eq!(items.len(), 2, "{listed}");
    let new = items.iter().find(|one| one["provider"] == "google").unwrap();
    assert_eq!((&new["state"], &new["direction"]), (&json!("authorising"), &json!("two_way")));
    assert_eq!(new["window"], json!({"past_days": 3, "future_days": 90}));
    // Another calendar of its own, by "connect", is no move.
    ours.post("/settings/connect", &format!("provider=google&{token}"), &[]).await;
    let listed = world.ask("GET", world::CONNECTIONS, None).await.body;
    assert_eq!(listed["items"].as_array().unwrap().len(), 3, "{listed}");
    let other = person(&world, json!({"sub": "Practitioner/prac-nowhere"})).await;
    assert_eq!(other.get(&format!("{at}/move")).await.status, 404, "somebody else's");
}

#[tokio::test]
async fn a_day_is_closed_by_one_click_and_a_calendar_that_nobody_asked_about_by_none() {
    let world = World::new().await;
    let ours = person(&world, json!({})).await;
    let made = world.connected(json!({"direction": "two_way"})).await;
    let at = format!("/settings/connections/{}", made.rsplit('/').next().unwrap());
    let token = ours.form_token().await;
    for (deed, day, status) in
        [("close", "abc123", 303), ("open", "abc123", 303), ("close", "", 422), ("shut", "abc123", 404)]
    {
        let form = format!("deed={deed}&day={day}&from=2026-10-12&{token}");
        let answer = ours.post(&format!("{at}/day"), &form, &[]).await;
        assert_eq!(answer.status, status, "{deed} {day}: {}", answer.text);
        if status == 303 {
            assert_eq!(answer.headers["location"], format!("{at}/week?from=2026-10-12"));
        }
    }
    let nobody_asked =
        ours.post(&format!("{at}/do"), &format!("deed=calendar_closes&calendar=/ada/x/&{token}"), &[]).await;
    assert_eq!(nobody_asked.status, 404);
}

async fn allow(world: &World, policy: Value) {
    let key = format!("Bearer {}", world::PLATFORM);
    let headers = [("authorization", key.as_str())];
    let set = world.ask_with("PUT", "/v1/practices/demo", Some(json!({"policy": policy})), &headers).await;
    assert_eq!(set.status, 200, "{}", set.text);
}

/// The one tag of a page that holds this.
fn tag<'p>(page: &'p str, part: &str) -> &'p str {
    let at = page.find(part).unwrap_or_else(|| panic!("no {part} in {page}"));
    let (before, after) = page.split_at(at);
    let from = before.rfind('<').unwrap();
    let to = at + after.find('>').unwrap();
    &page[from..=to]
}

#[tokio::test]
async fn a_practice_with_a_narrow_window_has_its_clinicians_connect_and_change_everything_else() {
    let world = World::new().await;
    let wide = world.connected(json!({"window": {"past_days": 30, "future_days": 730}})).await;
    allow(&world, json!({"window": {"past_days": 3, "future_days": 45}})).await;
    let ours = person(&world, json!({})).await;
    let token = ours.form_token().await;
    let begun = ours.post("/settings/connect", &format!("provider=google&{token}"), &[]).await;
    assert_eq!(begun.status, 303, "{}", begun.text);
    let listed = world.ask("GET", world::CONNECTIONS, None).await.body;
    let new = listed["items"].as_array().unwrap().iter().find(|one| one["provider"] == "google").unwrap();
    assert_eq!(new["window"], json!({"past_days": 3, "future_days": 45}));

    let at = format!("/settings/connections/{}", wide.rsplit('/').next().unwrap());
    let page = ours.get(&format!("{at}/choices")).await.text;
    assert!(page.contains("Your practice allows at most 3 days back and 45 days ahead."), "{page}");
    assert!(page.contains("range-month") && !page.contains("range-quarter") && !page.contains("range-year"));
    assert!(tag(&page, "id=\"past\"").contains("max=\"3\" value=\"3\""), "{page}");
    assert!(tag(&page, "id=\"future\"").contains("max=\"45\" value=\"45\""), "{page}");

    let form = |days: &str| format!("range=custom&{days}&main=none&detail=appointment&{token}");
    let as_shown = form("past_days=3&future_days=45");
    assert_eq!(ours.post(&format!("{at}/preview"), &as_shown, &[]).await.status, 200);
    assert_eq!(ours.post(&format!("{at}/apply"), &as_shown, &[]).await.status, 303);
    let changed = world.ask("GET", &wide, None).await.body;
    assert_eq!(changed["detail"], "appointment");
    assert_eq!(changed["window"], json!({"past_days": 30, "future_days": 730}), "as chosen before");
    for page in ["preview", "apply"] {
        let wider = form("past_days=3&future_days=46");
        let answer = ours.post(&format!("{at}/{page}"), &wider, &[]).await;
        assert_eq!(
            (answer.status.as_u16(), answer.text.contains("at most 3 past and 45")),
            (422, true),
            "{page}"
        );
    }
}

#[tokio::test]
async fn a_provider_that_the_practice_forbids_is_shown_and_cannot_be_chosen() {
    let world = World::new().await;
    let old = world.connected(json!({})).await;
    let ours = person(&world, json!({})).await;
    let moving = format!("/settings/connections/{}/move", old.rsplit('/').next().unwrap());
    for (allowed, shut) in
        [(json!(["google"]), ["apple", "caldav"].as_slice()), (json!(["caldav"]), &["google"])]
    {
        allow(&world, json!({"providers": allowed})).await;
        for path in ["/settings/connect", &moving] {
            let page = ours.get(path).await.text;
            for id in ["apple", "caldav", "google"] {
                let is_shut = tag(&page, &format!("id=\"{id}\"")).contains(" disabled");
                assert_eq!(is_shut, shut.contains(&id), "{path} {id}");
            }
            assert_eq!(page.matches("Your practice does not allow this.").count(), shut.len(), "{path}");
        }
    }
}

/// Apple's calendar and any other CalDAV one are one provider; only the first has Apple's server filled in. In a frame the
/// connection's page comes between.
#[tokio::test]
async fn the_sign_in_page_is_told_of_apples_calendar_only_where_it_was_chosen() {
    let world = World::new().await;
    let old = world.connected(json!({})).await;
    let moving = format!("/settings/connections/{}/move", old.rsplit('/').next().unwrap());
    for (ours, is_framed) in
        [(person(&world, json!({})).await, false), (framed(&world, json!({"jti": "f"})).await, true)]
    {
        let token = ours.form_token().await;
        for path in ["/settings/connect", &moving] {
            for (chosen, is_told) in [("apple", true), ("caldav", false), ("google", false)] {
                let begun = ours.post(path, &format!("provider={chosen}&{token}"), &[]).await;
                assert_eq!(begun.status, 303, "{}", begun.text);
                let place = begun.headers["location"].to_str().unwrap();
                let page =
                    if is_framed { ours.get(place).await.text } else { format!("<a href=\"{place}\">") };
                let link = tag(&page, "/sign-in/demo/");
                assert_eq!(link.contains("?server=icloud\""), is_told, "{path} {chosen} {link}");
            }
        }
    }
}

/// Whoever looks too early whether they have signed in is still told of Apple's server; no other word is passed on.
#[tokio::test]
async fn in_a_frame_apples_calendar_is_not_forgotten_by_looking_again() {
    let world = World::new().await;
    let ours = framed(&world, json!({})).await;
    let begun =
        ours.post("/settings/connect", &format!("provider=apple&{}", ours.form_token().await), &[]).await;
    let place = begun.headers["location"].to_str().unwrap();
    let page = ours.get(place).await.text;
    assert!(page.contains(&format!("<a href=\"{place}\">I have signed in</a>")), "{page}");
    assert!(place.ends_with("?server=icloud"), "{place}");
    let plain = place.split('?').next().unwrap();
    for word in ["", "?server=evil.example", "?server=icloud%22%3E", "?server=icloud&server=icloud", "?%ff"] {
        let page = ours.get(&format!("{plain}{word}")).await.text;
        assert!(!tag(&page, "/sign-in/demo/").contains('?'), "{word} {page}");
    }
}

/// Whoever cannot save both ways is told so before the click.
#[tokio::test]
async fn both_ways_is_not_offered_where_saving_it_would_be_refused() {
    let world = World::new().await;
    for (id, is_offered) in [("prac-1", true), ("prac-nowhere", false)] {
        let made = world.connected(json!({"practitioner_id": id, "start": "when_confirmed"})).await;
        let at = format!("/settings/connections/{}", made.rsplit('/').next().unwrap());
        let ours = person(&world, json!({"sub": format!("Practitioner/{id}")})).await;
        let page = ours.get(&format!("{at}/choices")).await.text;
        assert_eq!(tag(&page, "id=\"two-way\"").contains(" disabled"), !is_offered, "{id}");
        assert_eq!(page.contains("Not possible yet: the EHR gives no time zone."), !is_offered, "{id}");
        let token = ours.form_token().await;
        let form = format!("direction=two_way&range=month&main=none&detail=busy&{token}");
        if !is_offered {
            for page in ["preview", "apply"] {
                assert_eq!(ours.post(&format!("{at}/{page}"), &form, &[]).await.status, 422, "{page}");
            }
        }
    }
}

/// The page names the button that it has.
#[tokio::test]
async fn the_preview_names_its_own_button() {
    let world = World::new().await;
    for (id, start, button) in
        [("prac-1", "when_confirmed", "Start Sync"), ("prac-nowhere", "when_authorised", "Save")]
    {
        let made = world.connected(json!({"practitioner_id": id, "start": start})).await;
        let at = format!("/settings/connections/{}", made.rsplit('/').next().unwrap());
        let ours = person(&world, json!({"sub": format!("Practitioner/{id}")})).await;
        let form = format!("range=month&main=none&detail=busy&{}", ours.form_token().await);
        let page = ours.post(&format!("{at}/preview"), &form, &[]).await.text;
        assert!(page.contains(&format!("<button>{button}</button>")), "{page}");
    }
}

/// Changing one's mind on the next page loses nothing that was ticked, whatever the direction.
#[tokio::test]
async fn the_form_comes_back_with_the_calendars_that_were_ticked() {
    let world = World::new().await;
    let made = world.connected(json!({"start": "when_confirmed"})).await;
    let home = CalendarRef { id: "/ada/home/".into(), name: "Home".into() };
    let at = world
        .arrange(&made, |connection| {
            connection.settings.blocking_calendars = BlockingCalendars::Chosen(vec![home]);
        })
        .await;
    let ours = person(&world, json!({})).await;
    let token = ours.form_token().await;
    let (home, holidays) = ("value=\"/ada/home/\"", "value=\"/ada/holidays/\"");
    for (asked, ticked, free) in [
        ("direction=two_way&blocking=/ada/holidays/", vec![holidays], vec![home]),
        ("direction=ehr_to_calendar&blocking=/ada/holidays/", vec![holidays], vec![home]),
        ("direction=ehr_to_calendar", vec![home], vec![holidays]),
        ("direction=two_way", vec![], vec![home, holidays]),
    ] {
        let form = format!("{asked}&range=month&main=none&detail=busy&{token}");
        let page = ours.post(&format!("{at}/choices"), &form, &[]).await.text;
        for (calendars, is_ticked) in [(ticked, true), (free, false)] {
            for calendar in calendars {
                let calendar = format!("name=\"blocking\" {calendar}");
                assert_eq!(tag(&page, &calendar).contains(" checked"), is_ticked, "{asked} {calendar}");
            }
        }
    }
}

/// The reason stands above the form, and nothing that was chosen is lost.
#[tokio::test]
async fn choices_that_cannot_be_saved_come_back_as_they_were_sent() {
    let world = World::new().await;
    let made = world.connected(json!({"start": "when_confirmed"})).await;
    let at = format!("/settings/connections/{}", made.rsplit('/').next().unwrap());
    let ours = person(&world, json!({})).await;
    let token = ours.form_token().await;
    for (asked, why) in [
        ("range=month&main=ours&new_name=", "Give the new calendar a name"),
        ("range=custom&past_days=1&future_days=9999&main=none", "The time range goes from"),
        ("range=month&main=", "Choose where your appointments should appear."),
    ] {
        let chosen = "direction=two_way&blocking=/ada/holidays/&detail=appointment&aged_out=keep";
        for page in ["preview", "apply"] {
            let answer = ours.post(&format!("{at}/{page}"), &format!("{chosen}&{asked}&{token}"), &[]).await;
            assert_eq!(answer.status, 422, "{asked}");
            let said = answer.text.split("role=\"alert\">").nth(1).unwrap();
            assert!(said.starts_with(why), "{said}");
            for kept in
                ["id=\"two-way\"", "value=\"/ada/holidays/\"", "id=\"detail-appointment\"", "id=\"aged-out\""]
            {
                assert!(tag(&answer.text, kept).contains(" checked"), "{asked} {kept}");
            }
        }
    }
    assert_eq!(world.ask("GET", &made, None).await.body["direction"], "ehr_to_calendar", "nothing was saved");
}

/// The clock stands still and is moved on where everybody waits: nobody really does.
#[tokio::test(start_paused = true)]
async fn who_cannot_be_told_in_time_what_will_happen_may_go_on_without_it() {
    let world = World::new().await;
    let made = world.connected(json!({"start": "when_confirmed"})).await;
    let at = format!("/settings/connections/{}", made.rsplit('/').next().unwrap());
    let ours = person(&world, json!({})).await;
    let form = format!("range=month&main=none&detail=busy&{}", ours.form_token().await);
    let look = async || {
        let asked = tokio::time::Instant::now();
        let page = ours.post(&format!("{at}/preview"), &form, &[]).await;
        assert!(asked.elapsed() < daybook_doorway::ON_LAMBDA, "the door would have shut");
        assert!(page.status == 200 && page.text.contains("<button>Start Sync</button>"), "{}", page.text);
        page.text.contains("or go on without the counts")
    };
    assert!(!look().await);
    world.ehr.hang();
    assert!(look().await);
}

/// That nothing has to be done does not mean that nothing is booked; and nowhere, nothing appears.
#[tokio::test]
async fn where_nothing_is_to_be_done_no_more_is_promised_than_is_known() {
    let world = World::new().await;
    let made = world.connected(json!({"start": "when_confirmed"})).await;
    let at = format!("/settings/connections/{}", made.rsplit('/').next().unwrap());
    let ours = person(&world, json!({})).await;
    let token = ours.form_token().await;
    for (main, is_promised) in [("none", false), ("ours&new_name=Work", true)] {
        let form = format!("range=month&main={main}&detail=busy&{token}");
        let page = ours.post(&format!("{at}/preview"), &form, &[]).await.text;
        assert!(page.contains("Nothing has to be added or removed."), "{page}");
        assert_eq!(page.contains("New appointments appear as they are booked."), is_promised, "{page}");
        assert!(!page.contains("There are no appointments"), "{page}");
    }
}

/// What is missing is linked to where it is set, what cannot be known now is not.
#[tokio::test]
async fn what_is_missing_has_its_link_and_both_ways_says_why_not() {
    let world = World::new().await;
    let hours = "for: Operational hours";
    for (id, links, why) in [
        ("prac-1", vec![hours], None),
        ("prac-nowhere", vec!["for: Time zone", hours], Some("the EHR gives no time zone")),
        ("prac-down", vec![], Some("the EHR does not answer right now")),
    ] {
        let ours = person(&world, json!({"sub": format!("Practitioner/{id}")})).await;
        let page = ours.get("/settings/connect").await.text;
        assert_eq!(page.matches("To the EHR's settings").count(), links.len(), "{id}: {page}");
        assert!(links.iter().all(|link| page.contains(link)), "{id}: {page}");
        assert_eq!(tag(&page, "id=\"two-way\"").contains(" disabled"), why.is_some(), "{id}");
        assert!(why.is_none_or(|why| page.contains(why)), "{id}: {page}");
    }
}

/// As one that is in step: its clinician has said yes, and a run has looked at both sides.
fn in_step(connection: &mut Connection) {
    let t = connection.evidence.created_at;
    let evidence = &mut connection.evidence;
    (evidence.started_at, evidence.first_synced_at, evidence.last_synced_at) = (Some(t), Some(t), Some(t));
}

/// Who refuses the consent that a choice needs is not caught: the choice can be changed.
#[tokio::test]
async fn what_lacks_a_permission_can_still_be_changed_and_what_is_signed_out_cannot() {
    let world = World::new().await;
    let ours = person(&world, json!({})).await;
    let made = world.connected(json!({})).await;
    let little = Access { writes: Writes::OwnCalendars, reads: Reads::Names };
    let at = world
        .arrange(&made, |connection| {
            in_step(connection);
            (connection.evidence.granted, connection.evidence.needed) = (Some(little), Some(Access::ALL));
        })
        .await;
    let page = ours.get(&at).await.text;
    assert!(page.contains("has to allow one more thing. Last looked at Oct 12, 9:05 am"), "{page}");
    assert!(
        page.contains("One permission is missing") && page.contains(&format!("{at}/choices\"")),
        "{page}"
    );
    assert_eq!(ours.get(&format!("{at}/choices")).await.status, 200);
    let needs_more = format!(
        "direction=two_way&range=month&main=ours&new_name=Work&detail=busy&{}",
        ours.form_token().await
    );
    let preview = ours.post(&format!("{at}/preview"), &needs_more, &[]).await.text;
    for words in ["asked to sign in once more", "The sync waits until you have signed in and allowed it."] {
        assert!(preview.contains(words), "{words} in {preview}");
    }
    let now = world.clock.now();
    let at = world.arrange(&made, |connection| connection.evidence.refused_at = Some(now)).await;
    let page = ours.get(&at).await.text;
    assert!(
        page.contains("wants you to sign in again") && !page.contains(&format!("{at}/choices\"")),
        "{page}"
    );
    let leave = ours.get(&format!("{at}/leave")).await.text;
    assert!(
        leave.contains("cannot open this account now, so the 0 events that it wrote would stay"),
        "{leave}"
    );
    assert!(
        leave.contains("sign in again first") && !leave.contains("Nothing of your own is touched"),
        "{leave}"
    );
}

#[tokio::test]
async fn what_was_put_back_is_told_for_a_week_and_the_last_check_as_it_went() {
    let world = World::new().await;
    let made = world.connected(json!({})).await;
    let now = world.clock.now();
    let at = world
        .arrange(&made, |connection| {
            in_step(connection);
            connection.evidence.put_back = Some(PutBack { times: 2, last_at: now });
            connection.evidence.verified = Some(Verified { at: now, went: Went::Badly });
        })
        .await;
    let told = "Put back after being moved or deleted in your calendar: 2, last Oct 12, 9:05 am";
    let ours = person(&world, json!({})).await;
    let page = ours.get(&at).await.text;
    assert!(page.contains(told) && page.contains("Appointments are changed in the EHR."), "{page}");
    let verified = "Last verified Oct 12, 9:05 am (America/New_York): something did not work.";
    assert!(page.contains(verified), "{page}");
    assert!(page.contains("Pause: your calendar and the closed times stay as they are"), "{page}");
    let verify = ours.get(&format!("{at}/verify")).await.text;
    assert!(verify.contains(verified), "{verify}");
    assert!(
        verify.contains("at 3 am (America/New_York) on the last free night of your time range"),
        "{verify}"
    );
    world.clock.move_on(SignedDuration::from_hours(7 * 24));
    let later = ours_later(&world).await;
    assert!(!later.get(&at).await.text.contains("Put back after"));
}

/// The clock stands still and is moved on where everybody waits: nobody really does.
#[tokio::test(start_paused = true)]
async fn whoever_verifies_waits_a_moment_for_a_sync_that_is_at_work() {
    let world = World::new().await;
    let made = world.connected(json!({})).await;
    let at = world.arrange(&made, in_step).await;
    let ours = person(&world, json!({})).await;
    let token = ours.form_token().await;
    let is_put_off = async || {
        let page = ours.post(&format!("{at}/verify"), &token, &[]).await;
        assert_eq!(page.status, 200, "{}", page.text);
        page.text.contains("Not just now")
    };
    let held = world.hold(&at).await;
    assert!(is_put_off().await, "it goes on for longer than anybody wants to wait");
    let ends = async {
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        let left = held.connection.clone();
        world.let_go(held, left).await;
    };
    let (put_off, ()) = tokio::join!(is_put_off(), ends);
    assert!(!put_off, "it has ended meanwhile");
}

/// Somebody who comes in when the session of before is over.
async fn ours_later(world: &World) -> Person<'_> {
    let now = world.clock.now().as_second();
    person(world, json!({"iat": now, "nbf": now, "exp": now + 60, "jti": format!("lt_at_{now}")})).await
}

#[tokio::test]
async fn a_review_that_is_due_is_asked_for_on_both_pages() {
    let world = World::new().await;
    let made = world.connected(json!({})).await;
    let at = world.arrange(&made, in_step).await;
    let ours = person(&world, json!({})).await;
    for page in ["/settings", &at] {
        assert!(!ours.get(page).await.text.contains("Please look this through"), "{page}");
    }
    world.clock.move_on(SignedDuration::from_hours(90 * 24));
    let later = ours_later(&world).await;
    for page in ["/settings", &at] {
        let text = later.get(page).await.text;
        assert!(text.contains("Please look this through: not reviewed yet."), "{page}: {text}");
        assert!(text.contains(&format!("{at}/review\">Look it through")), "{page}: {text}");
    }
    let reviewed = world.clock.now() - SignedDuration::from_hours(24);
    world.arrange(&made, |connection| connection.evidence.reviewed_at = Some(reviewed)).await;
    assert!(!later.get(&at).await.text.contains("Please look this through"));
}

/// Whoever has begun a sign-in and thought better of it does not see it for ever.
#[tokio::test]
async fn a_sign_in_that_was_never_finished_can_be_given_up() {
    let world = World::new().await;
    let ours = person(&world, json!({})).await;
    let token = ours.form_token().await;
    ours.post("/settings/connect", &format!("provider=google&{token}"), &[]).await;
    let begun = world.ask("GET", world::CONNECTIONS, None).await.body["items"][0].clone();
    let at = format!("/settings/connections/{}", begun["id"].as_str().unwrap());
    let page = ours.get(&at).await.text;
    assert!(page.contains(&format!("href=\"{at}/leave\">Give up this sign-in")), "{page}");
    let page = ours.get(&format!("{at}/leave")).await.text;
    assert!(page.contains("nothing was read or written"), "{page}");
    assert!(!page.contains("Times that were closed") && !page.contains("name=\"mirrors\""), "{page}");
    assert_eq!(ours.post(&format!("{at}/leave"), &token, &[]).await.status, 303);
    let now = world.clock.now();
    let end = |connection: &mut Connection| {
        assert!(connection.evidence.disconnect.is_some());
        connection.evidence.disconnected_at = Some(now);
    };
    world.arrange(&at, end).await;
    assert_eq!(ours.get("/settings").await.headers["location"], "/settings/connect", "none is left");
}

/// Nobody knows the address of a connection that has ended by heart.
#[tokio::test]
async fn what_was_left_behind_stays_on_the_first_page() {
    let world = World::new().await;
    let made = world.connected(json!({})).await;
    let now = world.clock.now();
    let end = |connection: &mut Connection| {
        in_step(connection);
        let mirrors = daybook_core::connection::Mirrors::Remove;
        connection.evidence.disconnect = Some(Disconnect { asked_at: now, mirrors });
        connection.evidence.disconnected_at = Some(now);
    };
    let at = world.arrange(&made, end).await;
    let ours = person(&world, json!({})).await;
    assert_eq!(ours.get("/settings").await.headers["location"], "/settings/connect", "nothing is left");
    let left = |connection: &mut Connection| {
        let detail =
            "8 events of ours could not be removed from the calendar; please delete them there".into();
        let problem = Problem { kind: ProblemKind::LeftBehind, detail, count: Some(8), since: now };
        connection.problems.insert("left behind".into(), problem);
    };
    world.arrange(&made, left).await;
    let page = ours.get("/settings").await.text;
    assert!(
        page.contains("Left behind:</strong> 8 events") && page.contains(&format!("href=\"{at}\"")),
        "{page}"
    );
}

/// What other systems answered is for the log; a clinician reads what it is about, and what to do.
#[tokio::test]
async fn problems_are_told_in_plain_words_by_the_calendars_name() {
    let world = World::new().await;
    let ours = person(&world, json!({})).await;
    let made = world.connected(json!({"direction": "two_way"})).await;
    let now = world.clock.now();
    let told = |kind, count, detail: &str| Problem { kind, detail: detail.to_owned(), count, since: now };
    let raw = "the server at 10.0.0.7 answered 507 for /ada/home/";
    for (key, problem, expected) in [
        (
            "free days of calendar /ada/home/",
            told(ProblemKind::FreeAllDay, Some(3), raw),
            "3 entries in “Home”. Since Oct 12",
        ),
        (
            "reading of calendar /ada/home/",
            told(ProblemKind::CalendarUnreachable, None, raw),
            "It is “Home”. Since Oct 12",
        ),
        (
            "reading of calendar /ada/unknown/",
            told(ProblemKind::CalendarUnreachable, None, raw),
            "<p class=\"soft\">Since Oct 12",
        ),
        ("items of calendar /ada/home/", told(ProblemKind::ItemsUnreadable, None, raw), "Some in “Home”."),
        ("writes to the calendar", told(ProblemKind::ItemsRejected, Some(1), raw), "1 entry. Since Oct 12"),
        ("schedules", told(ProblemKind::EhrRefused, None, raw), "The EHR gives no schedule of yours"),
        ("ehr", told(ProblemKind::EhrRefused, None, raw), "The EHR refuses Daybook"),
        (
            "grant",
            told(ProblemKind::LeftBehind, None, raw),
            "Remove Daybook's access in your account's settings",
        ),
        (
            "left calendar",
            told(ProblemKind::LeftBehind, None, raw),
            "Delete it by hand in your calendar program",
        ),
        (
            "left behind",
            told(ProblemKind::LeftBehind, Some(8), raw),
            "8 events in your calendar. Since Oct 12",
        ),
        (
            "brake on the EHR",
            told(ProblemKind::BrakeEngaged, Some(6), raw),
            "6 appointments suddenly missing in the EHR would leave your calendar.",
        ),
        (
            "brake on the EHR",
            told(ProblemKind::BrakeEngaged, Some(6), raw),
            ">Yes, remove 6 appointments from my calendar</button>",
        ),
        (
            "brake on the EHR",
            told(ProblemKind::BrakeEngaged, None, raw),
            ">Yes, remove these appointments from my calendar</button>",
        ),
        (
            "brake of calendar /ada/home/",
            told(ProblemKind::BrakeEngaged, Some(6), raw),
            "6 entries suddenly missing in “Home”: the times closed because of them would open again in the EHR.",
        ),
        (
            "brake of calendar /ada/home/",
            told(ProblemKind::BrakeEngaged, Some(6), raw),
            ">Yes, open these times in the EHR</button>",
        ),
    ] {
        let home = CalendarRef { id: "/ada/home/".into(), name: "Home".into() };
        let at = world
            .arrange(&made, |connection| {
                in_step(connection);
                connection.settings.blocking_calendars = BlockingCalendars::Chosen(vec![home]);
                connection.problems = [(key.to_owned(), problem)].into();
            })
            .await;
        let page = ours.get(&at).await.text.replace("&#x27;", "'").replace("&#39;", "'");
        assert!(page.contains(expected), "{key}: {page}");
        assert!(!page.contains("507") && !page.contains("/ada/"), "{key}: {page}");
    }
}
