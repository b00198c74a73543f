//! Who of this process waits for a push, and for what.

use core::hash::{BuildHasherDefault, Hasher};
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
pub(super) struct Waiting(Mutex<Waiters>);

type Waiters = HashMap<RequestId, Waiter, BuildHasherDefault<Drawn>>;

#[derive(Debug)]
struct Waiter {
    /// The channel that its push comes by, and with which it goes.
    channel: Arc<str>,
    /// A moment on both clocks: an instant, and the server's time in microseconds, which it had no
    /// earlier than that. It comes with the answer to the attempt.
    mark: Option<(Instant, u64)>,
    /// A push that nobody has listened to yet.
    push: Option<(Push, Instant)>,
    /// Whoever listens.
    news: Option<oneshot::Sender<News>>,
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
        let channel = Arc::clone(channel);
        self.lock().insert(id, Waiter { channel, mark: None, push: None, news: None });
    }

    /// The server's time was `micros` at some moment after `asked`.
    pub(super) fn mark(&self, id: RequestId, asked: Instant, micros: u64) {
        if let Some(waiter) = self.lock().get_mut(&id) {
            waiter.mark = Some((asked, micros));
        }
    }

    /// Where the news for `id` comes, if it is expected.
    pub(super) fn listen(&self, id: RequestId) -> Option<oneshot::Receiver<News>> {
        let (news, listener) = oneshot::channel();
        let mut waiters = self.lock();
        let waiter = waiters.get_mut(&id)?;
        waiter.news = Some(news);
        waiter.tell();
        Some(listener)
    }

    pub(super) fn forget(&self, id: RequestId) {
        self.lock().remove(&id);
    }

    /// A push for `id` has come by `channel`.
    ///
    /// One that comes by another than the waiter's is of a connection that had been given up, and
    /// may be of a lease that is long over: the waiter has asked anew since, and has its answer.
    pub(super) fn hand_over(&self, id: RequestId, channel: &str, push: Push, now: Instant) {
        if let Some(waiter) = self.lock().get_mut(&id)
            && *waiter.channel == *channel
        {
            waiter.push = Some((push, now));
            waiter.tell();
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

    fn lock(&self) -> MutexGuard<'_, Waiters> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiter {
    /// Passes a push on, if there is one and somebody listens.
    fn tell(&mut self) {
        let (Some((asked, then)), Some((push, now)), true) =
            (self.mark, self.push, self.news.is_some())
        else {
            return;
        };
        // Older than the answer to the attempt, which would have told of it: it is over since.
        let Some(after) = push.micros.checked_sub(then) else {
            self.push = None;
            return;
        };
        let since = no_later_than(asked, after).min(now);
        if let Some(news) = self.news.take() {
            drop(news.send(News::Granted(Grant::new(push.fence, since))));
        }
    }
}

/// An instant that is certainly no later than `micros` of the server's time after `asked`: by a
/// hundredth less, since its clock may run fast, and by the tick in which it was read.
fn no_later_than(asked: Instant, micros: u64) -> Instant {
    asked + Duration::from_micros((micros - micros / 100).saturating_sub(1000))
}

/// No hash of a request id, but half of it: ids are drawn at random, so that there is nothing to
/// spread, and every attempt comes by here.
#[derive(Default)]
struct Drawn(u64);

impl Hasher for Drawn {
    fn write_u128(&mut self, id: u128) {
        let [half @ .., _, _, _, _, _, _, _, _] = id.to_ne_bytes();
        self.0 = u64::from_ne_bytes(half);
    }

    fn write(&mut self, bytes: &[u8]) {
        // Not by an id; whatever comes is taken in.
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn finish(&self) -> u64 {
        self.0
    }
}
