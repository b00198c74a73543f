//! Who of this process holds a file, who waits for it, and who is served next.
//!
//! This is plain data, changed with a mutex locked. The kernel is called from here only where it
//! answers at once. Whom to wake, and whether to send the helper, is written down as [`Errands`],
//! which are run with the mutex let go: a waker is somebody else's code.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::errands::Errands;
use crate::files::{By, Files};
use crate::sync::{few, now};
use crate::sys::{Answer, Mode};
use crate::waiter::{Fate, Patience, Waiter, Wake};

/// How often those who are awake may take the lock before the first of those who sleep.
///
/// To wake a thread takes as long as hundreds of short sections. Until it runs, the others of its
/// process go on; but not for ever.
pub(crate) const PASSES: u32 = few(256);

/// What was granted, and what is wanted.
const EXCLUSIVE: (Mode, Mode) = (Mode::Exclusive, Mode::Exclusive);

/// The state of one file in this process.
///
/// Invariants, whenever the mutex is free:
/// 1. What guards of this process hold, the kernel has granted: `Writer` under `Exclusive`, readers
///    under `Shared`.
/// 2. If the kernel has granted the lock and no guard holds it, then the first of the queue has
///    been called, and will take it or leave the queue.
/// 3. If the kernel has granted nothing and somebody waits, then somebody is in the kernel, or on
///    the way there: the first of the queue, or the helper.
/// 4. The main opening is in one thread's hands at a time: in those of the thread that `is_asking`,
///    otherwise of whoever has the mutex.
#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) held: Held,
    pub(crate) kernel: Option<Grant>,
    /// Whether the first of the queue is asleep in the kernel, with the main opening.
    pub(crate) is_asking: bool,
    pub(crate) helper: Helper,
    pub(crate) queue: VecDeque<Arc<Waiter>>,
    next_ticket: u64,
    turn: Turn,
    /// How often the first of the queue has been passed.
    passes: u32,
    limits: Limits,
}

/// What guards of this process hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Held {
    #[default]
    Free,
    Readers(usize),
    Writer,
}

/// What the kernel has granted to this process, and through which opening.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Grant {
    pub(crate) mode: Mode,
    pub(crate) by: By,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Helper {
    /// There is none.
    #[default]
    Absent,
    /// It is about to look at the state, or waits to be notified.
    Awake,
    /// It is in the kernel.
    Asks(Mode),
}

/// How long the lock stays within this process while others of it wait.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// It is handed over so many times in a row,
    pub(crate) times: u32,
    /// and not after it has been here for so long.
    pub(crate) span: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        // Another process that waits loses a millisecond and one section. A way through the kernel
        // and another process takes some tens of microseconds, which is little beside that; and
        // sections of more than a millisecond do not gain anything by staying together.
        Self { times: 4096, span: Duration::from_millis(1) }
    }
}

/// The time from the kernel's grant until it gets the lock back.
#[derive(Clone, Copy, Debug, Default)]
struct Turn {
    /// How often it has been granted in here.
    grants: u32,
    /// From when somebody else waited for it.
    since: Option<Instant>,
}

/// Whether there may be more to do.
enum Step {
    Again,
    Done,
}

impl State {
    /// Takes the lock if that takes no waiting, for one who has not queued up.
    #[inline]
    pub(crate) fn take(&mut self, files: &Files, mode: Mode) -> io::Result<Answer> {
        match (self.kernel, self.held) {
            (None, _) if self.queue.is_empty() && !self.is_asking => {
                if files.try_lock(By::Main, mode)? == Answer::Busy {
                    return Ok(Answer::Busy);
                }
                self.granted(files, mode, By::Main);
                self.hold(mode);
                Ok(Answer::Granted)
            }
            // What lies ready is always for writers: readers are let in at once.
            (Some(grant), Held::Free) if (grant.mode, mode) == EXCLUSIVE => Ok(self.pass(files)),
            (Some(_), Held::Readers(_)) if mode == Mode::Shared && self.queue.is_empty() => {
                self.hold(mode);
                Ok(Answer::Granted)
            }
            _ => Ok(Answer::Busy),
        }
    }

    /// Takes what lies ready for the first of the queue, if it has not been passed too often.
    fn pass(&mut self, files: &Files) -> Answer {
        if self.passes >= PASSES || self.turn.grants > self.limits.times {
            return Answer::Busy;
        }
        self.passes += 1;
        self.hold(Mode::Exclusive);
        files.hints.set_kept(false);
        Answer::Granted
    }

