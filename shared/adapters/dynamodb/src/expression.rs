//! Writes the table's expressions: which attributes change, and under which condition. Every attribute goes in
//! under an alias, since its plain name may be a word that the table reserves. It sends nothing.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

use crate::item::{Item, number};
use crate::schema::ROW_VERSION;

/// An attribute with its new value; `None` removes it.
pub type Field = (&'static str, Option<AttributeValue>);

/// One conditional change of one row.
#[derive(Clone, Default)]
pub struct Change {
    sets: Vec<String>,
    removes: Vec<String>,
    adds: Vec<String>,
    clauses: Vec<String>,
    names: HashMap<String, String>,
    values: Item,
}

impl Change {
    /// Of a row that exists and is of a version that we read.
    pub fn of_readable() -> Self {
        Self::default().only_if("#v <= :readable", [("readable", number(ROW_VERSION))])
    }

    /// Of a row that is not there.
    pub fn absent() -> Self {
        Self::default().only_if("attribute_not_exists(#pk)", [])
    }

    /// Of a row that may not be there yet, unless it is of a version that we do not read.
    pub fn of_absent_or_readable() -> Self {
        let mut change = Self::default()
            .only_if("(attribute_not_exists(#v) OR #v <= :readable)", [("readable", number(ROW_VERSION))]);
        change.sets.push("#v = if_not_exists(#v, :readable)".into());
        change
    }

    /// Sets or removes each.
    #[must_use]
    pub fn assign(self, fields: impl IntoIterator<Item = Field>) -> Self {
        fields.into_iter().fold(self, |change, (name, value)| match value {
            Some(value) => change.set(&format!("#{name} = :{name}"), [(name, value)]),
            None => change.remove(name),
        })
    }

    /// Keeps the value that stands, if one does.
    #[must_use]
    pub fn assign_once(self, name: &str, value: AttributeValue) -> Self {
        self.set(&format!("#{name} = if_not_exists(#{name}, :{name})"), [(name, value)])
    }

    /// A clause of `SET`, in which attributes stand as `#name`.
    #[must_use]
    pub fn set<'a>(
        mut self,
        clause: &str,
        values: impl IntoIterator<Item = (&'a str, AttributeValue)>,
    ) -> Self {
        self.learn(clause, values);
        self.sets.push(clause.to_owned());
        self
    }

    /// Counts up by one, from zero where nothing stands.
    #[must_use]
    pub fn count(mut self, name: &str) -> Self {
        let clause = format!("#{name} :one");
        self.learn(&clause, [("one", number(1))]);
        self.adds.push(clause);
        self
    }

    /// Adds to a number, which is zero where nothing stands.
    #[must_use]
    pub fn add(mut self, name: &str, by: u32) -> Self {
        let clause = format!("#{name} :{name}");
        self.learn(&clause, [(name, number(by))]);
        self.adds.push(clause);
        self
    }

    /// Removes an attribute, or an entry of a map (`marks.#m0`, see [`Self::alias`]).
    #[must_use]
    pub fn remove(mut self, path: &str) -> Self {
        let path = format!("#{path}");
        self.learn(&path, []);
        self.removes.push(path);
        self
    }

    /// The change happens only if this holds too.
    #[must_use]
    pub fn only_if<'a>(
        mut self,
        clause: &str,
        values: impl IntoIterator<Item = (&'a str, AttributeValue)>,
    ) -> Self {
        self.learn(clause, values);
        self.clauses.push(clause.to_owned());
        self
    }

    /// Lets `#alias` stand for a name that is not ours, such as an appointment's id.
    #[must_use]
    pub fn alias(mut self, alias: &str, name: &str) -> Self {
        self.names.insert(format!("#{alias}"), name.to_owned());
        self
    }

    /// As the table wants it. `None` where there is none.
    pub fn update(&self) -> Option<String> {
        let clauses = [("SET", &self.sets), ("ADD", &self.adds), ("REMOVE", &self.removes)];
        let text: Vec<String> = clauses
            .into_iter()
            .filter(|(_, parts)| !parts.is_empty())
            .map(|(verb, parts)| format!("{verb} {}", parts.join(", ")))
            .collect();
        (!text.is_empty()).then(|| text.join(" "))
    }

    pub fn condition(&self) -> Option<String> {
        (!self.clauses.is_empty()).then(|| self.clauses.join(" AND "))
    }

    pub fn names(&self) -> Option<HashMap<String, String>> {
        (!self.names.is_empty()).then(|| self.names.clone())
    }

    pub fn values(&self) -> Option<Item> {
        (!self.values.is_empty()).then(|| self.values.clone())
    }

    fn learn<'a>(&mut self, clause: &str, values: impl IntoIterator<Item = (&'a str, AttributeValue)>) {
        for name in aliases(clause) {
            self.names.entry(format!("#{name}")).or_insert_with(|| name.to_owned());
        }
        self.values.extend(values.into_iter().map(|(name, value)| (format!(":{name}"), value)));
    }
}

/// The `#names` in a clause.
fn aliases(clause: &str) -> impl Iterator<Item = &str> {
    clause.split('#').skip(1).map(|rest| {
        let end = rest.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
        rest.split_at(end.unwrap_or(rest.len())).0
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use super::*;

    #[test]
    fn a_change_as_text() {
        let change = Change::of_readable()
            .assign([("state", Some(number(2))), ("account", None)])
            .assign_once("since", number(3))
            .count("received")
            .alias("m0", "an appointment")
            .set("#marks.#m0 = :token", [("token", number(4))])
            .only_if("size(#marks) <= :room", [("room", number(5))]);
        assert_eq!(
            change.update().unwrap(),
            "SET #state = :state, #since = if_not_exists(#since, :since), #marks.#m0 = :token \
             ADD #received :one REMOVE #account"
        );
        assert_eq!(change.condition().unwrap(), "#v <= :readable AND size(#marks) <= :room");
        let names = change.names().unwrap();
        assert_eq!(names.len(), 7);
        assert_eq!(names["#m0"], "an appointment");
        assert_eq!(names["#marks"], "marks");
        assert_eq!(change.values().unwrap().len(), 6);
    }
}
