//! XML as calendar servers write and read it, in two ways of writing: with prefixes, and with a default namespace on
//! every element and CDATA, as Apple does. What elements mean is not decided here.

use std::borrow::Cow;
use std::fmt::Write;

use roxmltree::{Document, Node, ParsingOptions};

use super::control::Manners;

pub(super) const DAV: &str = "DAV:";
pub(super) const CALDAV: &str = "urn:ietf:params:xml:ns:caldav";
pub(super) const CALENDAR_SERVER: &str = "http://calendarserver.org/ns/";
pub(super) const APPLE: &str = "http://apple.com/ns/ical/";

const PREFIXES: [(&str, &str); 4] = [(DAV, "d"), (CALDAV, "cal"), (CALENDAR_SERVER, "cs"), (APPLE, "ic")];

/// A qualified name.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Name {
    pub(super) space: Cow<'static, str>,
    pub(super) local: Cow<'static, str>,
}

impl Name {
    pub(super) const fn new(space: &'static str, local: &'static str) -> Self {
        Self { space: Cow::Borrowed(space), local: Cow::Borrowed(local) }
    }

    pub(super) fn of(node: Node<'_, '_>) -> Self {
        let name = node.tag_name();
        let owned = |text: &str| Cow::Owned(text.to_owned());
        Self { space: owned(name.namespace().unwrap_or_default()), local: owned(name.name()) }
    }
}

/// An element to be written.
#[derive(Clone, Debug)]
pub(super) struct Element {
    name: Name,
    attributes: Vec<(&'static str, String)>,
    inside: Inside,
}

#[derive(Clone, Debug)]
enum Inside {
    Nothing,
    Text(String),
    /// A text that Apple wraps in CDATA.
    Data(String),
    Elements(Vec<Element>),
}

pub(super) fn dav(local: &'static str) -> Element {
    Element::new(Name::new(DAV, local))
}

pub(super) fn caldav(local: &'static str) -> Element {
    Element::new(Name::new(CALDAV, local))
}

impl Element {
    pub(super) fn new(name: Name) -> Self {
        Self { name, attributes: Vec::new(), inside: Inside::Nothing }
    }

    pub(super) fn text(mut self, text: impl Into<String>) -> Self {
        self.inside = Inside::Text(text.into());
        self
    }

    pub(super) fn data(mut self, text: impl Into<String>) -> Self {
        self.inside = Inside::Data(text.into());
        self
    }

    pub(super) fn attribute(mut self, name: &'static str, value: &str) -> Self {
        self.attributes.push((name, value.to_owned()));
        self
    }

    pub(super) fn with(mut self, elements: impl IntoIterator<Item = Element>) -> Self {
        self.inside = Inside::Elements(elements.into_iter().collect());
        self
    }

    /// A whole document.
    pub(super) fn document(&self, manners: Manners) -> String {
        let mut out = String::from("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n");
        let mut prefixes = String::new();
        if manners == Manners::Plain {
            for (space, prefix) in PREFIXES {
                let _ = write!(prefixes, " xmlns:{prefix}=\"{space}\"");
            }
        }
        self.write(&mut out, manners, &prefixes);
        out
    }

    fn write(&self, out: &mut String, manners: Manners, declared: &str) {
        let (tag, own) = self.tag(manners);
        let _ = write!(out, "<{tag}{declared}{own}");
        for (name, value) in &self.attributes {
            let _ = write!(out, " {name}=\"{}\"", escaped(value));
        }
        match &self.inside {
            Inside::Nothing => return out.push_str("/>"),
            Inside::Data(text) if manners == Manners::Apple => {
                let _ = write!(out, "><![CDATA[{}]]>", text.replace("]]>", "]]]]><![CDATA[>"));
            }
            Inside::Text(text) | Inside::Data(text) => {
                let _ = write!(out, ">{}", escaped(text));
            }
            Inside::Elements(elements) => {
                out.push('>');
                for element in elements {
                    element.write(out, manners, "");
                }
            }
        }
        let _ = write!(out, "</{tag}>");
    }

    /// The tag, and the namespace where it must be declared with it.
    fn tag(&self, manners: Manners) -> (String, String) {
        let prefix = PREFIXES.iter().find(|(space, _)| *space == self.name.space);
        match (manners, prefix) {
            (Manners::Plain, Some((_, prefix))) => (format!("{prefix}:{}", self.name.local), String::new()),
            _ => (self.name.local.to_string(), format!(" xmlns=\"{}\"", escaped(&self.name.space))),
        }
    }
}

/// A carriage return would be lost in parsing (XML 1.0 section 2.11), and what no document may hold is left out.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\r' => out.push_str("&#13;"),
            '\n' | '\t' => out.push(c),
            c if c.is_control() => {}
            c => out.push(c),
        }
    }
    out
}

/// A body, without DTDs.
pub(super) fn parse(body: &str) -> Option<Document<'_>> {
    let options = ParsingOptions { allow_dtd: false, ..ParsingOptions::default() };
    Document::parse_with_options(body.trim(), options).ok()
}

pub(super) fn is(node: &Node<'_, '_>, space: &str, local: &str) -> bool {
    node.is_element() && node.tag_name().name() == local && node.tag_name().namespace() == Some(space)
}

pub(super) fn child<'a, 'i>(node: Node<'a, 'i>, space: &str, local: &str) -> Option<Node<'a, 'i>> {
    node.children().find(|inner| is(inner, space, local))
}

pub(super) fn text_of(node: Node<'_, '_>) -> String {
    node.children().filter_map(|inner| inner.text()).collect::<String>().trim().to_owned()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use super::*;

    #[test]
    fn both_ways_of_writing_mean_the_same() {
        let data = "a & <b>\r\n]]> \u{1}\"";
        let element = dav("prop").with([
            caldav("calendar-data").data(data),
            caldav("comp").attribute("name", "V\"E"),
            Element::new(Name::new("urn:other", "odd")),
        ]);
        for manners in [Manners::Plain, Manners::Apple] {
            let text = element.document(manners).replace('\u{1}', "");
            let document = parse(&text).unwrap();
            let root = document.root_element();
            assert!(is(&root, DAV, "prop"), "{text}");
            let read = text_of(child(root, CALDAV, "calendar-data").unwrap());
            assert_eq!(read.replace('\r', ""), "a & <b>\n]]> \"");
            assert_eq!(child(root, CALDAV, "comp").unwrap().attribute("name"), Some("V\"E"));
            assert!(child(root, "urn:other", "odd").is_some());
        }
        assert!(element.document(Manners::Plain).contains("&#13;\n"));
    }
}
