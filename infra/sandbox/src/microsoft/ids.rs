//! The two forms of an event's id (providers B.3.8). The default form holds the calendar, so that it changes
//! when the event moves; the immutable form does not. Nothing is kept: both are computed from the item's key.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};

use super::prefer::IdForm;

const DEFAULT: &str = "AAMkAD";
const IMMUTABLE: &str = "AAkALg";
const BETWEEN: char = '\n';
/// Spreads the letters over the alphabet, so that default ids hold `/` and `+` as real ones do.
const PAD: [u8; 7] = [0x9b, 0xfe, 0xc7, 0x6f, 0xb3, 0xdf, 0xa9];

/// What a public id names.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Named {
    /// Only the default form tells.
    pub calendar: Option<String>,
    pub item: String,
}

pub(super) fn public(form: IdForm, calendar: &str, item: &str) -> String {
    match form {
        IdForm::Default => {
            format!("{DEFAULT}{}", STANDARD.encode(padded(format!("{calendar}{BETWEEN}{item}").as_bytes())))
        }
        IdForm::Immutable => format!("{IMMUTABLE}{}", URL_SAFE.encode(padded(item.as_bytes()))),
    }
}

/// An immutable id is understood only where the request said that it speaks them.
pub(super) fn read(form: IdForm, id: &str) -> Option<Named> {
    if let Some(rest) = id.strip_prefix(DEFAULT) {
        let text = String::from_utf8(padded(&STANDARD.decode(rest).ok()?)).ok()?;
        let (calendar, item) = text.split_once(BETWEEN)?;
        return Some(Named { calendar: Some(calendar.to_owned()), item: item.to_owned() });
    }
    let rest = id.strip_prefix(IMMUTABLE).filter(|_| form == IdForm::Immutable)?;
    Some(Named { calendar: None, item: String::from_utf8(padded(&URL_SAFE.decode(rest).ok()?)).ok()? })
}

fn padded(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().zip(PAD.iter().cycle()).map(|(byte, pad)| byte ^ pad).collect()
}

/// Bytes as hexadecimal digits.
pub(super) fn digits(bytes: impl IntoIterator<Item = u8>) -> String {
    bytes.into_iter().fold(String::new(), |digits, byte| digits + &format!("{byte:02x}"))
}

/// The key of one occurrence: its series and the day it was first meant for (`20260310`).
pub(super) fn occurrence(master: &str, day: &str) -> String {
    format!("{master}.{day}")
}

/// The series and the day that an occurrence's key names.
pub(super) fn split_occurrence(item: &str) -> Option<(&str, &str)> {
    item.rsplit_once('.')
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn only_the_default_id_changes_with_the_calendar() {
        let id = |form, calendar| public(form, calendar, "ev1");
        assert_ne!(id(IdForm::Default, "a"), id(IdForm::Default, "b"));
        assert_eq!(id(IdForm::Immutable, "a"), id(IdForm::Immutable, "b"));
    }

    #[test]
    fn both_forms_are_read_back() {
        let default = public(IdForm::Default, "cal/1", "ev1.20260310");
        let immutable = public(IdForm::Immutable, "cal/1", "ev1.20260310");
        let item = "ev1.20260310".to_owned();
        let named =
            |calendar: Option<&str>| Named { calendar: calendar.map(str::to_owned), item: item.clone() };
        assert_eq!(read(IdForm::Default, &default), Some(named(Some("cal/1"))));
        assert_eq!(read(IdForm::Immutable, &default), Some(named(Some("cal/1"))));
        assert_eq!(read(IdForm::Immutable, &immutable), Some(named(None)));
        assert_eq!(read(IdForm::Default, &immutable), None);
        assert_eq!(read(IdForm::Immutable, "AAkALgx"), None);
        assert_eq!(split_occurrence(&item), Some(("ev1", "20260310")));
    }
}
