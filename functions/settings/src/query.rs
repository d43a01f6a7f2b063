//! Reads a query: its faults point to the parameter by name. What the values mean is for [`crate::request`].

use axum::extract::{FromRequestParts, RawQuery};
use axum::http::request::Parts;
use daybook_doorway::{Fault, Problem};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use url::form_urlencoded;

use crate::faults;

/// A query in which nothing is wrong.
pub(crate) struct QueryOf<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for QueryOf<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Ok(RawQuery(query)) = RawQuery::from_request_parts(parts, state).await;
        read(&query.unwrap_or_default()).map(Self).map_err(Problem::invalid)
    }
}

/// Every name stands at most once: of two values neither is meant more.
fn read<T: DeserializeOwned>(query: &str) -> Result<T, Vec<Fault>> {
    let mut values = Map::new();
    let mut faults = Vec::new();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        if values.insert(name.to_string(), Value::from(value.as_ref())).is_some() {
            faults.push(Fault { pointer: format!("?{name}"), detail: "is given twice".to_owned() });
        }
    }
    let (read, more) = faults::read(Value::Object(values));
    faults.extend(more.into_iter().map(of_query));
    match read {
        Some(read) if faults.is_empty() => Ok(read),
        _ => Err(faults),
    }
}

/// A query has no depth: the one step of the pointer is the parameter's name.
fn of_query(fault: Fault) -> Fault {
    let name = fault.pointer.trim_start_matches('/').replace("~1", "/").replace("~0", "~");
    let detail = if fault.detail == "unknown field" { "unknown parameter".to_owned() } else { fault.detail };
    Fault { pointer: format!("?{name}"), detail }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use super::*;
    use crate::request::DisconnectQuery;

    #[test]
    fn faults_point_to_the_parameter() {
        for (query, pointers) in [
            ("", vec![]),
            ("mirrors=keep", vec![]),
            ("mirrors=burn", vec!["?mirrors"]),
            ("mirror=keep", vec!["?mirror"]),
            ("mirrors=keep&mirrors=remove", vec!["?mirrors"]),
            ("a/b=1&mirrors=", vec!["?a/b", "?mirrors"]),
        ] {
            let faults = read::<DisconnectQuery>(query).err().unwrap_or_default();
            let mut found: Vec<_> = faults.iter().map(|fault| fault.pointer.as_str()).collect();
            found.sort_unstable();
            assert_eq!(found, pointers, "{query}");
            assert!(faults.iter().all(|fault| !fault.detail.contains("burn")), "{faults:?}");
        }
    }
}
