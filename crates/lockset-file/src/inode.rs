//! One lock file in this process: its state, and those who work on it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, PoisonError};
use std::{io, mem};

use crate::errands::Errands;
use crate::files::{By, Files};
use crate::state::{Helper, State};
use crate::sync::{Condvar, Mutex, MutexGuard, spawn};
use crate::sys::{Answer, Identity, Mode, Process};
use crate::waiter::{Fate, Waiter};

/// A lock file that this process has open, for all its handles and guards.
#[derive(Debug)]
pub(crate) struct Inode {
    pub(crate) identity: Identity,
    pub(crate) files: Files,
    /// The process that has opened it. In a forked child everything here is the parent's, and must
    /// not be touched: not even the mutex, which somebody may have locked when the child was made.
    process: Process,
    state: Mutex<State>,
    /// Tells the helper that there is something for it to do.
    task: Condvar,
}

impl Inode {
    pub(crate) fn new(identity: Identity, files: Files) -> Self {
        let (state, task) = (Mutex::new(State::default()), Condvar::new());
        Self { identity, files, process: Process::current(), state, task }
    }

    /// Whether this is a forked child, and the file its parent's.
    #[inline]
    pub(crate) fn is_foreign(&self) -> bool {
        self.process.is_gone()
    }

    #[inline]
    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn try_lock(&self) -> Option<MutexGuard<'_, State>> {
        self.state.try_lock().ok()
    }

    /// Takes the lock if that takes no waiting.
    #[inline]
    pub(crate) fn take(&self, mode: Mode) -> io::Result<Answer> {
        self.lock().take(&self.files, mode)
    }

    /// Changes the state, serves whom that allows to be served, and wakes them.
    pub(crate) fn change<T>(self: &Arc<Self>, change: impl FnOnce(&mut State) -> T) -> T {
        let mut errands = Errands::default();
        let mut state = self.lock();
        let changed = change(&mut state);
        state.settle(&self.files, &mut errands);
        drop(state);
        self.run(errands);
        changed
    }

    /// Runs errands, with the state unlocked.
    pub(crate) fn run(self: &Arc<Self>, mut errands: Errands) {
        while mem::take(&mut errands.start_helper) {
            let Err(error) = self.start_helper() else { break };
            let mut state = self.lock();
            state.helper = Helper::Absent;
            if state.needs_helper() {
                state.refuse_first(error, &mut errands);
            }
            state.settle(&self.files, &mut errands);
        }
        if errands.notify_helper {
            self.task.notify_all();
        }
        // Last, since a waker is somebody else's code, and might panic.
        errands.wake();
    }

    #[cold]
    fn start_helper(self: &Arc<Self>) -> io::Result<()> {
        let inode = Arc::clone(self);
        spawn(move || inode.help())
    }

    /// The first of the queue, a thread that cannot give up, asks the kernel itself.
    pub(crate) fn ask_and_wait(self: &Arc<Self>, waiter: &Waiter) {
        let mut state = self.lock();
        if waiter.fate() != Fate::Asks {
            // The helper has been quicker.
            return;
        }
        state.is_asking = true;
        drop(state);
        let answer = self.files.lock(By::Main, waiter.mode);
        let mut errands = Errands::default();
        let mut state = self.lock();
        state.is_asking = false;
        match answer {
            Ok(()) => {
                state.granted(&self.files, waiter.mode, By::Main);
                // That is the waiter, who is awake.
                state.grant_first();
            }
            Err(error) => state.refuse_first(error, &mut errands),
        }
        state.settle(&self.files, &mut errands);
        drop(state);
        self.run(errands);
    }

    /// The life of the helper, which sleeps in the kernel on behalf of those who cannot: of threads
    /// that have a deadline, and of tasks. It ends when nobody waits any more.
    fn help(self: Arc<Self>) {
        let mut state = self.lock();
        // Of the first it keeps nothing: that one may leave meanwhile, and its waker with it.
        while let Some(mode) = state.queue.front().map(|first| first.mode) {
            if !state.needs_helper() {
                state = self.task.wait(state).unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            state.helper = Helper::Asks(mode);
            drop(state);
            let answer = self.files.open_spare().and_then(|()| self.files.lock(By::Helper, mode));
            let mut errands = Errands::default();
            state = self.lock();
            state.helper = Helper::Awake;
            match answer {
                Ok(()) if state.kernel.is_some() || state.is_asking => {
                    // For nobody: the first has it, or asks for it, through the other opening.
                    let _ = self.files.unlock(By::Helper);
                }
                Ok(()) => state.granted(&self.files, mode, By::Helper),
                Err(error) if state.needs_helper() => state.refuse_first(error, &mut errands),
                // It is gone for whom this was, and nobody else's error.
                Err(_) => {}
            }
            state.settle(&self.files, &mut errands);
            // It is awake, and will see for itself what there is to do.
            errands.notify_helper = false;
            drop(state);
            // Nobody else could take up its work, were it ended by a waker that panics. The panic
            // is in nobody's way here, and has been reported.
            let _ = catch_unwind(AssertUnwindSafe(|| self.run(errands)));
            state = self.lock();
        }
        state.helper = Helper::Absent;
    }
}
