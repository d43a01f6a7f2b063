//! Secrets that people set and replace: keys, hook secrets, tokens, client secrets. They are read when a process starts
//! and again now and then, so that a warm function asks for none. It knows what they are called, and what is in them.

use std::collections::BTreeMap;

use daybook_core::ids::PracticeId;
use daybook_engine::chain;
use daybook_secrets::Secrets;
use futures_util::future::join_all;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::start::{StartError, failed};

/// A secret that a function reads for its settings.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Letter {
    ApiKeys,
    PlatformKeys,
    HookSecrets,
    NoticeSecrets,
    Ehr,
    Google,
    Microsoft,
}

impl Letter {
    /// Its name behind the prefix.
    fn name(self, practice: &PracticeId) -> String {
        match self {
            Letter::ApiKeys => format!("practices/{practice}/api"),
            Letter::PlatformKeys => "platform".to_owned(),
            Letter::HookSecrets => format!("practices/{practice}/hook"),
            Letter::NoticeSecrets => format!("practices/{practice}/notices"),
            Letter::Ehr => format!("practices/{practice}/ehr"),
            Letter::Google => "providers/google".to_owned(),
            Letter::Microsoft => "providers/microsoft".to_owned(),
        }
    }
}

/// What was read. One that could not be read is missing until it can.
#[derive(Clone, Default)]
pub struct Letters(BTreeMap<Letter, SecretString>);

/// `{"key":"..."}`, with `"also":"..."` while one is being replaced, or `{}` for none.
#[derive(Deserialize)]
struct Keys {
    key: Option<SecretString>,
    also: Option<SecretString>,
}

/// `{"token":"..."}`, or `{}` where the EHR asks for none.
#[derive(Deserialize)]
struct EhrAccess {
    token: Option<SecretString>,
}

/// `{"client_secret":"..."}`
#[derive(Deserialize)]
struct Registration {
    client_secret: SecretString,
}

impl Letters {
    /// Reads all of these side by side. What cannot be read is told in the log, and stays as it was in `before`.
    pub async fn read(secrets: &Secrets, practice: &PracticeId, wanted: &[Letter], before: &Self) -> Self {
        let reads = wanted.iter().map(|letter| async move {
            let name = letter.name(practice);
            let read = match secrets.read(&name).await {
                Ok(Some(text)) => Some(text),
                Ok(None) => {
                    tracing::error!(secret = name, "a secret is not there");
                    None
                }
                Err(error) => {
                    tracing::error!(secret = name, error = chain(&error), "a secret cannot be read");
                    None
                }
            };
            Some((*letter, read.or_else(|| before.0.get(letter).cloned())?))
        });
        Self(join_all(reads).await.into_iter().flatten().collect())
    }

    /// Whether all of these are there.
    pub fn has(&self, wanted: &[Letter]) -> bool {
        wanted.iter().all(|letter| self.0.contains_key(letter))
    }

