//! The `Prefer` header: a comma list, possibly in several headers, unknown wishes ignored (providers B.2).

use super::refusal::Refusal;
use super::zone::Zone;

/// Which of an item's two ids is asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum IdForm {
    /// Changes when the item moves to another calendar.
    #[default]
    Default,
    /// Stays.
    Immutable,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Prefer {
    pub ids: IdForm,
    /// The zone of the answer; UTC if none was asked for.
    pub zone: Zone,
    pub page_size: Option<usize>,
    /// Wishes that were granted, for `Preference-Applied`.
    pub applied: Vec<String>,
}

impl Prefer {
    pub fn parse<'a>(headers: impl IntoIterator<Item = &'a str>) -> Result<Self, Refusal> {
        let mut prefer = Self::default();
        for wish in headers.into_iter().flat_map(wishes) {
            prefer.take(wish)?;
        }
        Ok(prefer)
    }

    fn take(&mut self, wish: &str) -> Result<(), Refusal> {
        let (name, value) = wish.split_once('=').unwrap_or((wish, ""));
        let value = value.trim().trim_matches('"');
        match name.trim().to_ascii_lowercase().as_str() {
            "idtype" if value.eq_ignore_ascii_case("ImmutableId") => self.ids = IdForm::Immutable,
            "outlook.timezone" => self.zone = Zone::find(value).ok_or_else(|| Refusal::bad_zone(value))?,
            "odata.maxpagesize" => self.page_size = value.parse().ok().filter(|size| *size > 0),
            _ => return Ok(()),
        }
        self.applied.push(wish.to_owned());
        Ok(())
    }
}

/// The parts between commas that stand outside quotes.
fn wishes(header: &str) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    let parts = header.split(move |sign: char| {
        quoted ^= sign == '"';
        sign == ',' && !quoted
    });
    parts.map(str::trim).filter(|part| !part.is_empty())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn wishes_are_read_from_a_list() {
        for (headers, ids, zone, size) in [
            (vec![], IdForm::Default, "UTC", None),
            (vec!["IdType=\"ImmutableId\""], IdForm::Immutable, "UTC", None),
            (vec!["idtype=ImmutableId , odata.maxpagesize=50"], IdForm::Immutable, "UTC", Some(50)),
            (
                vec![
                    "outlook.timezone=\"W. Europe Standard Time\", outlook.body-content-type=\"text, plain\"",
                    "IdType=\"ImmutableId\"",
                ],
                IdForm::Immutable,
                "W. Europe Standard Time",
                None,
            ),
            (vec!["IdType=\"Other\", return=minimal"], IdForm::Default, "UTC", None),
        ] {
            let prefer = Prefer::parse(headers.clone()).unwrap();
            assert_eq!((prefer.ids, prefer.zone.name(), prefer.page_size), (ids, zone, size), "{headers:?}");
        }
    }

    #[test]
    fn an_unknown_zone_is_refused() {
        let refusal = Prefer::parse(["outlook.timezone=\"Mars/Olympus\""]).unwrap_err();
        assert_eq!((refusal.status.as_u16(), refusal.code.as_str()), (400, "TimeZoneNotSupportedException"));
    }
}