    /// The kernel has granted the lock, which nobody holds yet.
    #[inline]
    pub(crate) fn granted(&mut self, files: &Files, mode: Mode, by: By) {
        files.hints.set_here(true);
        self.kernel = Some(Grant { mode, by });
        self.turn = Turn::default();
    }

    fn hold(&mut self, mode: Mode) {
        self.turn.grants = self.turn.grants.saturating_add(1);
        self.held = match (mode, self.held) {
            (Mode::Exclusive, _) => Held::Writer,
            (Mode::Shared, Held::Readers(others)) => Held::Readers(others + 1),
            (Mode::Shared, _) => Held::Readers(1),
        };
    }

    /// A new place at the end of the queue; [`settle`](Self::settle) is due.
    pub(crate) fn join(&mut self, mode: Mode, patience: Patience, wake: Wake) -> Arc<Waiter> {
        self.next_ticket += 1;
        let waiter = Arc::new(Waiter::new(mode, patience, self.next_ticket, wake));
        self.queue.push_back(Arc::clone(&waiter));
        waiter
    }

    /// Takes somebody out of the queue who gives up; [`settle`](Self::settle) is due.
    pub(crate) fn leave(&mut self, waiter: &Waiter) {
        let place = self.queue.binary_search_by_key(&waiter.ticket, |other| other.ticket);
        if let Ok(place) = place {
            self.queue.remove(place);
            if place == 0 {
                self.passes = 0;
            }
        }
    }

    /// The one who was called takes the lock, unless it was passed: then it waits on.
    pub(crate) fn answer_call(&mut self, files: &Files, waiter: &Waiter) {
        let is_here = self.kernel.is_some_and(|grant| grant.mode == waiter.mode);
        if is_here && self.held == Held::Free {
            files.hints.set_kept(false);
            self.grant_first();
            files.hints.set_first(self.queue.front().map_or(0, |first| first.ticket));
        } else {
            waiter.decide(Fate::Waits);
        }
    }

    /// A guard is dropped.
    #[inline]
    pub(crate) fn release(&mut self, files: &Files, limits: Limits, errands: &mut Errands) {
        if let Held::Readers(others) = self.held
            && others > 1
        {
            self.held = Held::Readers(others - 1);
            return;
        }
        self.held = Held::Free;
        if self.queue.is_empty() {
            self.let_go(files);
            // Who left the queue by answering a call has told nobody.
            errands.notify_helper |= self.helper == Helper::Awake;
            return;
        }
        self.limits = limits;
        if self.is_called() && self.may_be_passed() && !self.is_turn_over() {
            files.hints.set_kept(true);
        } else {
            self.settle(files, errands);
        }
    }

    /// Whether the first has been called to what lies ready for it, and has yet to come.
    fn is_called(&self) -> bool {
        let is_exclusive = self.kernel.is_some_and(|grant| grant.mode == Mode::Exclusive);
        is_exclusive && self.queue.front().is_some_and(|first| first.fate() == Fate::Called)
    }

    /// Gives the lock back to the kernel.
    pub(crate) fn let_go(&mut self, files: &Files) {
        if let Some(grant) = self.kernel.take() {
            files.hints.set_here(false);
            // It cannot fail on a descriptor that is open. If it did, the lock would be found held
            // by ourselves, and taken without asking anybody, by the next of this process.
            let _ = files.unlock(grant.by);
        }
    }

    /// Serves whoever can be served, and makes the invariants true again.
    pub(crate) fn settle(&mut self, files: &Files, errands: &mut Errands) {
        while let Some(first) = self.queue.front().cloned() {
            let step = match (self.kernel, self.held) {
                (None, _) => self.ask(files, &first, errands),
                (Some(grant), Held::Free) => self.hand_over(files, grant, &first, errands),
                (Some(_), Held::Readers(_)) if first.mode == Mode::Shared => {
                    self.grant_first_and_wake(errands)
                }
                _ => Step::Done,
            };
            if matches!(step, Step::Done) {
                break;
            }
        }
        if self.queue.is_empty() {
            errands.notify_helper |= self.helper == Helper::Awake;
            if self.held == Held::Free {
                self.let_go(files);
            }
        }
        files.hints.set_kept(self.kernel.is_some() && self.held == Held::Free);
        files.hints.set_first(self.queue.front().map_or(0, |first| first.ticket));
    }