    /// Whether both hold the same.
    pub fn equals(&self, other: &Self) -> bool {
        let texts = |letters: &'_ Self| -> Vec<(Letter, String)> {
            letters.0.iter().map(|(letter, text)| (*letter, text.expose_secret().to_owned())).collect()
        };
        texts(self) == texts(other)
    }

    pub fn api_keys(&self) -> Result<Vec<SecretString>, StartError> {
        self.keys(Letter::ApiKeys)
    }

    pub fn platform_keys(&self) -> Result<Vec<SecretString>, StartError> {
        self.keys(Letter::PlatformKeys)
    }

    pub fn hook_secrets(&self) -> Result<Vec<SecretString>, StartError> {
        self.keys(Letter::HookSecrets)
    }

    pub fn notice_secrets(&self) -> Result<Vec<SecretString>, StartError> {
        self.keys(Letter::NoticeSecrets)
    }

    fn keys(&self, letter: Letter) -> Result<Vec<SecretString>, StartError> {
        let keys = self.open::<Keys>(letter)?.map(|Keys { key, also }| [key, also]);
        Ok(keys.into_iter().flatten().flatten().filter(is_given).collect())
    }

    pub fn ehr_token(&self) -> Result<Option<SecretString>, StartError> {
        Ok(self.open::<EhrAccess>(Letter::Ehr)?.and_then(|letter| letter.token).filter(is_given))
    }

    /// What proves this deployment to Google or Microsoft.
    pub fn client_secret(&self, letter: Letter) -> Result<SecretString, StartError> {
        Ok(self.open::<Registration>(letter)?.map(|letter| letter.client_secret).unwrap_or_default())
    }

    fn open<T: DeserializeOwned>(&self, letter: Letter) -> Result<Option<T>, StartError> {
        let Some(text) = self.0.get(&letter) else { return Ok(None) };
        let opened = serde_json::from_str(text.expose_secret());
        // The reader's own words may quote the secret.
        opened.map(Some).map_err(|_| failed("a secret is not of the form that it must have")(Unfit(letter)))
    }
}

fn is_given(secret: &SecretString) -> bool {
    !secret.expose_secret().is_empty()
}

#[derive(Debug, thiserror::Error)]
#[error("the secret {0:?}")]
struct Unfit(Letter);

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use super::*;

    fn letters(letter: Letter, text: &str) -> Letters {
        Letters([(letter, text.to_owned().into())].into())
    }

    fn exposed(secrets: &[SecretString]) -> Vec<&str> {
        secrets.iter().map(ExposeSecret::expose_secret).collect()
    }

    #[test]
    fn each_has_its_form() {
        let api = letters(Letter::ApiKeys, r#"{"key":"one","also":"two"}"#);
        assert_eq!(exposed(&api.api_keys().unwrap()), ["one", "two"]);
        let platform = letters(Letter::PlatformKeys, r#"{"key":"three"}"#);
        assert_eq!(exposed(&platform.platform_keys().unwrap()), ["three"]);
        let hook = letters(Letter::HookSecrets, r#"{"key":"whsec_x","note":"rotated in May"}"#);
        assert_eq!(exposed(&hook.hook_secrets().unwrap()), ["whsec_x"]);
        for (text, expected) in [
            (r#"{"token":"t"}"#, Some("t")),
            ("{}", None),
            (r#"{"token":""}"#, None),
            (r#"{"token":null}"#, None),
        ] {
            let token = letters(Letter::Ehr, text).ehr_token().unwrap();
            assert_eq!(token.as_ref().map(ExposeSecret::expose_secret), expected, "{text}");
        }
        let google = letters(Letter::Google, r#"{"client_secret":"g"}"#);
        assert_eq!(google.client_secret(Letter::Google).unwrap().expose_secret(), "g");
        assert!(google.api_keys().unwrap().is_empty(), "what was not read is empty");
        assert!(letters(Letter::HookSecrets, "{}").hook_secrets().unwrap().is_empty(), "no hook");
    }

    #[test]
    fn a_wrong_form_is_told_without_the_secret() {
        for text in [r#"{"key":["hunter2"]}"#, "hunter2", r#"["hunter2"]"#] {
            let error = letters(Letter::ApiKeys, text).api_keys().unwrap_err();
            let told = format!("{error} {:?}", std::error::Error::source(&error).map(ToString::to_string));
            assert!(told.contains("ApiKeys") && !told.contains("hunter2"), "{told}");
        }
    }

    #[test]
    fn a_change_is_noticed() {
        let one = letters(Letter::Ehr, "{}");
        assert!(one.equals(&letters(Letter::Ehr, "{}")));
        assert!(!one.equals(&letters(Letter::Ehr, r#"{"token":"t"}"#)));
        assert!(!one.equals(&Letters::default()));
        assert!(one.has(&[Letter::Ehr]) && !one.has(&[Letter::Ehr, Letter::Google]));
    }
}
