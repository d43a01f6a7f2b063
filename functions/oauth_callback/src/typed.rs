//! What was typed on our page where there is no page of the provider's. It is checked here for what no server could
//! take; whether it opens an account is for the server to say.

use daybook_engine::ports::Login;
use secrecy::{ExposeSecret, SecretString};
use url::form_urlencoded;

const MOST_NAME_CHARS: usize = 200;
const MOST_TEXT_BYTES: usize = 1_024;

/// The fields of a form that asks for a password.
#[derive(Clone, Debug)]
pub(crate) struct Typed {
    pub url: String,
    pub username: String,
    password: SecretString,
}

impl Typed {
    /// `None` where the form was only a button.
    pub fn read(form: &[u8]) -> Option<Self> {
        let (mut url, mut username, mut password) = (String::new(), String::new(), None);
        for (name, value) in form_urlencoded::parse(form) {
            match name.as_ref() {
                "url" => value.trim().clone_into(&mut url),
                "username" => value.trim().clone_into(&mut username),
                "password" => password = Some(SecretString::from(value.into_owned())),
                _ => {}
            }
        }
        password.map(|password| Self { url, username, password })
    }

    /// What is wrong with it at first sight, in words for the one who typed it.
    pub fn check(&self) -> Result<Login, &'static str> {
        if self.url.is_empty() || is_odd(&self.url, MOST_TEXT_BYTES) {
            return Err("Give the address of the calendar server.");
        }
        if self.username.is_empty() || is_odd(&self.username, MOST_NAME_CHARS) {
            return Err("Give the user name.");
        }
        let password = self.password.expose_secret();
        if password.is_empty() || is_odd(password, MOST_TEXT_BYTES) {
            return Err("Give the password.");
        }
        Ok(Login { url: self.url.clone(), username: self.username.clone(), password: self.password.clone() })
    }
}

fn is_odd(text: &str, most: usize) -> bool {
    text.len() > most || text.contains(char::is_control)
}
