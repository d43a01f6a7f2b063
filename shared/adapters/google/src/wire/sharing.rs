//! With whom a calendar is shared (<https://developers.google.com/workspace/calendar/api/v3/reference/acl/list>).

use bytes::Bytes;
use daybook_core::policy::{Onlooker, Sees, Who};
use daybook_engine::ports::RemoteError;
use http::Request;
use serde::Deserialize;

use super::{Api, Operation, Reply, failure, get, read};

/// The rules of a calendar that the account owns. `None` where we were not allowed to ask.
pub struct ListSharing<'a> {
    pub calendar: &'a str,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Rules {
    #[serde(default)]
    items: Vec<Rule>,
    next_page_token: Option<String>,
}

#[derive(Deserialize)]
struct Rule {
    scope: Option<Scope>,
    role: Option<String>,
}

#[derive(Deserialize)]
struct Scope {
    /// `default` (everybody), `domain`, `group`, `user`.
    #[serde(rename = "type")]
    kind: Option<String>,
    value: Option<String>,
}

impl Operation for ListSharing<'_> {
    type Answer = Option<Vec<Onlooker>>;

    fn what(&self) -> String {
        "who sees a Google calendar".into()
    }

    fn prepare(&self, api: &Api) -> Result<Request<Bytes>, http::Error> {
        let mut url = api.calendar(["calendars", self.calendar, "acl"]);
        url.query_pairs_mut()
            .append_pair("maxResults", "250")
            .append_pair("fields", "nextPageToken,items(role,scope)");
        get(&url)
    }

    fn parse(&self, reply: &Reply) -> Result<Self::Answer, RemoteError> {
        if matches!(reply.status.as_u16(), 403 | 404) {
            return match failure(self.what(), reply) {
                slower @ RemoteError::Later { .. } => Err(slower),
                _ => Ok(None),
            };
        }
        let rules: Rules = read(self.what(), reply)?;
        Ok(Some(self.onlookers(&rules)))
    }
}

impl ListSharing<'_> {
    /// One owner is the account itself, and a calendar may stand in its own list. More rules than a page holds are shared
    /// with somebody.
    fn onlookers(&self, rules: &Rules) -> Vec<Onlooker> {
        let others = rules.items.iter().filter(|rule| !self.is_itself(rule));
        let own = others.clone().position(|rule| rule.role.as_deref() == Some("owner"));
        let others = others.enumerate().filter(|(at, _)| Some(*at) != own).map(|(_, rule)| rule);
        let more = rules.next_page_token.as_ref().map(|_| Onlooker { who: Who::Some, sees: Sees::Details });
        others.filter_map(onlooker).chain(more).collect()
    }

    fn is_itself(&self, rule: &Rule) -> bool {
        rule.scope.as_ref().and_then(|scope| scope.value.as_deref()) == Some(self.calendar)
            && self.calendar.ends_with("@group.calendar.google.com")
    }
}

/// A role that we do not know may be one that sees everything.
fn onlooker(rule: &Rule) -> Option<Onlooker> {
    let who = match rule.scope.as_ref().and_then(|scope| scope.kind.as_deref()) {
        Some("default") => Who::Everybody,
        _ => Who::Some,
    };
    let sees = match rule.role.as_deref() {
        Some("none") => return None,
        Some("freeBusyReader") => Sees::Times,
        _ => Sees::Details,
    };
    Some(Onlooker { who, sees })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use super::*;

    #[test]
    fn who_sees_what_by_the_rules() {
        let some = |sees| Onlooker { who: Who::Some, sees };
        let everybody = |sees| Onlooker { who: Who::Everybody, sees };
        let own = r#"{"role":"owner","scope":{"type":"user","value":"ada@example.org"}}"#;
        for (rules, expected) in [
            (vec![own], vec![]),
            (
                vec![
                    own,
                    r#"{"role":"owner","scope":{"type":"user","value":"c_1@group.calendar.google.com"}}"#,
                ],
                vec![],
            ),
            (
                vec![r#"{"role":"owner","scope":{"type":"user","value":"eve@example.org"}}"#, own],
                vec![some(Sees::Details)],
            ),
            (vec![own, r#"{"role":"none","scope":{"type":"user","value":"eve@example.org"}}"#], vec![]),
            (
                vec![own, r#"{"role":"freeBusyReader","scope":{"type":"domain","value":"example.org"}}"#],
                vec![some(Sees::Times)],
            ),
            (vec![own, r#"{"role":"reader","scope":{"type":"default"}}"#], vec![everybody(Sees::Details)]),
            (
                vec![own, r#"{"role":"freeBusyReader","scope":{"type":"default"}}"#],
                vec![everybody(Sees::Times)],
            ),
            (
                vec![own, r#"{"role":"newRole","scope":{"type":"group","value":"g"}}"#],
                vec![some(Sees::Details)],
            ),
        ] {
            let text = format!(r#"{{"items":[{}]}}"#, rules.join(","));
            let read: Rules = serde_json::from_str(&text).unwrap();
            let asked = ListSharing { calendar: "c_1@group.calendar.google.com" };
            assert_eq!(asked.onlookers(&read), expected, "{text}");
        }
        let endless: Rules =
            serde_json::from_str(&format!(r#"{{"items":[{own}],"nextPageToken":"p"}}"#)).unwrap();
        assert_eq!(ListSharing { calendar: "c" }.onlookers(&endless), [some(Sees::Details)]);
    }
}
