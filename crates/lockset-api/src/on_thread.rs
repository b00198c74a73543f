//! From a blocking lock to an async one.

use core::fmt;
use core::task::{Poll, Waker};
use std::future::poll_fn;
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use crate::{AsyncLock, AsyncSharedLock, Deadline, Lock, SharedLock};

/// The async front of a blocking lock: each wait, and the hold that follows, has a thread of its
/// own.
///
/// The thread takes the lock, keeps the guard while the async guard lives, and drops it there: so
/// it serves every lock, also one whose guard must not leave its thread. It costs a thread a
/// holder and a waiter; a lock with an async front of its own is always the better choice.
///
/// A wait with a deadline ends exactly as the lock's own. A *dropped* future cannot interrupt a
/// blocking call: its thread stays in the queue, and should the lock be granted to it, gives it
/// back at once.
///
/// ```
/// use lockset_api::{AsyncLock, OnThread, block_on};
///
/// let lock = OnThread::new(parking_lot::Mutex::new(()));
/// block_on(async {
///     let guard = lock.lock_async().await.unwrap();
///     assert!(lock.try_lock_async().await.unwrap().is_none());
///     drop(guard);
/// });
/// ```
#[derive(Debug)]
pub struct OnThread<L>(Arc<L>);

/// Holds a lock that a thread of its own has taken; dropping it returns once that thread has let
/// the lock go.
#[must_use = "dropping the guard gives the lock back"]
pub struct OnThreadGuard {
    release: Option<Sender<()>>,
    released: Receiver<()>,
}

impl<L> OnThread<L> {
    /// The async front of `lock`.
    pub fn new(lock: L) -> Self {
        Self(Arc::new(lock))
    }
}

impl<L: Lock + Send + Sync + 'static> OnThread<L> {
    /// Runs `take` on a thread of its own and waits for its answer.
    async fn wait(&self, take: Take<L>, deadline: Deadline) -> Answer<L::Error> {
        let reply = Arc::new(Reply::default());
        let (lock, to) = (Arc::clone(&self.0), Arc::clone(&reply));
        thread::Builder::new()
            .name("lockset-wait".into())
            .spawn(move || take(&lock, deadline, &to))
            .expect("the process can start one more thread");
        let wait = Wait(reply);
        poll_fn(|context| wait.0.poll(context.waker())).await
    }

    async fn wait_forever(&self, take: Take<L>) -> Result<OnThreadGuard, L::Error> {
        loop {
            if let Some(guard) = self.wait(take, Deadline::NEVER).await? {
                return Ok(guard);
            }
        }
    }
}

/// How the thread takes the lock: [`exclusive`] or [`shared`].
type Take<L> = fn(&L, Deadline, &Reply<<L as Lock>::Error>);

fn exclusive<L: Lock>(lock: &L, deadline: Deadline, reply: &Reply<L::Error>) {
    hold(lock.lock_until(deadline), reply);
}

fn shared<L: SharedLock>(lock: &L, deadline: Deadline, reply: &Reply<L::Error>) {
    hold(lock.read_until(deadline), reply);
}

impl<L: Lock + Send + Sync + 'static> AsyncLock for OnThread<L> {
    type Guard<'a> = OnThreadGuard;
    type Error = L::Error;

    async fn lock_async(&self) -> Result<OnThreadGuard, L::Error> {
        self.wait_forever(exclusive).await
    }

    async fn try_lock_async(&self) -> Answer<L::Error> {
        self.wait(exclusive, Deadline::after(Duration::ZERO)).await
    }

    async fn lock_until_async(&self, deadline: Deadline) -> Answer<L::Error> {
        self.wait(exclusive, deadline).await
    }
}

impl<L: SharedLock + Send + Sync + 'static> AsyncSharedLock for OnThread<L> {
    type SharedGuard<'a> = OnThreadGuard;

    async fn read_async(&self) -> Result<OnThreadGuard, L::Error> {
        self.wait_forever(shared).await
    }

    async fn try_read_async(&self) -> Answer<L::Error> {
        self.wait(shared, Deadline::after(Duration::ZERO)).await
    }

    async fn read_until_async(&self, deadline: Deadline) -> Answer<L::Error> {
        self.wait(shared, deadline).await
    }
}

/// What the thread does once it was granted the lock: say so, and keep the guard until told.
fn hold<G, E>(granted: Result<Option<G>, E>, reply: &Reply<E>) {
    let guard = match granted {
        Ok(Some(guard)) => guard,
        Ok(None) => return drop(reply.send(Ok(None))),
        Err(error) => return drop(reply.send(Err(error))),
    };
    let (release, told) = mpsc::channel();
    let (done, released) = mpsc::channel::<()>();
    let handle = OnThreadGuard { release: Some(release), released };
    let unwanted = reply.send(Ok(Some(handle)));
    if unwanted.is_none() {
        // Nothing is ever sent: the call returns when the guard has dropped its end.
        let _ = told.recv();
    }
    drop(guard);
    // Before the unwanted handle, which waits for this.
    drop(done);
    drop(unwanted);
}

impl Drop for OnThreadGuard {
    fn drop(&mut self) {
        drop(self.release.take());
        // Nothing is ever sent: the call returns when the thread has dropped its end.
        let _ = self.released.recv();
    }
}

/// The future's end of a [`Reply`]; dropped, it refuses an answer that has not come yet.
struct Wait<E>(Arc<Reply<E>>);

impl<E> Drop for Wait<E> {
    fn drop(&mut self) {
        let mut slot = self.0.lock();
        slot.abandoned = true;
        let unread = slot.answer.take();
        // Dropping a guard waits for its thread, so not with the slot locked.
        drop(slot);
        drop(unread);
    }
}

type Answer<E> = Result<Option<OnThreadGuard>, E>;

/// One answer from the thread to the future.
struct Reply<E>(Mutex<Slot<E>>);

struct Slot<E> {
    answer: Option<Answer<E>>,
    waker: Option<Waker>,
    abandoned: bool,
}

impl<E> Reply<E> {
    /// Answers the future; gives the answer back if the future is gone.
    fn send(&self, answer: Answer<E>) -> Option<Answer<E>> {
        let mut slot = self.lock();
        if slot.abandoned {
            return Some(answer);
        }
        slot.answer = Some(answer);
        let waker = slot.waker.take();
        drop(slot);
        if let Some(waker) = waker {
            waker.wake();
        }
        None
    }

    fn poll(&self, waker: &Waker) -> Poll<Answer<E>> {
        // Cloned and dropped outside the lock: both are somebody else's code.
        let waker = waker.clone();
        let mut slot = self.lock();
        if let Some(answer) = slot.answer.take() {
            return Poll::Ready(answer);
        }
        let before = slot.waker.replace(waker);
        drop(slot);
        drop(before);
        Poll::Pending
    }

    fn lock(&self) -> MutexGuard<'_, Slot<E>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<E> Default for Reply<E> {
    fn default() -> Self {
        Self(Mutex::new(Slot { answer: None, waker: None, abandoned: false }))
    }
}

impl fmt::Debug for OnThreadGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OnThreadGuard").finish_non_exhaustive()
    }
}
