//! Something that happens once, and that many may wait for.

use tokio::sync::watch;

#[derive(Debug)]
pub(super) struct Flag(watch::Sender<bool>);

impl Default for Flag {
    fn default() -> Self {
        Self(watch::Sender::new(false))
    }
}

impl Flag {
    pub(super) fn set(&self) {
        self.0.send_replace(true);
    }

    pub(super) fn is_set(&self) -> bool {
        *self.0.borrow()
    }

    /// Resolves when it is set, at once if it is already. Cancel-safe.
    pub(super) async fn wait(&self) {
        // The sender is here, so the wait ends with the flag and in no other way.
        drop(self.0.subscribe().wait_for(|set| *set).await);
    }
}
