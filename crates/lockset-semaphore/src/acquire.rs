//! One request, from asking to being granted: what threads and tasks alike wait with.

use core::cell::Cell;
use core::fmt;
use core::pin::{Pin, pin};
use core::task::{Context, Poll, Waker};
use core::time::Duration;

use lockset_api::Deadline;

use crate::list::is_in_queue;
use crate::node::{Fate, Node, Wake};
use crate::queue::{Joined, Place};
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
    /// The node has joined the queue, there; its fate says how it is.
    Queued(Place),
    /// Answered.
    Done,
}

// SAFETY: a `&Acquire` can do nothing but print what it wants, which never changes: the stage is
// used by those who have it pinned and to themselves.
unsafe impl<S: Handle + Sync> Sync for Acquire<S> {}

/// What one step of waiting has come to.
type Advance<S> = Poll<Result<Permit<S>, AcquireError>>;

const POLLED_AGAIN: &str = "`Acquire` was polled again after it was ready";

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
    fn advance(self: Pin<&Self>, waker: Option<&Waker>) -> Advance<S> {
        let answer = match self.stage.get() {
            Stage::New => match self.semaphore().take(self.node.wants) {
                Try::Taken => Poll::Ready(Ok(self.permit())),
                Try::Closed => Poll::Ready(Err(AcquireError::Closed)),
                Try::Busy => self.join(waker),
            },
            Stage::Queued(_) => self.look(waker),
            Stage::Done => panic!("{POLLED_AGAIN}"),
        };
        if answer.is_ready() {
            self.stage.set(Stage::Done);
        }
        answer
    }

    /// What has been taken: from here on it is given back whatever happens.
    fn permit(&self) -> Permit<S> {
        Permit::new(self.semaphore.clone(), self.node.wants)
    }

    #[cold]
    fn join(self: Pin<&Self>, waker: Option<&Waker>) -> Advance<S> {
        // Cloned, and dropped if it is not needed, outside the lock: both are somebody else's code.
        let mut wake = Some(Wake::of(waker));
        let semaphore = self.semaphore();
        let node = self.node();
        let mut queue = semaphore.queue.lock();
        // SAFETY: the node is new; and `Drop` takes it out of the queue.
        let joined = unsafe { queue.join(semaphore.context(), node, &mut wake) };
        drop(queue);
        match joined {
            Joined::Queued(place) => {
                self.stage.set(Stage::Queued(place));
                Poll::Pending
            }
            Joined::Granted => {
                let permit = self.permit();
                drop(wake);
                Poll::Ready(Ok(permit))
            }
            Joined::Closed => Poll::Ready(Err(AcquireError::Closed)),
            Joined::TooMany => Poll::Ready(Err(self.too_many())),
        }
    }

    fn too_many(&self) -> AcquireError {
        AcquireError::TooMany { asked: self.node.wants, limit: self.semaphore().limit() }
    }

    /// Looks what has become of the request since it joined the queue.
    fn look(self: Pin<&Self>, waker: Option<&Waker>) -> Advance<S> {
        match self.node.fate() {
            Fate::Waits => self.wait_on(waker),
            Fate::Called => self.answer_call(waker),
            Fate::Granted => Poll::Ready(Ok(self.permit())),
            Fate::Closed => Poll::Ready(Err(AcquireError::Closed)),
            Fate::Refused => Poll::Ready(Err(self.too_many())),
            Fate::Left => panic!("{POLLED_AGAIN}"),
        }
    }

    /// A task may have another waker each time; a thread is the one it was.
    fn wait_on(self: Pin<&Self>, waker: Option<&Waker>) -> Advance<S> {
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
    fn answer_call(self: Pin<&Self>, waker: Option<&Waker>) -> Advance<S> {
        let semaphore = self.semaphore();
        let mut found = semaphore.take(self.node.wants);
        if found == Try::Busy && waker.is_none() {
            sync::spin(CALLED, || {
                found = semaphore.take(self.node.wants);
                found != Try::Busy
            });
        }
        let permit = (found == Try::Taken).then(|| self.permit());
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
        drop(wake);
        match (permit, found, fate) {
            (Some(permit), ..) => Poll::Ready(Ok(permit)),
            (_, Try::Closed, _) | (.., Fate::Closed) => Poll::Ready(Err(AcquireError::Closed)),
            (.., Fate::Refused) => Poll::Ready(Err(self.too_many())),
            _ => Poll::Pending,
        }
    }

    /// Gives up, with the wake-up or the permits that may have come meanwhile.
    #[cold]
    fn give_up(&self) {
        let semaphore = self.semaphore();
        let mut wake = None;
        semaphore.visit(|queue| {
            let fate = self.node.fate();
            if is_in_queue(fate) {
                // SAFETY: by its fate it is in the queue.
                wake = unsafe { queue.leave(&self.node) };
            } else if fate == Fate::Granted {
                semaphore.give_back(self.node.wants);
            }
        });
    }
}

impl<S: Handle> Future for Acquire<S> {
    type Output = Result<Permit<S>, AcquireError>;

    /// # Panics
    ///
    /// When polled again after it was ready, as futures may; and when a waker panics that is called
    /// here, since this one passes on what it does not need. Nothing is lost then.
    #[inline]
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.as_ref();
        this.advance(Some(context.waker()))
    }
}

impl<S: Handle> Drop for Acquire<S> {
    #[inline]
    fn drop(&mut self) {
        if matches!(self.stage.get(), Stage::Queued(_)) {
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
    let acquire = pin!(Acquire::new(semaphore, n));
    let acquire = acquire.as_ref();
    loop {
        if let Poll::Ready(answer) = acquire.advance(None) {
            return answer.map(Some);
        }
        if sync::has_passed(deadline) {
            return Ok(None);
        }
        // Who is not first would keep a processor from those who are served before.
        let is_next = acquire.stage.get() == Stage::Queued(Place::First);
        let looks_on = is_next && !S::Policy::RULES.is_open;
        if !looks_on || !sync::spin(AWAKE, || !acquire.node.still_waits()) {
            sync::park(deadline);
        }
    }
}

impl<S: Handle> fmt::Debug for Acquire<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Acquire").field("wants", &self.node.wants).finish_non_exhaustive()
    }
}
