//! Reads a FHIR search as conditions on the index. What is unknown is ignored unless the client asked for
//! strictness; what is known but wrongly written is refused.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::tz::TimeZone;
use rusqlite::types::Value as Sql;

use super::call::{Handling, Pairs};
use super::outcome::Refusal;
use crate::ehr::instant::parse_range;
use crate::ehr::kind::Kind;
use crate::ehr::params::{Matching, Param, params, split_reference};
use crate::ehr::store::{Bookmark, Clause, Order, Tx};
use crate::ehr::zone;

const COUNT: usize = 50;
const MOST: usize = 200;

/// A search, understood.
pub(super) struct Query {
    pub(super) clauses: Vec<Clause>,
    pub(super) order: Order,
    pub(super) count: usize,
    pub(super) after: Option<Bookmark>,
    pub(super) elements: Vec<String>,
    pub(super) includes: Vec<&'static str>,
    pub(super) total: Total,
    /// The parameters that were followed, for the self link; without the page.
    pub(super) used: Pairs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Total {
    None,
    Accurate,
}

impl Query {
    pub(super) fn parse(tx: &Tx<'_>, kind: Kind, pairs: &Pairs, handling: Handling) -> Result<Self, Refusal> {
        // Dates without an offset mean the practice's days: the standard asks for the server's local time.
        let zone = zone::of_practice(tx)?;
        let mut query = Self::empty();
        for (name, value) in pairs.iter().filter(|(_, value)| !value.is_empty()) {
            let followed =
                query.take_control(kind, name, value)? || query.take_clause(kind, name, value, &zone)?;
            if followed && name != "_page" {
                query.used.push((name.clone(), value.clone()));
            }
            if !followed && handling == Handling::Strict && name != "_format" {
                return Err(Refusal::malformed(format!(
                    "{} cannot be searched by this parameter",
                    kind.name()
                )));
            }
        }
        Ok(query)
    }

    fn empty() -> Self {
        Self {
            clauses: Vec::new(),
            order: Order::Id,
            count: COUNT,
            after: None,
            elements: Vec::new(),
            includes: Vec::new(),
            total: Total::Accurate,
            used: Vec::new(),
        }
    }

