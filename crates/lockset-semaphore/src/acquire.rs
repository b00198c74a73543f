//! One request, from asking to being granted: what threads and tasks alike wait with.

use core::cell::Cell;
use core::fmt;
use core::pin::{Pin, pin};
use core::task::{Context, Poll, Waker};
use core::time::Duration;

use lockset_api::Deadline;

use crate::list::is_in_queue;
use crate::node::{Fate, Node, Wake};
use crate::queue::Joined;
use crate::word::Try;
use crate::{AcquireError, Handle, Permit, Policy, SemaphoreWith, sync};

/// The future of [`SemaphoreWith::acquire_async`] and
/// [`acquire_owned_async`](SemaphoreWith::acquire_owned_async).
///
/// Nothing happens before the first poll. Cancel-safe: dropped, it gives up its place in the queue
/// and gives back what was granted to it meanwhile.
#[must_use = "a future does nothing unless it is awaited"]
pub struct Acquire<S: Handle> {
    semaphore: S,
    stage: Cell<Stage>,
    node: Node,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Not polled yet.
    New,
    /// The node has joined the queue; its fate says how it is.
    Queued,
    /// Answered.
    Done,
}

// SAFETY: a `&Acquire` can do nothing but print what it wants, which never changes: the stage is
// used by those who have it pinned and to themselves.
unsafe impl<S: Handle + Sync> Sync for Acquire<S> {}

/// How long a thread looks on before it goes to sleep: about what sleeping and waking up take. It
/// loses no more by looking on in vain than it gains if the permits come soon.
const AWAKE: Duration = Duration::from_micros(5);
/// The same for one that has been called, and so is the only one of the queue that is awake: it was
/// expensive to wake, and others wait for it to be done.
const CALLED: Duration = Duration::from_micros(20);

impl<S: Handle> Acquire<S> {
    pub(crate) fn new(semaphore: S, wants: usize) -> Self {
        Self { semaphore, stage: Cell::new(Stage::New), node: Node::new(wants) }
    }

    fn semaphore(&self) -> &SemaphoreWith<S::Policy> {
        self.semaphore.semaphore()
    }

    fn node(self: Pin<&Self>) -> Pin<&Node> {
        // SAFETY: the node is pinned if this is: it is not moved out of it, nor anything else done
        // with it when this is dropped than what `Drop` does below.
        unsafe { self.map_unchecked(|acquire| &acquire.node) }
    }

    /// One step of waiting, for the task of `waker` or for this thread. Until it is ready, whoever
    /// that is will be woken.
    #[inline]
    fn advance(self: Pin<&Self>, waker: Option<&Waker>) -> Poll<Result<(), AcquireError>> {
        let answer = match self.stage.get() {
            Stage::New => match self.semaphore().take(self.node.wants) {
                Try::Taken => Poll::Ready(Ok(())),
                Try::Closed => Poll::Ready(Err(AcquireError::Closed)),
                Try::Busy => self.join(waker),
            },
            Stage::Queued => self.look(waker),
            Stage::Done => panic!("`Acquire` was polled again after it was ready"),
        };
        if answer.is_ready() {
            self.stage.set(Stage::Done);
        }
        answer
    }

    #[cold]
    fn join(self: Pin<&Self>, waker: Option<&Waker>) -> Poll<Result<(), AcquireError>> {
        // Cloned, and dropped if it is not needed, outside the lock: both are somebody else's code.
        let mut wake = Some(Wake::of(waker));
        let semaphore = self.semaphore();
        let node = self.node();
        let mut queue = semaphore.queue.lock();
        // SAFETY: the node is new; and `Drop` takes it out of the queue.
        let joined = unsafe { queue.join(semaphore.context(), node, &mut wake) };
        drop(queue);
        match joined {
            Joined::Queued => {
                self.stage.set(Stage::Queued);
                Poll::Pending
            }
            Joined::Granted => Poll::Ready(Ok(())),
            Joined::Closed => Poll::Ready(Err(AcquireError::Closed)),
            Joined::TooMany => Poll::Ready(Err(self.too_many())),
        }
    }

    fn too_many(&self) -> AcquireError {
        AcquireError::TooMany { asked: self.node.wants, limit: self.semaphore().limit() }
    }

    /// Looks what has become of the request since it joined the queue.
    fn look(self: Pin<&Self>, waker: Option<&Waker>) -> Poll<Result<(), AcquireError>> {
        match self.node.fate() {
            Fate::Waits => self.wait_on(waker),
            Fate::Called => self.answer_call(waker),
            Fate::Granted => Poll::Ready(Ok(())),
            Fate::Closed => Poll::Ready(Err(AcquireError::Closed)),
            Fate::Refused => Poll::Ready(Err(self.too_many())),
        }
    }

