//! What is asked of every stack when its story ends: whether each call to AWS was allowed to the function that made it,
//! whether a word leaked into a log, a metric, a message or the table, and whether anything panicked. After a failure it
//! tells what the logs say instead.

use super::client::Client;
use super::recorder::{Keeper, Put};
use super::stack::Stack;
use crate::outside::calendar::PASSWORD;
use crate::outside::daybook::{API_KEY, HOOK_SECRET};
use crate::outside::ehr::PATIENT_WORDS;

/// How the sandbox providers know us.
pub const CLIENT_SECRET: &str = "secret-of-the-test-client";
/// A connection's row tells whose account it is.
const ACCOUNTS_DOMAIN: &str = "clinic.example";
/// What stands in calendars, accounts and vaults here, and must not stand in a log, a message or the table: titles,
/// names, keys, passwords, and the beginnings that the providers' tokens have.
const PRIVATE_WORDS: [&str; 12] = [
    "Dentist",
    "Dr. Wu",
    "Elm Street",
    ACCOUNTS_DOMAIN,
    API_KEY,
    CLIENT_SECRET,
    PASSWORD,
    "ada-sandbox",
    "ya29.",
    "1//0g",
    "eyJ0eXAi",
    "0.AXoA",
];
const MOST_LINES_SHOWN: usize = 400;

impl Drop for Stack {
    fn drop(&mut self) {
        if let Some(sweeping) = self.sweeping.take() {
            sweeping.abort();
        }
        let (client, name) = (Client::new(&self.emulator.url), self.name.clone());
        let names: Vec<String> = self.functions.values().map(|function| function.name.clone()).collect();
        let lines = self.emulator.finish(async move {
            let mut lines = Vec::new();
            for function in names {
                let own = client.logs(&function).await;
                lines.extend(own.into_iter().map(|(_, line)| format!("{function}: {line}")));
            }
            client.delete_stack(&name).await;
            lines
        });
        if std::thread::panicking() {
            let from = lines.len().saturating_sub(MOST_LINES_SHOWN);
            lines[from..].iter().for_each(|line| println!("{line}"));
        } else {
            assert_logs_are_silent(&lines);
            assert_puts_are_silent(&self.puts());
            self.assert_all_was_allowed();
        }
    }
}

/// Metrics are lines of the log.
fn assert_logs_are_silent(lines: &[String]) {
    let words: Vec<&str> = words().chain(["panicked at"]).collect();
    for line in lines {
        assert_says_none(&words, line, "a log");
    }
}

fn assert_puts_are_silent(puts: &[Put]) {
    let words: Vec<&str> = words().collect();
    let told: Vec<&str> = words.iter().copied().filter(|word| *word != ACCOUNTS_DOMAIN).collect();
    for Put { caller, keeper, body } in puts {
        let body = format!("{caller}: {body}");
        match keeper {
            Keeper::Queue => assert_says_none(&words, &body, "a message"),
            Keeper::Table => assert_says_none(&told, &body, "the table"),
        }
    }
}

fn words() -> impl Iterator<Item = &'static str> {
    let hook = HOOK_SECRET.trim_start_matches("whsec_");
    PATIENT_WORDS.iter().chain(&PRIVATE_WORDS).copied().chain([hook])
}

fn assert_says_none(words: &[&str], text: &str, place: &str) {
    let found = words.iter().find(|word| text.contains(**word));
    assert_eq!(found, None, "in {place}: {text}");
}

impl Stack {
    fn assert_all_was_allowed(&self) {
        for call in self.calls() {
            let mut all = self.functions.values();
            let function = all.find(|function| function.name == call.caller);
            let function = function.unwrap_or_else(|| panic!("nobody's call: {call:?}"));
            assert!(
                function.statements.iter().any(|statement| statement.allows(&call)),
                "not allowed: {call:?}"
            );
        }
    }
}
