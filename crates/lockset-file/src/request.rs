//! One request for the lock, from asking to being granted: what threads and tasks alike wait with.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use lockset_api::{Deadline, Error};

use crate::errands::Errands;
use crate::explain::explain;
use crate::guard::FileGuard;
use crate::inode::Inode;
use crate::options::{Handle, Place};
use crate::sync::{has_passed, park, spin};
use crate::sys::{Answer, Mode};
use crate::waiter::{Fate, Patience, Waiter, Wake};

/// How long a thread looks on before it goes to sleep: about what sleeping and waking up take.
const AWAKE: Duration = Duration::from_micros(20);
/// The same before it queues up.
const BRIEF: Duration = Duration::from_micros(5);

/// A request, and the future of the async verbs. Nothing happens before the first step.
///
/// Dropped, it gives up its place in the queue, and gives back what was granted to it meanwhile.
#[must_use = "a future does nothing unless it is awaited"]
pub(crate) struct Request {
    handle: Arc<Handle>,
    mode: Mode,
    patience: Patience,
    /// Where it waits, once it does.
    place: Option<(Arc<Inode>, Arc<Waiter>)>,
}

impl Request {
    pub(crate) const fn new(handle: Arc<Handle>, mode: Mode, patience: Patience) -> Self {
        Self { handle, mode, patience, place: None }
    }

    /// Until it is ready, whoever waits with it will be woken.
    fn step(&mut self, waker: Option<&Waker>) -> Poll<Result<FileGuard, Error>> {
        loop {
            let guard = match self.one_step(waker) {
                Poll::Ready(Ok(guard)) => guard,
                other => return other,
            };
            if guard.place()? == Place::Kept {
                return Poll::Ready(Ok(guard.admitted()));
            }
            // Its lock is nobody else's. The one that counts is that of the file at the path.
            guard.let_go();
            self.handle.renew()?;
        }
    }

    fn one_step(&mut self, waker: Option<&Waker>) -> Poll<Result<FileGuard, Error>> {
        // In a forked child it is the parent's place, and what is granted there is the parent's.
        self.place.take_if(|(inode, _)| inode.is_foreign());
        let Some((inode, waiter)) = self.place.clone() else {
            let inode = match self.handle.inode()? {
                Some(later) => later,
                None => Arc::clone(&self.handle.first),
            };
            return self.join(inode, waker);
        };
        loop {
            match waiter.fate() {
                Fate::Waits => match waker {
                    // A task may have another waker each time. It may also have been served
                    // meanwhile, by one who has woken the old one.
                    Some(waker) => {
                        waiter.renew(waker);
                        if waiter.fate() == Fate::Waits {
                            return Poll::Pending;
                        }
                    }
                    None => return Poll::Pending,
                },
                Fate::Called => {
                    let mut state = inode.lock();
                    if waiter.fate() == Fate::Called {
                        state.answer_call(&inode.files, &waiter);
                    }
                }
                Fate::Asks => inode.ask_and_wait(&waiter),
                Fate::Granted => {
                    self.place = None;
                    return Poll::Ready(Ok(self.guard(inode)));
                }
                Fate::Failed => {
                    self.place = None;
                    let error = explain(&self.handle.path, "lock", waiter.take_error());
                    return Poll::Ready(Err(error));
                }
            }
        }
    }

    fn join(&mut self, inode: Arc<Inode>, waker: Option<&Waker>) -> Poll<Result<FileGuard, Error>> {
        // Made outside the lock: a waker is somebody else's code.
        let wake = Wake::of(waker);
        let mut errands = Errands::default();
        let mut state = inode.lock();
        match state.take(&inode.files, self.mode) {
            Ok(Answer::Granted) => {
                drop(state);
                drop(wake);
                return Poll::Ready(Ok(self.guard(inode)));
            }
            Ok(Answer::Busy) => {}
            Err(error) => {
                drop(state);
                return Poll::Ready(Err(explain(&self.handle.path, "lock", error)));
            }
        }
        let waiter = state.join(self.mode, self.patience, wake);
        state.settle(&inode.files, &mut errands);
        drop(state);
        self.place = Some((Arc::clone(&inode), waiter));
        inode.run(errands);
        self.one_step(waker)
    }

