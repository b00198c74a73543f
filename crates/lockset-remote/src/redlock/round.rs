//! Exchanges with several nodes, all under way at once.

use core::future::poll_fn;
use core::pin::Pin;
use core::task::Poll;

/// An exchange with one node that needs nobody to stay.
pub(super) type Exchange<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// What is under way, each with the number of its node.
pub(super) struct Round<T>(Vec<(usize, Exchange<T>)>);

impl<T> Round<T> {
    pub(super) const fn new() -> Self {
        Self(Vec::new())
    }

    pub(super) fn push(&mut self, node: usize, exchange: Exchange<T>) {
        self.0.push((node, exchange));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The next to end; nothing if none is under way. Cancel-safe.
    ///
    /// Whatever wakes it, all are looked at: they are as few as a quorum has nodes.
    pub(super) async fn next(&mut self) -> Option<(usize, T)> {
        poll_fn(|context| {
            for at in 0..self.0.len() {
                if let Poll::Ready(answer) = self.0[at].1.as_mut().poll(context) {
                    return Poll::Ready(Some((self.0.swap_remove(at).0, answer)));
                }
            }
            if self.0.is_empty() { Poll::Ready(None) } else { Poll::Pending }
        })
        .await
    }

    /// Waits for all of them.
    pub(super) async fn all(mut self) {
        while self.next().await.is_some() {}
    }

    /// Has them come to their ends in the background.
    pub(super) fn see_through(self)
    where
        T: Send + 'static,
    {
        if !self.is_empty() {
            tokio::spawn(self.all());
        }
    }
}

impl<T> FromIterator<(usize, Exchange<T>)> for Round<T> {
    fn from_iter<I: IntoIterator<Item = (usize, Exchange<T>)>>(exchanges: I) -> Self {
        Self(exchanges.into_iter().collect())
    }
}

impl<T> IntoIterator for Round<T> {
    type Item = (usize, Exchange<T>);
    type IntoIter = std::vec::IntoIter<Self::Item>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}
