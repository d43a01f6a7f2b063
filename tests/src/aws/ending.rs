//! What is asked of every stack when its story ends: whether each call to AWS was allowed to the function that made it,
//! whether a word leaked into a log, a metric, a message or the table, and whether anything panicked. After a failure it
//! tells what the logs say instead.

use super::client::Client;
use super::recorder::{Keeper, Put};
use super::stack::Stack;
use crate::canary::sinks::assert_silent;
use crate::canary::words::{all_secrets, content, keys};

/// A connection's row tells whose account it is.
const ACCOUNTS_DOMAIN: &str = "clinic.example";
/// Of each function, and of the emulator itself.
const MOST_LINES_SHOWN: usize = 60;

impl Drop for Stack {
    fn drop(&mut self) {
        if let Some(sweeping) = self.sweeping.take() {
            sweeping.abort();
        }
        let (client, name) = (Client::new(&self.emulator.url), self.name.clone());
        let names: Vec<String> = self.functions.values().map(|function| function.name.clone()).collect();
        let mut logs = self.emulator.finish(async move {
            let mut logs = Vec::new();
            for function in names {
                let own = client.logs(&function).await;
                let own = own.into_iter().map(|(_, line)| format!("{function}: {line}"));
                logs.push(own.collect::<Vec<_>>());
            }
            client.delete_stack(&name).await;
            logs
        });
        if std::thread::panicking() {
            let emulator = self.emulator.log();
            logs.push(emulator.lines().map(|line| format!("ministack: {line}")).collect());
            for own in &logs {
                show_last(own);
            }
        } else {
            let lines = logs.concat();
            assert!(!lines.is_empty(), "no log was read");
            assert_logs_are_silent(&lines);
            assert_puts_are_silent(&self.puts());
            self.assert_all_was_allowed();
        }
    }
}

fn show_last(lines: &[String]) {
    let from = lines.len().saturating_sub(MOST_LINES_SHOWN);
    lines[from..].iter().for_each(|line| println!("{line}"));
}

/// Metrics are lines of the log.
fn assert_logs_are_silent(lines: &[String]) {
    let words = [all_secrets(), keys(), vec![ACCOUNTS_DOMAIN, "panicked at"]].concat();
    assert_silent("a log or a metric", lines.join("\n").as_bytes(), &words);
}

fn assert_puts_are_silent(puts: &[Put]) {
    let kept_in = |wanted: Keeper| -> Vec<u8> {
        let own = puts.iter().filter(|put| put.keeper == wanted);
        own.flat_map(|put| format!("{}: {}\n", put.caller, put.body).into_bytes()).collect()
    };
    let in_messages = [all_secrets(), keys(), vec![ACCOUNTS_DOMAIN]].concat();
    assert_silent("a message", &kept_in(Keeper::Queue), &in_messages);
    assert_silent("the table", &kept_in(Keeper::Table), &[content(), keys()].concat());
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
