//! One function alone under AWS's Runtime Interface Emulator, furnished as a stack's own function is. There is no
//! queue in front of it and no API.

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

use super::stack::Stack;
use super::tools::{binaries, emulator_of_one_function};
use crate::tools::free_port;

const ATTEMPTS: usize = 1200;
const BETWEEN_ATTEMPTS: Duration = Duration::from_millis(50);

/// It is ended when dropped, and the function with it.
pub struct Alone {
    process: Child,
    url: String,
    client: reqwest::Client,
    room: TempDir,
}

impl Alone {
    /// `None` where the emulator or the binary is missing and nobody requires it.
    pub async fn start(stack: &Stack, function: &str) -> Option<Self> {
        let (emulator, binary) = (emulator_of_one_function()?, binaries()?.join(function));
        let room = tempfile::tempdir().expect("a temporary folder");
        let log = std::fs::File::create(room.path().join("log")).expect("a log file");
        let (outside, inside) = (free_address(), free_address());
        let process = Command::new(emulator)
            .args(["--runtime-interface-emulator-address", &outside, "--runtime-api-address", &inside])
            .arg(binary)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .envs(stack.variables_of(function).await)
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a file"))
            .stderr(log)
            .spawn()
            .expect("the emulator starts");
        let url = format!("http://{outside}/2015-03-31/functions/function/invocations");
        let client = reqwest::Client::builder().no_proxy().build().expect("a client can be built");
        let alone = Self { process, url, client, room };
        alone.wait(&outside).await;
        Some(alone)
    }

    async fn wait(&self, address: &str) {
        for _ in 0..ATTEMPTS {
            if tokio::net::TcpStream::connect(address).await.is_ok() {
                return;
            }
            tokio::time::sleep(BETWEEN_ATTEMPTS).await;
        }
        panic!("the emulator does not answer: {}", self.log());
    }

    /// Its answer, or the document of its error.
    pub async fn invoke(&self, event: &Value) -> Value {
        let answer = self.client.post(&self.url).body(event.to_string()).send().await.expect("an answer");
        let text = answer.text().await.unwrap_or_default();
        serde_json::from_str(&text).unwrap_or(Value::String(text))
    }

    /// Nothing panicked and no process ended.
    pub fn assert_calm(&self) {
        let log = self.log();
        for word in ["panicked", "Runtime exited", "exit status"] {
            assert!(!log.contains(word), "{log}");
        }
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.room.path().join("log")).unwrap_or_default()
    }
}

impl Drop for Alone {
    fn drop(&mut self) {
        // It ends its function when it is asked to end, and would leave it behind when killed.
        let id = self.process.id().to_string();
        let _ = Command::new("kill").args(["-TERM", &id]).status();
        let _ = self.process.wait();
    }
}

fn free_address() -> String {
    format!("127.0.0.1:{}", free_port())
}