    fn guard(&self, inode: Arc<Inode>) -> FileGuard {
        let later = (!Arc::ptr_eq(&inode, &self.handle.first)).then_some(inode);
        FileGuard::new(Arc::clone(&self.handle), later, self.mode)
    }

    /// Looks on for a while, whether it is served soon; before a thread goes to sleep. One that is
    /// not the first leaves the processor to those who are before it.
    fn look_on(&self) {
        let Some((inode, waiter)) = &self.place else { return };
        let hints = &inode.files.hints;
        let may_be_served = || waiter.fate() == Fate::Waits && hints.is_first(waiter.ticket);
        spin(AWAKE, || {
            if may_be_served() && hints.is_kept() {
                let mut state = inode.lock();
                if may_be_served() {
                    state.answer_call(&inode.files, waiter);
                }
            }
            !may_be_served()
        });
    }
}

/// Looks on before queueing up, whether a section of another thread here comes to its end.
#[cold]
fn pass(handle: &Arc<Handle>, mode: Mode) -> Result<Option<FileGuard>, Error> {
    let hints = &handle.first.files.hints;
    let mut tried = Ok(None);
    spin(BRIEF, || {
        if hints.is_here() && hints.is_kept() {
            tried = try_now(handle, mode);
        }
        !hints.is_here() || !matches!(tried, Ok(None))
    });
    tried
}

/// Blocks this thread until the lock is granted or `deadline` has passed.
pub(crate) fn wait(
    handle: &Arc<Handle>,
    mode: Mode,
    deadline: Deadline,
) -> Result<Option<FileGuard>, Error> {
    if let Some(guard) = try_now(handle, mode)? {
        return Ok(Some(guard));
    }
    if has_passed(deadline) {
        return Ok(None);
    }
    if mode == Mode::Exclusive
        && let Some(guard) = pass(handle, mode)?
    {
        return Ok(Some(guard));
    }
    let patience = if deadline == Deadline::NEVER { Patience::Endless } else { Patience::Timed };
    let mut request = Request::new(Arc::clone(handle), mode, patience);
    loop {
        if let Poll::Ready(answer) = request.step(None) {
            return answer.map(Some);
        }
        request.look_on();
        if !request.is_waiting() {
            continue;
        }
        if has_passed(deadline) {
            return Ok(None);
        }
        park(deadline);
    }
}

/// Takes the lock if that takes no waiting.
#[inline]
pub(crate) fn try_now(handle: &Arc<Handle>, mode: Mode) -> Result<Option<FileGuard>, Error> {
    let Some(mut later) = handle.inode()? else {
        return match handle.first.take(mode) {
            Ok(Answer::Busy) => Ok(None),
            Ok(Answer::Granted) => {
                Ok(Some(FileGuard::new(Arc::clone(handle), None, mode).admitted()))
            }
            Err(error) => Err(explain(&handle.path, "lock", error)),
        };
    };
    loop {
        match later.take(mode).map_err(|error| explain(&handle.path, "lock", error))? {
            Answer::Busy if handle.place_of(&later)? == Place::Kept => return Ok(None),
            Answer::Busy => {}
            Answer::Granted => {
                let guard = FileGuard::new(Arc::clone(handle), Some(later), mode);
                if guard.place()? == Place::Kept {
                    return Ok(Some(guard.admitted()));
                }
                guard.let_go();
            }
        }
        handle.renew()?;
        let Some(newer) = handle.inode()? else { return Ok(None) };
        later = newer;
    }
}

impl Request {
    fn is_waiting(&self) -> bool {
        self.place.as_ref().is_some_and(|(_, waiter)| waiter.fate() == Fate::Waits)
    }
}

impl Future for Request {
    type Output = Result<FileGuard, Error>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.step(Some(context.waker()))
    }
}

impl Drop for Request {
    fn drop(&mut self) {
        let Some((inode, waiter)) = self.place.take() else { return };
        if inode.is_foreign() {
            return;
        }
        // What was granted meanwhile is dropped in the end, and also if a waker panics before.
        let mut granted = None;
        inode.change(|state| {
            state.leave(&waiter);
            granted = (waiter.fate() == Fate::Granted).then(|| self.guard(Arc::clone(&inode)));
        });
        drop(granted);
    }
}
