//! `$filter` and `$expand` as calendars need them: extended properties found by id and value, comparisons of
//! simple fields, joined by `and` (providers B.3.7). Not the rest of `OData`: what is not understood is refused.

use jiff::civil::DateTime;
use serde_json::Value;

use super::refusal::Refusal;

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Filter {
    tests: Vec<Test>,
}

#[derive(Debug, PartialEq, Eq)]
enum Test {
    Field(Compare),
    /// All of them hold for one extended property.
    Property(Vec<Compare>),
}

#[derive(Debug, PartialEq, Eq)]
struct Compare {
    path: String,
    by: By,
    value: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum By {
    Eq,
    Ne,
    Ge,
    Gt,
    Le,
    Lt,
    Contains,
    StartsWith,
}

impl Filter {
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        let mut reader = Reader { tokens: tokens(text).ok_or_else(refused)?, at: 0 };
        let mut tests = vec![reader.test().ok_or_else(refused)?];
        while reader.takes("and") {
            tests.push(reader.test().ok_or_else(refused)?);
        }
        if reader.peek().is_some() { Err(refused()) } else { Ok(Self { tests }) }
    }

    /// `fields` is the event as answered in UTC; `properties` are its extended properties.
    pub fn holds(&self, fields: &Value, properties: &[Value]) -> bool {
        self.tests.iter().all(|test| match test {
            Test::Field(compare) => compare.holds_for_field(fields),
            Test::Property(all) => {
                properties.iter().any(|property| all.iter().all(|one| one.holds_for_property(property)))
            }
        })
    }
}

/// The ids named in `$expand=singleValueExtendedProperties($filter=id eq '...' or id eq '...')`.
pub(super) fn expanded(expand: &str) -> Result<Vec<String>, Refusal> {
    let inside = expand.trim().strip_prefix("singleValueExtendedProperties").map(str::trim);
    let inside = inside.and_then(|rest| rest.strip_prefix('(')?.strip_suffix(')'));
    let filter = inside.and_then(|rest| rest.trim().strip_prefix("$filter=")).ok_or_else(refused)?;
    let mut reader = Reader { tokens: tokens(filter).ok_or_else(refused)?, at: 0 };
    let mut ids = Vec::new();
    loop {
        let one = reader.compare("").filter(|one| one.path.eq_ignore_ascii_case("id")).ok_or_else(refused)?;
        ids.push(one.value);
        if !reader.takes("or") {
            break;
        }
    }
    if reader.peek().is_some() { Err(refused()) } else { Ok(ids) }
}

/// Is this the id of that property? The namespace's letters may differ in case, the name's may not.
pub(super) fn same_property(one: &str, other: &str) -> bool {
    let parts = |id: &str| {
        let (head, name) = id.split_once('}')?;
        Some((head.to_ascii_lowercase(), name.trim().to_owned()))
    };
    parts(one).is_some_and(|one| parts(other) == Some(one))
}

fn refused() -> Refusal {
    let status = axum::http::StatusCode::BAD_REQUEST;
    Refusal::new(status, "ErrorInvalidUrlQueryFilter", "The query filter contains one or more invalid nodes.")
}

impl Compare {
    fn holds_for_property(&self, property: &Value) -> bool {
        let text = |name| property.get(name).and_then(Value::as_str).unwrap_or_default();
        match self.path.as_str() {
            "id" => self.by == By::Eq && same_property(text("id"), &self.value),
            "value" => self.by.holds(text("value"), &self.value),
            _ => false,
        }
    }

    fn holds_for_field(&self, fields: &Value) -> bool {
        let found = fields.pointer(&format!("/{}", self.path)).unwrap_or(&Value::Null);
        let found = match found {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        self.by.holds(&found, &self.value)
    }
}

impl By {
    /// Times are compared as times, everything else as text without regard to case.
    fn holds(self, found: &str, wanted: &str) -> bool {
        let (left, right) = (comparable(found), comparable(wanted));
        match self {
            Self::Eq => left == right,
            Self::Ne => left != right,
            Self::Ge => left >= right,
            Self::Gt => left > right,
            Self::Le => left <= right,
            Self::Lt => left < right,
            Self::Contains => left.contains(&right),
            Self::StartsWith => left.starts_with(&right),
        }
    }

    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "eq" => Self::Eq,
            "ne" => Self::Ne,
            "ge" => Self::Ge,
            "gt" => Self::Gt,
            "le" => Self::Le,
            "lt" => Self::Lt,
            "contains" => Self::Contains,
            "startswith" => Self::StartsWith,
            _ => return None,
        })
    }
}

fn comparable(text: &str) -> String {
    let time = text.trim_end_matches('Z').parse::<DateTime>().ok().filter(|_| text.contains('T'));
    time.map_or_else(|| text.to_lowercase(), super::zone::seven_digits)
}

#[derive(Debug, PartialEq, Eq)]
enum Token {
    Word(String),
    Text(String),
    Sign(char),
}

