//! Who signed in.

use daybook_engine::ports::RemoteError;
use serde::Deserialize;

use super::failure::account_failure;
use super::{Call, Operation, Reply, parse_json};

/// Asks whose account it is.
pub struct Me;

/// A person, as far as an account is named by them.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Person {
    pub id: String,
    /// Null on some private accounts.
    pub mail: Option<String>,
    pub user_principal_name: Option<String>,
}

impl Person {
    /// For people: `ada@example.org`.
    pub fn label(&self) -> &str {
        let named = [&self.mail, &self.user_principal_name].into_iter().flatten();
        named.map(String::as_str).find(|name| !name.trim().is_empty()).unwrap_or("a Microsoft account")
    }
}

impl Operation for Me {
    type Answer = Person;

    fn what(&self) -> String {
        "the Microsoft account".into()
    }

    fn prepare(&self) -> Call {
        Call::get("/me?$select=id,mail,userPrincipalName".into())
    }

    fn parse(&self, reply: &Reply) -> Result<Person, RemoteError> {
        parse_json(self.what(), reply).map_err(account_failure)
    }
}
