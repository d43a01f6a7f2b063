//! Names of DAV and CalDAV elements, and how a body is written. Escaping and namespaces are libdav's.

pub use libdav::PropertyName;
pub use libdav::names::*;
pub use libdav::xmlutils::XmlNode;

type Property = PropertyName<'static, 'static>;

pub const GETCTAG: Property = PropertyName::new(CALENDAR_SERVER, "getctag");
pub const PRIVILEGES: Property = PropertyName::new(DAV, "current-user-privilege-set");
pub const OWNER: Property = PropertyName::new(DAV, "owner");
pub const CALENDAR_TIMEZONE: Property = PropertyName::new(CALDAV, "calendar-timezone");
pub const CALENDAR_TIMEZONE_ID: Property = PropertyName::new(CALDAV, "calendar-timezone-id");
pub const MKCALENDAR: Property = PropertyName::new(CALDAV, "mkcalendar");

/// A whole document.
pub fn document(root: &XmlNode<'_>) -> String {
    format!("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n{}", root.render_node())
}

/// `<prop>` with these empty elements.
pub fn prop<'a>(names: &[&'a PropertyName<'a, 'a>]) -> XmlNode<'a> {
    XmlNode::new(&PROP).with_children(names.iter().map(|name| XmlNode::new(name)).collect())
}
