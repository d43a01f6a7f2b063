//! What is wrong with a request, each fault with a pointer to its place. A fault never quotes the value: it may
//! be a password.

use daybook_doorway::Fault;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_path_to_error::{Path, Segment};

/// More faults than this are not listed.
const MOST_FAULTS: usize = 32;

/// Reads a `T`, leaving out what cannot be read, so that all faults are found and not only the first.
/// `None` where even the rest is no `T`.
pub(crate) fn read<T: DeserializeOwned>(mut value: Value) -> (Option<T>, Vec<Fault>) {
    let mut faults = Vec::new();
    while faults.len() < MOST_FAULTS {
        match serde_path_to_error::deserialize::<_, T>(&value) {
            Ok(read) => return (Some(read), faults),
            Err(error) => {
                let steps = steps(error.path());
                faults.push(Fault { pointer: pointer(&steps), detail: reason(&error.inner().to_string()) });
                if !remove(&mut value, &steps) {
                    break;
                }
            }
        }
    }
    (None, faults)
}

fn steps(path: &Path) -> Vec<String> {
    let names = path.iter().filter_map(|segment| match segment {
        Segment::Seq { index } => Some(index.to_string()),
        Segment::Map { key } => Some(key.clone()),
        Segment::Enum { .. } | Segment::Unknown => None,
    });
    names.collect()
}

fn pointer(steps: &[String]) -> String {
    steps.iter().flat_map(|step| ["/".to_owned(), step.replace('~', "~0").replace('/', "~1")]).collect()
}

/// Says what was expected; what came instead stays unsaid.
fn reason(message: &str) -> String {
    if message.starts_with("missing field") {
        return message.to_owned();
    }
    let expected = message.rsplit_once(", expected ").map(|(_, expected)| expected);
    match (message.starts_with("unknown field"), expected) {
        (true, _) => "unknown field".to_owned(),
        (false, Some(expected)) => format!("expected {}", plainly(expected)),
        (false, None) => "not understood".to_owned(),
    }
}

/// In JSON's words, where the reader speaks of types of ours.
fn plainly(expected: &str) -> &str {
    match expected {
        "u8" => "a whole number from 0 to 255",
        "u16" => "a whole number from 0 to 65535",
        "u32" => "a whole number from 0 to 4294967295",
        "a sequence" => "a list",
        "a map" => "an object",
        "string or map" | "variant identifier" => "a string",
        _ if expected.starts_with("struct ") => "an object",
        other => other,
    }
}

/// Takes the faulty part out of its parent. An item of a list takes its list with it.
fn remove(value: &mut Value, steps: &[String]) -> bool {
    let Some((last, parents)) = steps.split_last() else { return false };
    match value.pointer_mut(&pointer(parents)) {
        Some(Value::Object(parent)) => parent.remove(last).is_some(),
        Some(_) => remove(value, parents),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use super::*;
    use serde::Deserialize;
    use serde_json::json;

    #[derive(Deserialize, Debug, PartialEq)]
    #[serde(deny_unknown_fields)]
    struct Outer {
        a: Option<u8>,
        b: Option<Inner>,
        c: Option<Vec<String>>,
    }

    #[derive(Deserialize, Debug, PartialEq)]
    #[serde(deny_unknown_fields)]
    struct Inner {
        d: u8,
    }

    #[test]
    fn every_fault_is_found_and_none_quotes_its_value() {
        for (value, expected) in [
            (json!({"a": 1, "b": {"d": 2}, "c": ["x"]}), vec![]),
            (json!({"a": "hunter2"}), vec![("/a", "expected a whole number from 0 to 255")]),
            (
                json!({"a": -1, "b": {"d": "hunter2"}, "e~/f": 3, "c": ["x", 1]}),
                vec![
                    ("/a", "expected a whole number from 0 to 255"),
                    ("/b", "missing field `d`"),
                    ("/b/d", "expected a whole number from 0 to 255"),
                    ("/c/1", "expected a string"),
                    ("/e~0~1f", "unknown field"),
                ],
            ),
            (json!([]), vec![("", "expected an object")]),
        ] {
            let (_, faults) = read::<Outer>(value);
            let mut found: Vec<_> = faults.iter().map(|f| (f.pointer.as_str(), f.detail.as_str())).collect();
            found.sort_unstable();
            let found: Vec<_> =
                found.into_iter().filter(|(p, _)| !(p.is_empty() && expected.is_empty())).collect();
            assert_eq!(found.len(), expected.len(), "{found:?}");
            for (one, other) in found.iter().zip(&expected) {
                assert_eq!(one, other);
            }
        }
    }
}
