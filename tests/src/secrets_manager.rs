//! Secrets Manager on this machine, in two emulators that we did not write. All tests of a binary that run at a time
//! share one of each; a prefix of its own keeps a test to itself.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "test support: a failure here is a failed test")]

use std::sync::{Arc, Mutex, PoisonError, Weak};

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::config::{BehaviorVersion, Config, Credentials, Region};

use crate::server::Server;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Emulator {
    Ministack,
    Moto,
}

pub const EMULATORS: [Emulator; 2] = [Emulator::Ministack, Emulator::Moto];

static MINISTACK: Mutex<Weak<Server>> = Mutex::new(Weak::new());
static MOTO: Mutex<Weak<Server>> = Mutex::new(Weak::new());

impl Emulator {
    /// The one that runs, or a new one, which ends with the last test that holds it; `None` where it is not installed
    /// and nobody requires it.
    pub fn shared(self) -> Option<Arc<Server>> {
        let standing = match self {
            Emulator::Ministack => &MINISTACK,
            Emulator::Moto => &MOTO,
        };
        let mut standing = standing.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(server) = standing.upgrade() {
            return Some(server);
        }
        let server = Arc::new(self.start()?);
        *standing = Arc::downgrade(&server);
        Some(server)
    }

    fn start(self) -> Option<Server> {
        match self {
            Emulator::Ministack => Server::start("ministack", |command, room, port| {
                let port = port.to_string();
                let address =
                    [("BIND_HOST", "127.0.0.1"), ("MINISTACK_HOST", "127.0.0.1"), ("GATEWAY_PORT", &port)];
                command.envs(address).env("LOG_LEVEL", "WARNING").env("TMPDIR", room);
            }),
            Emulator::Moto => Server::start("moto_server", |command, _, port| {
                command.args(["-H", "127.0.0.1", "-p", &port.to_string()]);
            }),
        }
    }
}

/// A client as it would be on AWS, of whatever answers at `url`.
pub fn client(url: &str) -> Client {
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-north-1"))
        .credentials_provider(Credentials::new("111122223333", "none", None, None, "test"))
        .endpoint_url(url);
    Client::from_conf(config.build())
}