fn tokens(text: &str) -> Option<Vec<Token>> {
    let mut found = Vec::new();
    let mut rest = text.chars().peekable();
    while let Some(sign) = rest.next() {
        match sign {
            ' ' => {}
            '\'' => found.push(Token::Text(quoted(&mut rest)?)),
            '(' | ')' | ',' | ':' => found.push(Token::Sign(sign)),
            _ => {
                let mut word = String::from(sign);
                while let Some(next) = rest.next_if(|next| !" '(),:".contains(*next)) {
                    word.push(next);
                }
                found.push(Token::Word(word));
            }
        }
    }
    Some(found)
}

/// Up to the closing quote; a doubled quote stands for one.
fn quoted(rest: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Option<String> {
    let mut text = String::new();
    loop {
        match rest.next()? {
            '\'' if rest.next_if_eq(&'\'').is_some() => text.push('\''),
            '\'' => return Some(text),
            other => text.push(other),
        }
    }
}

struct Reader {
    tokens: Vec<Token>,
    at: usize,
}

impl Reader {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn word(&mut self) -> Option<String> {
        let Some(Token::Word(word)) = self.peek() else { return None };
        let word = word.clone();
        self.at += 1;
        Some(word)
    }

    fn sign(&mut self, sign: char) -> Option<()> {
        (self.peek() == Some(&Token::Sign(sign))).then(|| self.at += 1)
    }

    fn takes(&mut self, wanted: &str) -> bool {
        let there = matches!(self.peek(), Some(Token::Word(word)) if word.eq_ignore_ascii_case(wanted));
        self.at += usize::from(there);
        there
    }

    fn test(&mut self) -> Option<Test> {
        if !self.takes("singleValueExtendedProperties/Any") {
            return self.compare("").map(Test::Field);
        }
        self.sign('(')?;
        let prefix = format!("{}/", self.word()?);
        self.sign(':')?;
        let mut all = vec![self.compare(&prefix)?];
        while self.takes("and") {
            all.push(self.compare(&prefix)?);
        }
        self.sign(')')?;
        Some(Test::Property(all))
    }

    /// `path op value` or `function(path, value)`.
    fn compare(&mut self, prefix: &str) -> Option<Compare> {
        let first = self.word()?;
        if self.sign('(').is_some() {
            let by = By::named(&first.to_ascii_lowercase())?;
            let path = self.word()?.strip_prefix(prefix)?.to_owned();
            self.sign(',')?;
            let value = self.value()?;
            self.sign(')')?;
            return Some(Compare { path, by, value });
        }
        let path = first.strip_prefix(prefix)?.to_owned();
        let by = By::named(&self.word()?.to_ascii_lowercase())?;
        Some(Compare { path, by, value: self.value()? })
    }

    fn value(&mut self) -> Option<String> {
        let (Token::Word(value) | Token::Text(value)) = self.peek()? else { return None };
        let value = value.clone();
        self.at += 1;
        Some(value)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;

    use super::*;

    const ID: &str = "String {A3F1C2D4-5b6e-4f70-8a91-b2c3d4e5f607} Name EhrAppt";

    #[test]
    fn filters_hold_for_what_they_say() {
        let fields = json!({"subject": "Booked", "isAllDay": false, "seriesMasterId": null,
            "start": {"dateTime": "2026-03-03T08:00:00.0000000", "timeZone": "UTC"}});
        let properties = [json!({"id": ID, "value": "a1b2;rev=7"})];
        let any = |rest: &str| {
            format!(
                "singleValueExtendedProperties/Any(ep: ep/id eq 'String {{a3f1c2d4-5b6e-4f70-8a91-b2c3d4e5f607}} Name EhrAppt' and {rest})"
            )
        };
        for (filter, expected) in [
            (any("ep/value eq 'A1B2;rev=7'"), true),
            (any("ep/value eq 'other'"), false),
            (any("ep/value ne null"), true),
            (any("startswith(ep/value, 'a1b2')"), true),
            (any("contains(ep/value,'rev=8')"), false),
            (any("ep/value eq 'a1b2;rev=7'").replace("EhrAppt", "ehrappt"), false),
            ("start/dateTime ge '2026-03-01T00:00:00'".to_owned(), true),
            (
                "start/dateTime ge '2026-03-01T00:00:00' and start/dateTime lt '2026-03-03T08:00:00Z'"
                    .to_owned(),
                false,
            ),
            ("isAllDay eq false and seriesMasterId eq null".to_owned(), true),
            ("subject eq 'it''s'".to_owned(), false),
        ] {
            assert_eq!(Filter::parse(&filter).unwrap().holds(&fields, &properties), expected, "{filter}");
        }
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for filter in ["", "subject", "subject eq", "subject like 'x'", "subject eq 'x", "subject eq 'x' or"]
        {
            assert!(Filter::parse(filter).is_err(), "{filter}");
        }
        assert!(expanded("attachments").is_err());
        assert_eq!(
            expanded("singleValueExtendedProperties($filter=id eq 'a' or id eq 'b')").unwrap(),
            ["a", "b"]
        );
    }
}
