//! A server of its own for every test, and ways to ask it and to read what it says.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use daybook_sandbox::caldav::{CalDav, Furnishing, Opening};
use roxmltree::{Document, Node};
use serde_json::Value;
use tower::ServiceExt;

pub const DAV: &str = "DAV:";
pub const CALDAV: &str = "urn:ietf:params:xml:ns:caldav";
pub const HOME: &str = "/sandbox/caldav/calendars/ada/home/";

pub struct House {
    pub server: CalDav,
}

pub struct Reply {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub text: String,
}

/// One line of a multistatus: its own status, and the text of each property that was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line {
    pub href: String,
    pub status: String,
    pub found: BTreeMap<String, String>,
    pub missing: Vec<String>,
}

/// Opened on Thursday, 26 November 2026; the lived calendars begin on Monday, the 23rd.
pub fn open(file: Option<PathBuf>, furnishing: Furnishing) -> CalDav {
    let clock = Arc::new(|| "2026-11-26T15:00:00Z".parse().unwrap());
    CalDav::open(Opening { file, clock, furnishing }).unwrap()
}

pub fn basic(name: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{name}:{password}")))
}

impl House {
    pub fn bare() -> Self {
        Self { server: open(None, Furnishing::Bare) }
    }

    pub fn lived() -> Self {
        Self { server: open(None, Furnishing::Lived) }
    }

    pub async fn call(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Reply {
        let mut request = Request::builder().method(method).uri(path).header("host", "dav.test");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::from(body.to_owned())).unwrap();
        let (head, body) = self.server.router().oneshot(request).await.unwrap().into_parts();
        let text = String::from_utf8(to_bytes(body, usize::MAX).await.unwrap().to_vec()).unwrap();
        Reply { status: head.status, headers: head.headers, text }
    }

    /// As ada.
    pub async fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Reply {
        let signed = basic("ada", "ada-sandbox");
        let headers = [&[("authorization", signed.as_str())], headers].concat();
        self.call(method, path, &headers, body).await
    }

    pub async fn propfind(&self, path: &str, depth: &str, props: &str) -> Vec<Line> {
        let body = format!(
            "<propfind xmlns=\"DAV:\" xmlns:c=\"{CALDAV}\" xmlns:s=\"http://calendarserver.org/ns/\"><prop>{props}</prop></propfind>"
        );
        let reply = self.ask("PROPFIND", path, &[("depth", depth)], &body).await;
        assert_eq!(reply.status, 207, "{path}: {}", reply.text);
        reply.lines()
    }

    pub async fn report(&self, body: &str) -> Reply {
        self.ask("REPORT", HOME, &[("depth", "1")], body).await
    }

    pub async fn put(&self, name: &str, text: &str) -> Reply {
        let kind = ("content-type", "text/calendar; charset=utf-8");
        self.ask("PUT", &format!("{HOME}{name}"), &[kind], text).await
    }

    pub async fn delete(&self, name: &str) -> Reply {
        self.ask("DELETE", &format!("{HOME}{name}"), &[], "").await
    }

    pub async fn control(&self, wish: Value) -> Value {
        let reply = self.call("POST", "/sandbox/caldav/control", &[], &wish.to_string()).await;
        assert_eq!(reply.status, 200, "{}", reply.text);
        serde_json::from_str(&reply.text).unwrap()
    }
}

impl Reply {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub fn lines(&self) -> Vec<Line> {
        let document = Document::parse(&self.text).unwrap();
        let responses = document.root_element().children().filter(|node| is(node, DAV, "response"));
        responses.map(line).collect()
    }

    /// The last part of each href, with `-` before what is gone and `+` for the cut.
    pub fn names(&self) -> Vec<String> {
        let name = |line: &Line| line.href.rsplit('/').next().unwrap().to_owned();
        let told = |line: &Line| match line.status.split(' ').nth(1) {
            Some("404") => format!("-{}", name(line)),
            Some("507") => "+".to_owned(),
            _ => name(line),
        };
        self.lines().iter().map(told).collect()
    }

    pub fn sync_token(&self) -> String {
        let document = Document::parse(&self.text).unwrap();
        let token = document.root_element().children().find(|node| is(node, DAV, "sync-token"));
        token.unwrap().text().unwrap().to_owned()
    }

    /// Status and broken precondition.
    pub fn refusal(&self) -> String {
        let status = self.status.as_u16();
        let Ok(document) = Document::parse(&self.text) else { return status.to_string() };
        let root = document.root_element();
        match root.first_element_child().filter(|_| is(&root, DAV, "error")) {
            Some(inner) => format!("{status} {}", inner.tag_name().name()),
            None => status.to_string(),
        }
    }
}

fn line(node: Node<'_, '_>) -> Line {
    let mut line = Line::default();
    for part in node.children() {
        match part.tag_name().name() {
            "href" => line.href = part.text().unwrap().into(),
            "status" => line.status = part.text().unwrap().into(),
            "propstat" => take(&mut line, part),
            _ => {}
        }
    }
    line
}

fn take(line: &mut Line, propstat: Node<'_, '_>) {
    let inside = |name| propstat.children().find(|node: &Node<'_, '_>| is(node, DAV, name)).unwrap();
    let succeeded = inside("status").text().unwrap().contains("200");
    for prop in inside("prop").children().filter(Node::is_element) {
        let name = prop.tag_name().name().to_owned();
        if succeeded {
            line.found.insert(name, value(prop));
        } else {
            line.missing.push(name);
        }
    }
}

/// All texts and names inside, which is enough to tell values apart.
fn value(prop: Node<'_, '_>) -> String {
    let told = |node: Node<'_, '_>| match node.text().filter(|_| node.is_text()) {
        Some(text) => Some(text.to_owned()),
        None if node.is_element() && !node.has_children() => Some(node.tag_name().name().to_owned()),
        None => None,
    };
    prop.descendants().skip(1).filter_map(told).collect::<Vec<_>>().join(" ")
}

fn is(node: &Node<'_, '_>, space: &str, name: &str) -> bool {
    node.is_element() && node.has_tag_name((space, name))
}

/// An event that every server takes.
pub fn event(uid: &str, from: &str, to: &str) -> String {
    format!(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nCALSCALE:GREGORIAN\r\nBEGIN:VEVENT\r\nUID:{uid}\r\n\
         DTSTAMP:20261101T000000Z\r\nDTSTART:{from}\r\nDTEND:{to}\r\nSEQUENCE:0\r\nSTATUS:CONFIRMED\r\n\
         SUMMARY:Tea & <cake>\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    )
}

pub fn noon(uid: &str) -> String {
    event(uid, "20261201T120000Z", "20261201T130000Z")
}
