//! What changed since a token (RFC 6578).

use daybook_sandbox::caldav::Furnishing;
use serde_json::json;

use crate::house::{HOME, House, Reply, noon, open};

async fn since(house: &House, token: &str) -> Reply {
    let body = format!(
        "<sync-collection xmlns=\"DAV:\"><sync-token>{token}</sync-token><sync-level>1</sync-level><prop><getetag/></prop></sync-collection>"
    );
    house.ask("REPORT", HOME, &[("depth", "0")], &body).await
}

async fn tag(house: &House) -> String {
    house.propfind(HOME, "0", "<s:getctag/>").await[0].found["getctag"].clone()
}

#[tokio::test]
async fn a_token_tells_each_change_once() {
    let house = House::bare();
    let empty = since(&house, "").await.sync_token();
    for name in ["a.ics", "b.ics", "c.ics"] {
        house.put(name, &noon(name)).await;
    }
    let first = since(&house, "").await;
    assert_eq!(first.names(), ["a.ics", "b.ics", "c.ics"]);
    assert!(first.lines()[0].found["getetag"].starts_with('"'));
    let token = house.propfind(HOME, "0", "<sync-token/>").await[0].found["sync-token"].clone();
    assert_eq!(token, first.sync_token());
    assert_eq!(since(&house, &token).await.names(), Vec::<String>::new());
    let before = tag(&house).await;
    house.put("b.ics", &noon("b.ics")).await;
    house.delete("a.ics").await;
    house.put("d.ics", &noon("d.ics")).await;
    house.delete("d.ics").await;
    assert_ne!(tag(&house).await, before);
    assert_eq!(since(&house, &token).await.names(), ["b.ics", "-a.ics", "-d.ics"]);
    assert_eq!(since(&house, &empty).await.names(), ["c.ics", "b.ics", "-a.ics", "-d.ics"]);
    assert_eq!(since(&house, "").await.names(), ["c.ics", "b.ics"]);
}

#[tokio::test]
async fn a_long_answer_is_cut_and_goes_on() {
    let house = House::bare();
    for name in ["a.ics", "b.ics", "c.ics", "d.ics"] {
        house.put(name, &noon(name)).await;
    }
    house.delete("b.ics").await;
    house.control(json!({"page_size": 2})).await;
    let (mut token, mut told) = (String::new(), Vec::new());
    for _ in 0..9 {
        let reply = since(&house, &token).await;
        token = reply.sync_token();
        told.push(reply.names().join(" "));
        if !told.last().unwrap().ends_with('+') {
            break;
        }
    }
    assert_eq!(told, ["a.ics c.ics +", "d.ics -b.ics"]);
}

#[tokio::test]
async fn a_client_may_cut_an_answer_itself() {
    let house = House::bare();
    house.put("a.ics", &noon("a")).await;
    house.put("b.ics", &noon("b")).await;
    let body = "<sync-collection xmlns=\"DAV:\"><sync-token/><sync-level>1</sync-level>\
                <limit><nresults>1</nresults></limit><prop><getetag/></prop></sync-collection>";
    assert_eq!(house.report(body).await.names(), ["a.ics", "+"]);
}

#[tokio::test]
async fn tokens_that_are_not_honoured() {
    let house = House::bare();
    house.put("a.ics", &noon("a")).await;
    let old = since(&house, "").await.sync_token();
    house.control(json!({"expire_tokens": true})).await;
    for token in [old.as_str(), "nonsense", "urn:sandbox:sync:1:x"] {
        assert_eq!(since(&house, token).await.refusal(), "403 valid-sync-token", "{token}");
    }
    let anew = since(&house, "").await;
    assert_eq!(anew.names(), ["a.ics"]);
    assert_eq!(since(&house, &anew.sync_token()).await.names(), Vec::<String>::new());
    // A calendar that is made anew is another calendar.
    house.ask("DELETE", HOME, &[], "").await;
    house.ask("MKCALENDAR", HOME, &[], "").await;
    assert_eq!(since(&house, &anew.sync_token()).await.refusal(), "403 valid-sync-token");
}

#[tokio::test]
async fn a_file_keeps_everything() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("caldav.sqlite");
    let house = House { server: open(Some(file.clone()), Furnishing::Bare) };
    house.put("a.ics", &noon("a")).await;
    let token = since(&house, "").await.sync_token();
    house.delete("a.ics").await;
    drop(house);
    let house = House { server: open(Some(file), Furnishing::Lived) };
    assert_eq!(since(&house, &token).await.names(), ["-a.ics"]);
    assert_eq!(house.propfind("/sandbox/caldav/calendars/ada/", "1", "").await.len(), 2, "furnished once");
}

#[tokio::test]
async fn the_same_requests_get_the_same_answers() {
    let mut answers = Vec::new();
    for _ in 0..2 {
        let house = House::lived();
        house.put("a.ics", &noon("a")).await;
        house.delete("swim.ics").await;
        let listing = house.ask("PROPFIND", HOME, &[("depth", "1")], "").await;
        answers.push((listing.text, since(&house, "").await.text));
    }
    assert_eq!(answers[0], answers[1]);
}