    /// Parameters about the answer, not about what to find. Answers whether it was one.
    fn take_control(&mut self, kind: Kind, name: &str, value: &str) -> Result<bool, Refusal> {
        match name {
            "_count" => {
                let count: usize = value.parse().map_err(|_| Refusal::malformed("_count is no number"))?;
                self.count = count.min(MOST);
            }
            "_page" => self.after = Some(read_page(value).ok_or_else(|| Refusal::malformed("unknown page"))?),
            "_elements" => {
                self.elements.extend(value.split(',').map(|element| top_element(element).to_owned()));
            }
            "_total" => self.total = if value == "none" { Total::None } else { Total::Accurate },
            "_summary" if value == "count" => self.count = 0,
            "_sort" => match order_named(value) {
                Some(order) => self.order = order,
                None => return Ok(false),
            },
            "_include" => match include_named(kind, value) {
                Some(param) => self.includes.push(param),
                None => return Ok(false),
            },
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Parameters about what to find. Answers whether the type has it.
    fn take_clause(&mut self, kind: Kind, name: &str, value: &str, zone: &TimeZone) -> Result<bool, Refusal> {
        let (name, modifier) =
            name.split_once(':').map_or((name, None), |(name, modifier)| (name, Some(modifier)));
        let clause = match (name, modifier) {
            ("_id", None) => ids(value),
            ("_lastUpdated", None) => dates("r.updated_us", value, zone)?,
            _ => match params(kind).iter().find(|param| param.name == name) {
                Some(param) => clause_for(param, modifier, value, zone)?,
                None => return Ok(false),
            },
        };
        self.clauses.push(clause);
        Ok(true)
    }
}

/// The opaque text that stands for "after this item".
pub(super) fn write_page(bookmark: &Bookmark) -> String {
    URL_SAFE_NO_PAD.encode(format!("{} {}", bookmark.rank, bookmark.id))
}

fn read_page(text: &str) -> Option<Bookmark> {
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
    let (rank, id) = text.split_once(' ')?;
    Some(Bookmark { rank: rank.parse().ok()?, id: id.to_owned() })
}

fn top_element(element: &str) -> &str {
    element.trim().split('.').next().unwrap_or_default()
}

fn order_named(value: &str) -> Option<Order> {
    match value {
        "_id" => Some(Order::Id),
        "date" | "start" => Some(Order::Start),
        "-date" | "-start" => Some(Order::StartDescending),
        "_lastUpdated" => Some(Order::Updated),
        "-_lastUpdated" => Some(Order::UpdatedDescending),
        _ => None,
    }
}

fn include_named(kind: Kind, value: &str) -> Option<&'static str> {
    let (of, rest) = value.split_once(':')?;
    let name = rest.split(':').next()?;
    let param = params(kind).iter().find(|param| param.name == name)?;
    let refers = matches!(param.matching, Matching::Reference | Matching::ReferenceTo(_));
    (of == kind.name() && refers).then_some(param.name)
}

fn clause_for(
    param: &Param,
    modifier: Option<&str>,
    value: &str,
    zone: &TimeZone,
) -> Result<Clause, Refusal> {
    match (param.matching, modifier) {
        (Matching::Start, None) => dates("r.start_us", value, zone),
        (_, Some("missing")) => Ok(missing(param, value)),
        (Matching::Code | Matching::Token, None) => Ok(within(param, value, "IN", token)),
        (Matching::Code | Matching::Token, Some("not")) => Ok(within(param, value, "NOT IN", token)),
        (Matching::Reference | Matching::ReferenceTo(_), None) => Ok(within(param, value, "IN", reference)),
        (Matching::Reference | Matching::ReferenceTo(_), Some(kind)) if Kind::from_name(kind).is_some() => {
            let typed: Vec<String> = alternatives(value).iter().map(|id| format!("{kind}/{id}")).collect();
            Ok(within(param, &typed.join(","), "IN", reference))
        }
        (Matching::Name, None) => Ok(within(param, value, "IN", name)),
        (_, _) => Err(Refusal::malformed(format!("{} is not known with this modifier", param.name))),
    }
}

/// `start:missing=true`, or any other parameter.
fn missing(param: &Param, value: &str) -> Clause {
    let wanted = if value == "true" { "" } else { "NOT " };
    if param.matching == Matching::Start {
        return Clause { sql: format!("{wanted}(r.start_us IS NULL)"), values: Vec::new() };
    }
    Clause {
        sql: format!("{wanted}(r.row NOT IN (SELECT row FROM term WHERE param = ?))"),
        values: vec![Sql::from(param.name.to_owned())],
    }
}

/// A condition on the index of words, one alternative per comma.
fn within(param: &Param, value: &str, test: &str, alternative: fn(&Param, &str) -> Clause) -> Clause {
    let alternatives: Vec<Clause> = alternatives(value).iter().map(|text| alternative(param, text)).collect();
    let sql: Vec<&str> = alternatives.iter().map(|clause| clause.sql.as_str()).collect();
    let mut values = vec![Sql::from(param.name.to_owned())];
    values.extend(alternatives.iter().flat_map(|clause| clause.values.clone()));
    Clause {
        sql: format!("r.row {test} (SELECT row FROM term WHERE param = ? AND ({}))", sql.join(" OR ")),
        values,
    }
}

/// `value`, `system|value`, `|value` (no system) or `system|` (anything of that system).
fn token(param: &Param, text: &str) -> Clause {
    let texts = |sql: &str, values: &[&str]| Clause {
        sql: sql.to_owned(),
        values: values.iter().map(|value| Sql::from((*value).to_owned())).collect(),
    };
    match text.split_once('|') {
        None => texts("value = ?", &[text]),
        // A plain code has its system from the standard, which the client may spell out.
        Some((_, value)) if param.matching == Matching::Code => texts("value = ?", &[value]),
        Some((system, "")) => texts("system = ?", &[system]),
        Some((system, value)) => texts("(value = ? AND system = ?)", &[value, system]),
    }
}

fn reference(_: &Param, text: &str) -> Clause {
    let (system, value) = split_reference(text);
    let (sql, values) = match system.as_str() {
        "" => ("value = ?", vec![value]),
        _ => ("(value = ? AND system = ?)", vec![value, system]),
    };
    Clause { sql: sql.to_owned(), values: values.into_iter().map(Sql::from).collect() }
}

fn name(_: &Param, text: &str) -> Clause {
    let text = Sql::from(text.to_lowercase());
    Clause { sql: "substr(value, 1, length(?)) = ?".to_owned(), values: vec![text.clone(), text] }
}

fn ids(value: &str) -> Clause {
    let ids = alternatives(value);
    let marks = vec!["?"; ids.len()].join(", ");
    Clause { sql: format!("r.id IN ({marks})"), values: ids.into_iter().map(Sql::from).collect() }
}

fn dates(column: &str, value: &str, zone: &TimeZone) -> Result<Clause, Refusal> {
    let mut clause = Clause { sql: String::new(), values: Vec::new() };
    let mut alternatives_sql = Vec::new();
    for text in alternatives(value) {
        let (prefix, date) = split_prefix(&text);
        let range =
            parse_range(date, zone).ok_or_else(|| Refusal::malformed("this is no date to search by"))?;
        alternatives_sql.push(date_sql(column, prefix));
        clause.values.extend(date_bounds(prefix, range));
    }
    clause.sql = format!("({})", alternatives_sql.join(" OR "));
    Ok(clause)
}

/// `ge2026` is `ge` and `2026`; no prefix means `eq`.
fn split_prefix(text: &str) -> (&str, &str) {
    match text.split_at_checked(2) {
        Some((prefix, date)) if prefix.bytes().all(|b| b.is_ascii_lowercase()) => (prefix, date),
        _ => ("eq", text),
    }
}

/// What we keep are points in time; what is asked for is a range, as wide as its precision.
fn date_sql(column: &str, prefix: &str) -> String {
    match prefix {
        "ne" => format!("({column} < ? OR {column} >= ?)"),
        "gt" | "sa" | "ge" => format!("{column} >= ?"),
        "lt" | "eb" | "le" => format!("{column} < ?"),
        _ => format!("({column} >= ? AND {column} < ?)"),
    }
}

fn date_bounds(prefix: &str, (from, to): (i64, i64)) -> Vec<Sql> {
    let bounds = match prefix {
        "ge" | "lt" | "eb" => vec![from],
        "gt" | "sa" | "le" => vec![to],
        _ => vec![from, to],
    };
    bounds.into_iter().map(Sql::from).collect()
}

/// Splits at commas that are not escaped, and takes the escapes away.
fn alternatives(value: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut characters = value.chars();
    while let Some(character) = characters.next() {
        let literal = match character {
            ',' => {
                parts.push(String::new());
                continue;
            }
            '\\' => characters.next().unwrap_or('\\'),
            other => other,
        };
        if let Some(part) = parts.last_mut() {
            part.push(literal);
        }
    }
    parts.retain(|part| !part.is_empty());
    parts
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use super::*;

    #[test]
    fn commas_part_and_escapes_do_not() {
        assert_eq!(alternatives(r"a,b\,c,,d"), ["a", "b,c", "d"]);
    }

    #[test]
    fn a_page_survives_its_writing() {
        for bookmark in [Bookmark { rank: -7, id: "a-b.c".into() }, Bookmark { rank: 0, id: "7".into() }] {
            assert_eq!(read_page(&write_page(&bookmark)), Some(bookmark));
        }
        assert_eq!(read_page("nonsense"), None);
    }
}
