//! From a host name to calendars, and who may see them.

use serde_json::json;

use crate::house::{House, basic};

#[tokio::test]
async fn a_client_finds_its_way_from_the_well_known_address() {
    let house = House::lived();
    for path in ["/.well-known/caldav", "/sandbox/caldav/.well-known/caldav"] {
        let moved = house.ask("PROPFIND", path, &[("depth", "0")], "").await;
        assert_eq!((moved.status.as_u16(), moved.header("location")), (308, "/sandbox/caldav/"));
    }
    let root = house.propfind("/sandbox/caldav/", "0", "<current-user-principal/>").await;
    let principal = root[0].found["current-user-principal"].clone();
    assert_eq!(principal, "/sandbox/caldav/principals/ada/");
    let asked = "<c:calendar-home-set/><c:calendar-user-address-set/><displayname/>";
    let found = house.propfind(&principal, "0", asked).await[0].found.clone();
    assert_eq!(found["calendar-home-set"], "/sandbox/caldav/calendars/ada/");
    assert_eq!(found["calendar-user-address-set"], format!("mailto:ada@clinic.example {principal}"));
    assert_eq!(found["displayname"], "Ada Marsh");
}

#[tokio::test]
async fn calendars_say_what_they_are() {
    let house = House::lived();
    let asked = "<resourcetype/><displayname/><current-user-privilege-set/><owner/>\
                 <c:supported-calendar-component-set/><sync-token/><s:getctag/><c:calendar-timezone/>";
    let lines = house.propfind("/sandbox/caldav/calendars/ada/", "1", asked).await;
    let told: Vec<String> = lines
        .iter()
        .map(|line| {
            let found = &line.found;
            let said = |name: &str| found.get(name).map_or("", String::as_str).to_owned();
            let writable = said("current-user-privilege-set").contains("write");
            let owner = said("owner").trim_end_matches('/').rsplit('/').next().unwrap().to_owned();
            format!(
                "{}: {}, {owner}, {}",
                said("displayname"),
                said("resourcetype"),
                if writable { "rw" } else { "r" }
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            ": collection, ada, r",
            "Home: collection calendar, ada, rw",
            "Family: collection calendar, ada, rw",
            "Choir (shared with you): collection calendar shared, carla, r",
            "US Holidays: collection calendar subscribed, ada, r",
            "Reminders: collection calendar, ada, rw",
            "Inbox: collection schedule-inbox, ada, rw",
        ]
    );
    // E-036: what is not there is told apart, and empty.
    assert!(lines.iter().all(|line| line.missing.contains(&"calendar-timezone".to_owned())));
    assert!(lines[1].found.contains_key("sync-token") && lines[1].found.contains_key("getctag"));
}

#[tokio::test]
async fn only_the_right_password_opens_one_s_own_calendars() {
    let house = House::lived();
    house.control(json!({"refuse_password": ["carla"]})).await;
    let ada = "/sandbox/caldav/calendars/ada/";
    for (name, password, path, status) in [
        ("ada", "ada-sandbox", ada, 207),
        ("Ada@Clinic.example", "ada-sandbox", ada, 207),
        ("ada", "wrong", ada, 401),
        ("nobody", "ada-sandbox", ada, 401),
        ("ada", "ada-sandbox", "/sandbox/caldav/calendars/carla/", 403),
        ("ada", "ada-sandbox", "/sandbox/caldav/calendars/ada/none/", 404),
        ("ada", "ada-sandbox", "/sandbox/caldav/elsewhere/", 404),
        ("carla", "carla-sandbox", "/sandbox/caldav/", 401),
    ] {
        let signed = basic(name, password);
        let headers = [("authorization", signed.as_str()), ("depth", "0")];
        let reply = house.call("PROPFIND", path, &headers, "").await;
        assert_eq!(reply.status, status, "{name} {path}");
        assert_eq!(reply.header("www-authenticate").starts_with("Basic"), status == 401);
    }
    let open = house.call("PROPFIND", ada, &[("depth", "0")], "").await;
    assert_eq!(open.status, 401);
}

#[tokio::test]
async fn both_ways_of_writing_tell_the_same() {
    let house = House::lived();
    let path = "/sandbox/caldav/calendars/ada/home/";
    let asked = "<getetag/><c:calendar-data/><odd xmlns=\"urn:odd\"/>";
    let plain = house.propfind(path, "1", asked).await;
    house.control(json!({"manners": "apple"})).await;
    let apple = house.propfind(path, "1", asked).await;
    let without_returns = |mut lines: Vec<crate::house::Line>| {
        let texts = lines.iter_mut().flat_map(|line| line.found.values_mut());
        texts.for_each(|text| *text = text.replace("\r\n", "\n"));
        lines
    };
    assert_eq!(plain.len(), 7);
    assert_eq!(without_returns(plain), without_returns(apple));
}

#[tokio::test]
async fn what_is_asked_badly_is_refused() {
    let house = House::bare();
    let path = "/sandbox/caldav/calendars/ada/home/";
    for (method, depth, body, refusal) in [
        ("PROPFIND", "infinity", "", "403 propfind-finite-depth"),
        ("PROPFIND", "0", "<propfind", "400"),
        ("PROPFIND", "0", "<!DOCTYPE x [<!ENTITY a \"b\">]><propfind xmlns=\"DAV:\"/>", "400"),
        ("PROPFIND", "0", "<other xmlns=\"DAV:\"/>", "400"),
        ("REPORT", "0", "<expand-property xmlns=\"DAV:\"/>", "403 supported-report"),
        ("COPY", "0", "", "405"),
        ("GET", "0", "", "405"),
    ] {
        let reply = house.ask(method, path, &[("depth", depth)], body).await;
        assert_eq!(reply.refusal(), refusal, "{method} {body}");
    }
    let options = house.ask("OPTIONS", path, &[], "").await;
    assert!(options.header("dav").contains("calendar-access") && options.header("allow").contains("REPORT"));
}