    /// A task may have another waker each time; a thread is the one it was.
    fn wait_on(self: Pin<&Self>, waker: Option<&Waker>) -> Poll<Result<(), AcquireError>> {
        let Some(waker) = waker else { return Poll::Pending };
        let mut wake = Some(Wake::of(Some(waker)));
        let mut queue = self.semaphore().queue.lock();
        let still_waits = self.node.fate() == Fate::Waits;
        if still_waits {
            // SAFETY: by its fate it is in the queue.
            wake = unsafe { queue.renew(&self.node, wake) };
        }
        drop(queue);
        drop(wake);
        if still_waits { Poll::Pending } else { self.look(Some(waker)) }
    }

    /// Takes the permits, if nobody has been quicker.
    fn answer_call(self: Pin<&Self>, waker: Option<&Waker>) -> Poll<Result<(), AcquireError>> {
        let semaphore = self.semaphore();
        let mut found = semaphore.take(self.node.wants);
        if found == Try::Busy && waker.is_none() {
            sync::spin(CALLED, || {
                found = semaphore.take(self.node.wants);
                found != Try::Busy
            });
        }
        let mut wake = (found == Try::Busy).then(|| Wake::of(waker));
        let fate = semaphore.visit(|queue| {
            let fate = self.node.fate();
            if fate == Fate::Called {
                match found {
                    // SAFETY: by its fate it is in the queue.
                    Try::Busy => unsafe { queue.call_off(&self.node, &mut wake) },
                    // SAFETY: as above.
                    _ => wake = unsafe { queue.leave(&self.node) },
                }
            }
            fate
        });
        match (found, fate) {
            (Try::Taken, _) => Poll::Ready(Ok(())),
            (Try::Closed, _) | (_, Fate::Closed) => Poll::Ready(Err(AcquireError::Closed)),
            (Try::Busy, Fate::Refused) => Poll::Ready(Err(self.too_many())),
            (Try::Busy, _) => Poll::Pending,
        }
    }

    /// Gives up, with the wake-up or the permits that may have come meanwhile.
    #[cold]
    fn give_up(&self) {
        let semaphore = self.semaphore();
        let mut wake = None;
        let fate = semaphore.visit(|queue| {
            let fate = self.node.fate();
            if is_in_queue(fate) {
                // SAFETY: by its fate it is in the queue.
                wake = unsafe { queue.leave(&self.node) };
            }
            fate
        });
        if fate == Fate::Granted {
            semaphore.release(self.node.wants);
        }
    }
}

impl<S: Handle> Future for Acquire<S> {
    type Output = Result<Permit<S>, AcquireError>;

    /// # Panics
    ///
    /// When polled again after it was ready, as futures may.
    #[inline]
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.as_ref();
        let answer = this.advance(Some(context.waker()));
        answer.map_ok(|()| Permit::new(this.semaphore.clone(), this.node.wants))
    }
}

impl<S: Handle> Drop for Acquire<S> {
    #[inline]
    fn drop(&mut self) {
        if self.stage.get() == Stage::Queued {
            self.give_up();
        }
    }
}

/// Blocks this thread until the permits are granted or `deadline` has passed; `None` then.
#[inline]
pub(crate) fn acquire_until<S: Handle>(
    semaphore: S,
    n: usize,
    deadline: Deadline,
) -> Result<Option<Permit<S>>, AcquireError> {
    match semaphore.semaphore().take(n) {
        Try::Taken => Ok(Some(Permit::new(semaphore, n))),
        Try::Closed => Err(AcquireError::Closed),
        Try::Busy => wait(semaphore, n, deadline),
    }
}

#[cold]
fn wait<S: Handle>(
    semaphore: S,
    n: usize,
    deadline: Deadline,
) -> Result<Option<Permit<S>>, AcquireError> {
    if S::Policy::RULES.is_open {
        let mut taken = false;
        sync::spin(AWAKE, || {
            taken = semaphore.semaphore().take(n) == Try::Taken;
            taken
        });
        if taken {
            return Ok(Some(Permit::new(semaphore, n)));
        }
    }
    let acquire = pin!(Acquire::new(semaphore.clone(), n));
    let acquire = acquire.as_ref();
    loop {
        if let Poll::Ready(answer) = acquire.advance(None) {
            return answer.map(|()| Some(Permit::new(semaphore, n)));
        }
        if sync::has_passed(deadline) {
            return Ok(None);
        }
        if !sync::spin(AWAKE, || !acquire.node.still_waits()) {
            sync::park(deadline);
        }
    }
}

impl<S: Handle> fmt::Debug for Acquire<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Acquire").field("wants", &self.node.wants).finish_non_exhaustive()
    }
}
