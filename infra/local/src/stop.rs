//! Being asked to stop, by Ctrl-C or SIGTERM. It does not stop anything itself.

use std::time::Duration;

use tokio::signal::ctrl_c;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

/// How long what runs is waited for. What a sync leaves undone is owed in the table.
pub const GRACE: Duration = Duration::from_secs(5);

/// Tells whoever waits. Cheap to clone.
#[derive(Clone)]
pub struct Stopping {
    asked: watch::Receiver<Asked>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Asked {
    NotYet,
    Yes,
}

impl Stopping {
    /// Listens from now on. A second signal ends the process as signals do, since we listen to the first only.
    pub fn on_signal() -> Self {
        let (tell, asked) = watch::channel(Asked::NotYet);
        tokio::spawn(async move {
            wait_for_signal().await;
            tracing::info!("asked to stop; another signal stops at once");
            tell.send_replace(Asked::Yes);
            wait_for_signal().await;
            std::process::exit(130);
        });
        Self { asked }
    }

    /// Returns once somebody has asked and [`GRACE`] has passed.
    pub async fn over(self) {
        self.asked().await;
        tokio::time::sleep(GRACE).await;
    }

    /// Returns once somebody has asked.
    pub async fn asked(mut self) {
        // The sender lives as long as the process.
        drop(self.asked.wait_for(|asked| *asked == Asked::Yes).await);
    }
}

async fn wait_for_signal() {
    match signal(SignalKind::terminate()) {
        Ok(mut terminate) => tokio::select! {
            _ = ctrl_c() => {}
            _ = terminate.recv() => {}
        },
        Err(error) => {
            tracing::warn!(%error, "SIGTERM cannot be listened to");
            drop(ctrl_c().await);
        }
    }
}
