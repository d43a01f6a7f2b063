//! A real CalDAV server for one test: Radicale, with a store of its own.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "test support: a failure here is a failed test")]

use std::path::{Path, PathBuf};

use crate::server::Server;

/// The only user.
pub const USERNAME: &str = "clinician";
pub const PASSWORD: &str = "secret-ada";

/// A running server.
pub struct Radicale(Server);

impl Radicale {
    /// `None` where it is not installed and nobody requires it.
    pub fn start() -> Option<Self> {
        let server = Server::start("radicale", |command, room, port| {
            command.arg("--config").arg(configure(room, port));
        });
        server.map(Self)
    }

    /// Where it answers, without a last slash.
    pub fn url(&self) -> String {
        self.0.url()
    }

    /// How many requests of this method it has seen.
    pub fn count_requests(&self, method: &str) -> usize {
        self.0.log().matches(&format!("{method} request for")).count()
    }

    /// From now on only this password is accepted.
    pub fn change_password(&self, password: &str) {
        std::fs::write(self.0.room().join("users"), format!("{USERNAME}:{password}\n")).expect("a user file");
    }
}

fn configure(room: &Path, port: u16) -> PathBuf {
    let users = room.join("users");
    std::fs::write(&users, format!("{USERNAME}:{PASSWORD}\n")).expect("a user file");
    let config = room.join("config");
    let text = format!(
        "[server]\nhosts = 127.0.0.1:{port}\n\
         [auth]\ntype = htpasswd\nhtpasswd_filename = {}\nhtpasswd_encryption = plain\ndelay = 0\n\
         [storage]\nfilesystem_folder = {}\n[logging]\nlevel = info\n",
        users.display(),
        room.join("store").display()
    );
    std::fs::write(&config, text).expect("a configuration");
    config
}
