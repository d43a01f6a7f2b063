//! Partial responses: `fields=items(id,start/date),nextPageToken` cuts an answer down to what it names. A field
//! that does not exist is simply absent; only a selector that cannot be read is refused.

use serde_json::{Map, Value};

/// What to keep: names with what to keep below them; nothing below means everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fields {
    kept: Vec<(String, Fields)>,
}

/// Brackets that do not match, or an empty name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the field selection cannot be read")]
pub struct BadFields;

/// Deeper than any of Google's documents.
const MAX_DEPTH: usize = 12;

impl Fields {
    /// Reads a selector.
    pub fn parse(text: &str) -> Result<Self, BadFields> {
        let mut rest = text;
        let fields = list(&mut rest, 0)?;
        if rest.is_empty() { Ok(fields) } else { Err(BadFields) }
    }

    /// The document without what was not asked for.
    pub fn cut(&self, value: Value) -> Value {
        if self.kept.is_empty() {
            return value;
        }
        match value {
            Value::Array(all) => all.into_iter().map(|one| self.cut(one)).collect(),
            Value::Object(fields) => Value::Object(self.cut_object(fields)),
            plain => plain,
        }
    }

    fn cut_object(&self, fields: Map<String, Value>) -> Map<String, Value> {
        let mut kept = Map::new();
        for (name, value) in fields {
            let below = self.kept.iter().find(|(wanted, _)| wanted == "*" || *wanted == name);
            if let Some((_, below)) = below {
                kept.insert(name, below.cut(value));
            }
        }
        kept
    }
}

fn list(rest: &mut &str, depth: usize) -> Result<Fields, BadFields> {
    let mut kept = Vec::new();
    loop {
        kept.push(path(rest, depth)?);
        match rest.strip_prefix(',') {
            Some(after) => *rest = after,
            None => return Ok(Fields { kept }),
        }
    }
}

fn path(rest: &mut &str, depth: usize) -> Result<(String, Fields), BadFields> {
    let end = rest.find(['/', '(', ')', ',']).unwrap_or(rest.len());
    let (name, after) = rest.split_at(end);
    if name.is_empty() || depth > MAX_DEPTH {
        return Err(BadFields);
    }
    *rest = after;
    let mut below = Fields::default();
    if let Some(after) = rest.strip_prefix('/') {
        *rest = after;
        below.kept.push(path(rest, depth + 1)?);
    } else if let Some(after) = rest.strip_prefix('(') {
        *rest = after;
        below = list(rest, depth + 1)?;
        *rest = rest.strip_prefix(')').ok_or(BadFields)?;
    }
    Ok((name.to_owned(), below))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use super::*;
    use serde_json::json;

    #[test]
    fn a_selection_keeps_what_it_names() {
        let whole = json!({"kind": "k", "items": [{"id": "a", "start": {"date": "d", "x": 1}}], "next": "n"});
        let cases = [
            (
                "items(id,start/date),next",
                json!({"items": [{"id": "a", "start": {"date": "d"}}], "next": "n"}),
            ),
            ("items/id", json!({"items": [{"id": "a"}]})),
            ("kind,missing", json!({"kind": "k"})),
            ("*", whole.clone()),
            ("items(*)", json!({"items": [{"id": "a", "start": {"date": "d", "x": 1}}]})),
        ];
        for (selector, expected) in cases {
            assert_eq!(Fields::parse(selector).unwrap().cut(whole.clone()), expected, "{selector}");
        }
        for bad in ["", "items(", "items)", "a,,b", "items(id"] {
            assert_eq!(Fields::parse(bad), Err(BadFields), "{bad}");
        }
    }
}
