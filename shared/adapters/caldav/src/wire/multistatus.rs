//! Reads `207 Multi-Status` and error bodies, by namespace and never by prefix: iCloud writes a default namespace
//! on each element and wraps calendar data in CDATA. What a property means is the callers' business.

use roxmltree::{Document, Node, ParsingOptions};
use url::Url;

use super::xml;
use crate::href;

/// More elements than any honest answer within the size limit has.
const MAX_NODES: u32 = 2_000_000;

#[derive(Debug, Default)]
pub struct Multistatus {
    pub responses: Vec<Response>,
    /// So many lines are left out, as they are about another server or about nothing that has a path.
    pub left_out: usize,
    pub sync_token: Option<String>,
}

/// One line of it. The properties are those of the propstats that succeeded (E-036).
#[derive(Debug)]
pub struct Response {
    /// Canonical path on the server that answered.
    pub path: String,
    /// Where the line has a status of its own.
    pub status: Option<u16>,
    pub props: Props,
}

/// Every property that we ever ask for. `None`: not there, or empty.
#[derive(Debug, Default)]
pub struct Props {
    pub etag: Option<String>,
    pub ctag: Option<String>,
    pub sync_token: Option<String>,
    pub display_name: Option<String>,
    pub calendar_data: Option<String>,
    pub time_zone: Option<String>,
    pub time_zone_id: Option<String>,
    /// Local names: `collection`, `calendar`, `shared`.
    pub types: Vec<String>,
    /// `VEVENT`, `VTODO`. `None`: every component is welcome.
    pub components: Option<Vec<String>>,
    /// Local names: `read`, `write`.
    pub privileges: Option<Vec<String>>,
    /// Local names: `sync-collection`.
    pub reports: Option<Vec<String>>,
    pub owner: Option<String>,
    pub principal: Option<String>,
    pub home: Option<String>,
    pub addresses: Vec<String>,
}

#[derive(Debug, thiserror::Error)]
pub enum NotMultistatus {
    #[error("the answer is no XML")]
    Xml(#[from] roxmltree::Error),
    #[error("the answer is no multistatus")]
    Root,
}

/// Lines about other servers are left out.
pub fn parse(base: &Url, body: &[u8]) -> Result<Multistatus, NotMultistatus> {
    let text = String::from_utf8_lossy(body);
    let document = document(&text)?;
    let root = document.root_element();
    if root.tag_name().name() != "multistatus" {
        return Err(NotMultistatus::Root);
    }
    let lines = children(root, &xml::RESPONSE).count();
    let responses: Vec<Response> =
        children(root, &xml::RESPONSE).filter_map(|line| response(base, line)).collect();
    Ok(Multistatus {
        left_out: lines.saturating_sub(responses.len()),
        responses,
        sync_token: child(root, &xml::SYNC_TOKEN).and_then(text_of),
    })
}

/// The local names inside an `<error>` body (RFC 4918 section 16): `valid-sync-token`, `need-privileges`.
pub fn preconditions(body: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(body);
    let Ok(document) = document(&text) else { return Vec::new() };
    let root = document.root_element();
    if root.tag_name().name() != "error" {
        return Vec::new();
    }
    elements(root).map(|node| node.tag_name().name().to_owned()).collect()
}

fn document(text: &str) -> Result<Document<'_>, roxmltree::Error> {
    let text = text.trim_start_matches('\u{feff}').trim_start();
    let options = ParsingOptions { allow_dtd: false, nodes_limit: MAX_NODES, ..ParsingOptions::default() };
    Document::parse_with_options(text, options)
}

fn response(base: &Url, line: Node<'_, '_>) -> Option<Response> {
    let path = href::path_on(base, &child(line, &xml::HREF).and_then(text_of)?)?;
    let status = child(line, &xml::STATUS).and_then(status_of);
    let mut props = Props::default();
    for propstat in children(line, &xml::PROPSTAT) {
        let succeeded = child(propstat, &xml::STATUS).and_then(status_of).is_none_or(|s| s / 100 == 2);
        if let Some(prop) = child(propstat, &xml::PROP).filter(|_| succeeded) {
            elements(prop).for_each(|node| props.take(node));
        }
    }
    Some(Response { path, status, props })
}

