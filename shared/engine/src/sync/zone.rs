//! The practice's zone, by its IANA name.

use jiff::tz::TimeZone;

/// `None` where no name is given or nobody knows it.
pub fn parse(name: Option<&str>) -> Option<TimeZone> {
    name.and_then(|name| TimeZone::get(name).ok())
}
