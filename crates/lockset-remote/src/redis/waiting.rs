//! Who of this process waits for a push, and for what.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use lockset_api::Fence;
use tokio::sync::oneshot;

use crate::RequestId;
use crate::store::Grant;

/// The requests that stand in line on a server, by their ids.
///
/// A request is here before it is sent, since the push can come before the answer does, and until
/// it has been granted or released. A push that finds nobody here is of no consequence: whoever
/// gives up releases the request, which gives back what was pushed.
#[derive(Debug, Default)]
pub(super) struct Waiting(Mutex<HashMap<RequestId, Waiter>>);

#[derive(Debug)]
struct Waiter {
    /// The channel that its push comes by, and with which it goes.
    channel: Arc<str>,
    /// A moment on both clocks: an instant, and the server's time in microseconds, which it had no
    /// earlier than that.
    mark: Option<(Instant, u64)>,
    /// A push that has overtaken the answer to the attempt, with which the mark comes.
    early: Option<Push>,
    /// Taken by the first news, which is the last.
    news: Option<oneshot::Sender<News>>,
    /// Taken by whoever waits.
    listener: Option<oneshot::Receiver<News>>,
}

/// The lock was handed over, when the server's time was `micros`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Push {
    pub(super) fence: Fence,
    pub(super) micros: u64,
}

/// What a waiter hears.
#[derive(Debug)]
pub(super) enum News {
    Granted(Grant),
    /// The connection is gone: nothing more will come by it.
    Disconnected,
}

impl Waiting {
    /// Expects a push for `id` by `channel`.
    pub(super) fn expect(&self, id: RequestId, channel: &Arc<str>) {
        let (news, listener) = oneshot::channel();
        let channel = Arc::clone(channel);
        let (news, listener) = (Some(news), Some(listener));
        self.lock().insert(id, Waiter { channel, mark: None, early: None, news, listener });
    }

    /// The server's time was `micros` at some moment after `asked`.
    pub(super) fn mark(&self, id: RequestId, asked: Instant, micros: u64, now: Instant) {
        let mut waiters = self.lock();
        let Some(waiter) = waiters.get_mut(&id) else { return };
        waiter.mark = Some((asked, micros));
        let early = waiter.early.take();
        drop(waiters);
        if let Some(push) = early {
            self.hand_over(id, push, now);
        }
    }

    /// Where the news for `id` comes, if it is expected.
    pub(super) fn listen(&self, id: RequestId) -> Option<oneshot::Receiver<News>> {
        self.lock().get_mut(&id)?.listener.take()
    }

    pub(super) fn forget(&self, id: RequestId) {
        self.lock().remove(&id);
    }

    /// A push for `id` has come.
    pub(super) fn hand_over(&self, id: RequestId, push: Push, now: Instant) {
        let mut waiters = self.lock();
        let Some(waiter) = waiters.get_mut(&id) else { return };
        let Some((asked, then)) = waiter.mark else {
            waiter.early = Some(push);
            return;
        };
        let since = no_later_than(asked, push.micros.saturating_sub(then)).min(now);
        let grant = News::Granted(Grant::new(push.fence, since));
        if let Some(news) = waiter.news.take() {
            drop(news.send(grant));
        }
    }

    /// No push will come by this channel any more.
    pub(super) fn disconnect(&self, channel: &str) {
        let mut waiters = self.lock();
        let gone: Vec<_> = waiters
            .extract_if(|_, waiter| *waiter.channel == *channel)
            .filter_map(|(_, waiter)| waiter.news)
            .collect();
        drop(waiters);
        for news in gone {
            drop(news.send(News::Disconnected));
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<RequestId, Waiter>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An instant that is certainly no later than `micros` of the server's time after `asked`: by a
/// hundredth less, since its clock may run fast, and by the tick in which it was read.
fn no_later_than(asked: Instant, micros: u64) -> Instant {
    asked + Duration::from_micros((micros - micros / 100).saturating_sub(1000))
}