    /// Whether the first is one on whose behalf the helper has to ask the kernel.
    pub(crate) fn needs_helper(&self) -> bool {
        let is_asked = self.kernel.is_some() || self.is_asking;
        !is_asked && self.queue.front().is_some_and(|first| first.patience != Patience::Endless)
    }

    /// Sees to it that somebody asks the kernel on behalf of the first.
    fn ask(&mut self, files: &Files, first: &Arc<Waiter>, errands: &mut Errands) -> Step {
        if self.is_asking {
            return Step::Done;
        }
        if first.patience == Patience::Endless {
            if first.fate() != Fate::Asks {
                first.decide(Fate::Asks);
                errands.wake.push(Arc::clone(first));
            }
            return Step::Done;
        }
        match self.helper {
            Helper::Absent => {
                self.helper = Helper::Awake;
                errands.start_helper = true;
            }
            Helper::Awake => errands.notify_helper = true,
            // It asks for a writer who has given up. Readers may be let in meanwhile, and if other
            // processes read, they can have it at once.
            Helper::Asks(Mode::Exclusive) if first.mode == Mode::Shared => {
                match files.try_lock(By::Main, Mode::Shared) {
                    Ok(Answer::Granted) => {
                        self.granted(files, Mode::Shared, By::Main);
                        return Step::Again;
                    }
                    Ok(Answer::Busy) => {}
                    Err(error) => return self.fail_first(error, errands),
                }
            }
            Helper::Asks(_) => {}
        }
        Step::Done
    }

    /// What the kernel has granted is free: it is for the first, or goes back.
    fn hand_over(
        &mut self,
        files: &Files,
        grant: Grant,
        first: &Arc<Waiter>,
        errands: &mut Errands,
    ) -> Step {
        if self.is_turn_over() {
            self.let_go(files);
            return Step::Again;
        }
        match (grant.mode, first.mode) {
            (Mode::Exclusive, Mode::Exclusive) if self.may_be_passed() => {
                if first.fate() == Fate::Waits {
                    first.decide(Fate::Called);
                    errands.wake.push(Arc::clone(first));
                }
                Step::Done
            }
            (Mode::Shared, Mode::Exclusive) => {
                self.let_go(files);
                Step::Again
            }
            (Mode::Exclusive, Mode::Shared) => match self.convert(files, Mode::Shared) {
                Ok(Answer::Granted) => self.grant_first_and_wake(errands),
                Ok(Answer::Busy) => Step::Again,
                Err(error) => self.fail_first(error, errands),
            },
            _ => self.grant_first_and_wake(errands),
        }
    }

    fn is_turn_over(&mut self) -> bool {
        // The first grant of a turn is what it was asked for.
        self.turn.grants > 0
            && (self.turn.grants > self.limits.times || {
                let now = now();
                now - *self.turn.since.get_or_insert(now) >= self.limits.span
            })
    }

    /// What was asked for on behalf of the first is for the first.
    const fn may_be_passed(&self) -> bool {
        self.turn.grants > 0 && self.passes < PASSES
    }

    /// Changes the mode of what the kernel has granted, which gives it up for a moment: if somebody
    /// else is quicker, it is gone.
    pub(crate) fn convert(&mut self, files: &Files, mode: Mode) -> io::Result<Answer> {
        let Some(grant) = self.kernel else { return Ok(Answer::Busy) };
        let converted = files.try_lock(grant.by, mode);
        if matches!(converted, Ok(Answer::Granted)) {
            self.kernel = Some(Grant { mode, ..grant });
        } else {
            // Linux has given it up already; elsewhere that is not said.
            self.let_go(files);
        }
        converted
    }

    fn grant_first_and_wake(&mut self, errands: &mut Errands) -> Step {
        errands.wake.extend(self.grant_first());
        Step::Again
    }

    pub(crate) fn grant_first(&mut self) -> Option<Arc<Waiter>> {
        let first = self.queue.pop_front()?;
        self.passes = 0;
        self.hold(first.mode);
        first.decide(Fate::Granted);
        Some(first)
    }

    /// The kernel refuses to serve the first.
    pub(crate) fn refuse_first(&mut self, error: io::Error, errands: &mut Errands) {
        if let Some(first) = self.queue.pop_front() {
            self.passes = 0;
            first.fail(error);
            errands.wake.push(first);
        }
    }

    fn fail_first(&mut self, error: io::Error, errands: &mut Errands) -> Step {
        self.refuse_first(error, errands);
        Step::Again
    }
}