impl Props {
    fn take(&mut self, node: Node<'_, '_>) {
        let name = node.tag_name();
        match () {
            () if name == xml::GETETAG => self.etag = text_of(node).map(|etag| revision_of(&etag)),
            () if name == xml::GETCTAG => self.ctag = text_of(node),
            () if name == xml::SYNC_TOKEN => self.sync_token = text_of(node),
            () if name == xml::DISPLAY_NAME => self.display_name = text_of(node),
            () if name == xml::CALENDAR_DATA => self.calendar_data = text_of(node),
            () if name == xml::CALENDAR_TIMEZONE => self.time_zone = text_of(node),
            () if name == xml::CALENDAR_TIMEZONE_ID => self.time_zone_id = text_of(node),
            () if name == xml::RESOURCETYPE => self.types = names_in(node),
            () if name == xml::SUPPORTED_CALENDAR_COMPONENT_SET => self.components = components(node),
            () if name == xml::PRIVILEGES => self.privileges = Some(inner_names(node, "privilege")),
            () if name == xml::SUPPORTED_REPORT_SET => self.reports = Some(inner_names(node, "report")),
            () if name == xml::OWNER => self.owner = hrefs(node).into_iter().next(),
            () if name == xml::CURRENT_USER_PRINCIPAL => self.principal = hrefs(node).into_iter().next(),
            () if name == xml::CALENDAR_HOME_SET => self.home = hrefs(node).into_iter().next(),
            () if name == xml::CALENDAR_USER_ADDRESS_SET => self.addresses = hrefs(node),
            () => {}
        }
    }
}

/// An entity tag as we keep it: strong and quoted, so that a header and a property that mean the same state are
/// equal. Servers (and compressing proxies) differ in both.
pub fn revision_of(etag: &str) -> String {
    let etag = etag.trim();
    let strong = etag.strip_prefix("W/").or_else(|| etag.strip_prefix("w/")).unwrap_or(etag);
    if strong.starts_with('"') { strong.to_owned() } else { format!("\"{strong}\"") }
}

fn components(node: Node<'_, '_>) -> Option<Vec<String>> {
    let names: Vec<String> = children(node, &xml::COMP)
        .filter_map(|comp| comp.attribute("name").map(str::to_ascii_uppercase))
        .collect();
    (!names.is_empty()).then_some(names)
}

fn hrefs(node: Node<'_, '_>) -> Vec<String> {
    children(node, &xml::HREF).filter_map(text_of).collect()
}

fn names_in(node: Node<'_, '_>) -> Vec<String> {
    elements(node).map(|inner| inner.tag_name().name().to_owned()).collect()
}

/// The names one level below each wrapper called `wrapper`, at any depth.
fn inner_names(node: Node<'_, '_>, wrapper: &str) -> Vec<String> {
    node.descendants().filter(|inner| inner.tag_name().name() == wrapper).flat_map(names_in).collect()
}

fn status_of(node: Node<'_, '_>) -> Option<u16> {
    libdav::xmlutils::parse_statusline(node.text()?.trim()).ok().map(|status| status.as_u16())
}

fn elements<'a, 'i>(node: Node<'a, 'i>) -> impl Iterator<Item = Node<'a, 'i>> {
    node.children().filter(Node::is_element)
}

fn children<'a, 'i, 'n>(
    node: Node<'a, 'i>,
    name: &'n xml::PropertyName<'n, 'n>,
) -> impl Iterator<Item = Node<'a, 'i>> + use<'a, 'i, 'n> {
    node.children().filter(move |inner| inner.is_element() && inner.tag_name() == *name)
}

fn child<'a, 'i>(node: Node<'a, 'i>, name: &xml::PropertyName<'_, '_>) -> Option<Node<'a, 'i>> {
    node.children().find(|inner| inner.is_element() && inner.tag_name() == *name)
}

/// The text of an element, without what stands around it; `None` where there is none.
fn text_of(node: Node<'_, '_>) -> Option<String> {
    let text: String = node.children().filter_map(|inner| inner.text()).collect();
    let trimmed = text.trim();
    (!trimmed.is_empty()).then(|| trimmed.to_owned())
}
