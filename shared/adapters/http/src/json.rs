//! Bodies in JSON. It knows nothing of what they say.

use serde::de::DeserializeOwned;

/// Reads a body. As bytes, each of its strings is checked to be UTF-8 for itself, which costs several times what one look
/// at the whole does. What is no UTF-8 is read all the same: the fault may stand where nothing is read.
pub fn read_json<T: DeserializeOwned>(body: &[u8]) -> serde_json::Result<T> {
    match std::str::from_utf8(body) {
        Ok(text) => serde_json::from_str(text),
        Err(_) => serde_json::from_slice(body),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use serde::Deserialize;

    use super::*;

    #[derive(Deserialize)]
    struct Told {
        id: String,
    }

    #[test]
    fn a_fault_where_nothing_is_read_is_none() {
        for (body, expected) in [
            (b"{\"id\":\"\xc3\xbc\"}".as_slice(), Some("\u{fc}")),
            (b"{\"id\":\"a\",\"title\":\"\xff\"}", Some("a")),
            (b"{\"id\":\"\xff\"}", None),
            (b"{\"id\":1}", None),
        ] {
            let read = read_json::<Told>(body).ok().map(|told| told.id);
            assert_eq!(read.as_deref(), expected);
        }
    }
}
