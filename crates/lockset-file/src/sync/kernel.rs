//! The kernel's lock in a model: one file, which this process and others lock.
//!
//! It keeps the rules of `flock`: a lock belongs to an opening; who wants another mode gives up the
//! one that he has first; and whoever fits in is let in, first come, first served.
//!
//! A checker switches threads only in its own operations, at their start. So each call begins with
//! one, and what follows it is a single step, as it is in the kernel. Nothing of the checker's may
//! come while the table is locked.

use core::sync::atomic::Ordering;
use std::collections::VecDeque;
use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::sync::{Arc, Mutex, MutexGuard};

use super::checker::{self, sync::atomic::AtomicUsize, thread};
use crate::sys::{Answer, Extent, Mode};

checker::lazy_static! {
    static ref KERNEL: Kernel = Kernel {
        calls: AtomicUsize::new(0),
        table: Mutex::new(Table::default()),
    };
}

struct Kernel {
    /// Tells the checker that the order of the calls matters.
    calls: AtomicUsize,
    table: Mutex<Table>,
}

#[derive(Default)]
struct Table {
    held: Vec<(Owner, Mode)>,
    queue: VecDeque<Call>,
    /// How many other processes there have been.
    outsiders: usize,
    /// The opening that was the first to ask.
    main: Option<Owner>,
    /// Whether it has no locks left for a second opening.
    refuses: bool,
}

/// What this stands in for.
const _: fn(&File, Extent, Mode) -> io::Result<()> = crate::sys::lock;

/// To whom a lock belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Owner {
    /// To an opening of this process, by its descriptor.
    Opening(i32),
    Outsider(usize),
}

/// One that sleeps in the kernel.
struct Call {
    owner: Owner,
    mode: Mode,
    sleeper: Arc<Sleeper>,
}

struct Sleeper {
    thread: thread::Thread,
    state: Mutex<Sleep>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Sleep {
    NotYet,
    Sleeps,
    Granted,
}

/// Another process, which has the file locked until this is dropped.
#[derive(Debug)]
#[must_use = "dropping it unlocks the file"]
pub struct Outsider(Owner);

impl Outsider {
    /// Waits in the kernel.
    pub fn lock(mode: Mode) -> Self {
        let outsider = Self::new();
        KERNEL.lock(outsider.0, mode).expect("it refuses openings alone");
        outsider
    }

    /// Takes the lock if that takes no waiting.
    pub fn try_lock(mode: Mode) -> Option<Self> {
        let outsider = Self::new();
        (KERNEL.try_lock(outsider.0, mode) == Answer::Granted).then_some(outsider)
    }

    fn new() -> Self {
        let mut table = KERNEL.table.lock().unwrap();
        table.outsiders += 1;
        Self(Owner::Outsider(table.outsiders))
    }
}

impl Drop for Outsider {
    fn drop(&mut self) {
        KERNEL.unlock(self.0);
    }
}

/// Whether another process sleeps in the kernel until the file is unlocked.
pub fn is_awaited() -> bool {
    KERNEL.enter().queue.iter().any(|call| matches!(call.owner, Owner::Outsider(_)))
}

/// From now on whoever asks for the helper fails, as if the kernel had no memory for its lock.
pub fn refuse_the_helper() {
    KERNEL.enter().refuses = true;
}

pub(crate) fn lock(file: &File, _: Extent, mode: Mode) -> io::Result<()> {
    KERNEL.lock(Owner::Opening(file.as_raw_fd()), mode)
}

pub(crate) fn try_lock(file: &File, _: Extent, mode: Mode) -> io::Result<Answer> {
    Ok(KERNEL.try_lock(Owner::Opening(file.as_raw_fd()), mode))
}

pub(crate) fn unlock(file: &File, _: Extent) -> io::Result<()> {
    KERNEL.unlock(Owner::Opening(file.as_raw_fd()));
    Ok(())
}

impl Kernel {
    /// Begins a call.
    fn enter(&self) -> MutexGuard<'_, Table> {
        // AcqRel: the kernel changes a file's locks with one of its own held.
        self.calls.fetch_add(1, Ordering::AcqRel);
        self.table.lock().unwrap()
    }

    fn lock(&self, owner: Owner, mode: Mode) -> io::Result<()> {
        let sleeper = Arc::new(Sleeper::new());
        let mut table = self.enter();
        if table.refuses && matches!(owner, Owner::Opening(_)) && table.main != Some(owner) {
            return Err(io::ErrorKind::OutOfMemory.into());
        }
        let is_alone = table.queue.iter().all(|call| call.owner != owner);
        assert!(is_alone, "two threads ask with one opening");
        table.give_up(owner);
        table.queue.push_back(Call { owner, mode, sleeper: Arc::clone(&sleeper) });
        let served = table.serve();
        drop(table);
        wake(&served);
        sleeper.sleep();
        Ok(())
    }

    fn try_lock(&self, owner: Owner, mode: Mode) -> Answer {
        let mut table = self.enter();
        if matches!(owner, Owner::Opening(_)) {
            table.main.get_or_insert(owner);
        }
        table.give_up(owner);
        let served = table.serve();
        let is_free = table.admits(mode);
        if is_free {
            table.held.push((owner, mode));
        }
        drop(table);
        wake(&served);
        if is_free { Answer::Granted } else { Answer::Busy }
    }

    fn unlock(&self, owner: Owner) {
        let mut table = self.enter();
        table.give_up(owner);
        let served = table.serve();
        drop(table);
        wake(&served);
    }
}

fn wake(served: &[Call]) {
    served.iter().for_each(|call| call.sleeper.wake());
}

impl Sleeper {
    /// Of the calling thread.
    fn new() -> Self {
        Self { thread: thread::current(), state: Mutex::new(Sleep::NotYet) }
    }

    fn sleep(&self) {
        while self.change(Sleep::Sleeps) != Sleep::Granted {
            thread::park();
        }
    }

    /// Only who sleeps is unparked: an unparking that is kept would end a sleep of another kind.
    fn wake(&self) {
        if self.change(Sleep::Granted) == Sleep::Sleeps {
            self.thread.unpark();
        }
    }

    /// The state that it had. What is granted stays so.
    fn change(&self, to: Sleep) -> Sleep {
        let mut state = self.state.lock().unwrap();
        let before = *state;
        if before != Sleep::Granted {
            *state = to;
        }
        before
    }
}

impl Table {
    fn admits(&self, mode: Mode) -> bool {
        self.held.iter().all(|(_, held)| (mode, *held) == (Mode::Shared, Mode::Shared))
    }

    fn give_up(&mut self, owner: Owner) {
        self.held.retain(|(holder, _)| *holder != owner);
    }

    /// Lets in whoever fits in; those are to be woken.
    fn serve(&mut self) -> Vec<Call> {
        let mut served = Vec::new();
        for call in std::mem::take(&mut self.queue) {
            if self.admits(call.mode) {
                self.held.push((call.owner, call.mode));
                served.push(call);
            } else {
                self.queue.push_back(call);
            }
        }
        served
    }
}
