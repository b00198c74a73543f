//! Who holds a file lock, and who waits for it.

use core::fmt::{self, Write};
use std::path::Path;
use std::time::{Duration, SystemTime};

use lockset_api::Error;

use crate::explain::explain;
use crate::inode::Inode;
use crate::proc::{self, Line, Name, Waits};
use crate::record::Record;
use crate::sys::Mode;

/// Who holds a file lock, and who waits for it, at one moment.
///
/// It is what the kernel says, so it counts whoever uses `flock` by whatever program; only those
/// who wait within this process are known from its own queue. A process that is hidden from this
/// user is counted but not known: its pid is 0. Those of other containers may be left out: see
/// [`scope`](Self::scope).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Status {
    /// The processes that hold it: one, or several that share it.
    pub holders: Vec<Contender>,
    /// Those who wait, in their order.
    pub waiting: Vec<Contender>,
    /// Of whom this tells at all.
    pub scope: Scope,
}

/// Of which processes a [`Status`] tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Scope {
    /// Of all on this machine. If nobody is named, nobody holds the lock.
    Machine,
    /// Of those in this process's pid namespace, such as a container. Of others the kernel says
    /// nothing, so even if nobody is named, one of them may hold the lock.
    Namespace,
}

/// One who holds a lock, or waits for it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Contender {
    /// The process; 0 if it is hidden from us.
    pub pid: u32,
    /// Its command line; empty if it is hidden.
    pub command: String,
    /// How it holds the lock, or wants to.
    pub mode: Mode,
    /// Since when: of a holder that keeps a [record](crate::Options::record), and of waiters of
    /// this process.
    pub since: Option<SystemTime>,
    /// What for: of a holder that keeps a record.
    pub note: Option<String>,
}

pub(crate) fn of(inode: &Inode, path: &Path) -> Result<Status, Error> {
    let explained = |error| explain(path, "ask the kernel about", error);
    let name = Name::of(&inode.identity, &inode.files);
    let mut own = own_waiters(inode);
    let (holders, waiting, scope) = (Vec::new(), Vec::new(), proc::scope());
    let mut status = Status { holders, waiting, scope };
    let this = std::process::id();
    for line in proc::locks(&name).map_err(explained)? {
        match line.waits {
            Waits::No => status.holders.extend(holders_of(&line, &name)),
            // Of this process, one asks the kernel on behalf of all who wait.
            Waits::Yes if line.pid == this => status.waiting.append(&mut own),
            Waits::Yes => status.waiting.push(Contender::new(line.pid, line.mode)),
        }
    }
    status.waiting.append(&mut own);
    if status.holders.is_empty() && scope == Scope::Namespace {
        // Here, a lock is also left out of the list if who took it has ended.
        status.holders = keepers(&name);
    }
    // A record that cannot be read says nothing.
    if let Ok(Some(record)) = Record::read(inode.files.main()) {
        status.believe(record);
    }
    Ok(status)
}

/// The holders of one lock: who took it, or if that process has ended, who has it now.
fn holders_of(line: &Line, name: &Name) -> Vec<Contender> {
    let holder = Contender::new(line.pid, line.mode);
    if !holder.command.is_empty() {
        return vec![holder];
    }
    let keepers = keepers(name);
    if keepers.is_empty() { vec![Contender { pid: 0, ..holder }] } else { keepers }
}

/// Those who have a descriptor through which the file is locked.
fn keepers(name: &Name) -> Vec<Contender> {
    let found = proc::keepers(name).unwrap_or_default();
    found.into_iter().map(|(pid, mode)| Contender::new(pid, mode)).collect()
}

fn own_waiters(inode: &Inode) -> Vec<Contender> {
    let queue: Vec<_> = inode.lock().queue.iter().cloned().collect();
    let this = std::process::id();
    let command = proc::command(this).unwrap_or_default();
    let now = SystemTime::now();
    let contender = |mode, waited: Duration| Contender {
        pid: this,
        command: command.clone(),
        mode,
        since: now.checked_sub(waited),
        note: None,
    };
    queue.iter().map(|waiter| contender(waiter.mode, waiter.since.elapsed())).collect()
}

impl Status {
    /// A record counts if it is that of the process that the kernel names, and not of an earlier
    /// one of the same number.
    fn believe(&mut self, record: Record) {
        let [holder] = &mut self.holders[..] else { return };
        let is_its = holder.pid == record.pid && proc::start(record.pid) == Some(record.start);
        if is_its && holder.mode == Mode::Exclusive {
            holder.since = Some(record.since);
            holder.note = Some(record.note);
        }
    }
}

impl Contender {
    fn new(pid: u32, mode: Mode) -> Self {
        let command = proc::command(pid).unwrap_or_default();
        Self { pid, command, mode, since: None, note: None }
    }
}

impl fmt::Display for Status {
    /// `held by 4123 (backup.sh) for 192.0s, 2 waiting (4170, 4188)`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.holders[..] {
            [] if self.scope == Scope::Machine => f.write_str("held by nobody")?,
            [] => f.write_str("held by nobody of this pid namespace")?,
            holders => {
                f.write_str("held by ")?;
                list(f, holders)?;
            }
        }
        if !self.waiting.is_empty() {
            write!(f, ", {} waiting (", self.waiting.len())?;
            for (nth, waiter) in self.waiting.iter().enumerate() {
                write!(f, "{}{}", if nth == 0 { "" } else { ", " }, waiter.pid)?;
            }
            f.write_str(")")?;
        }
        Ok(())
    }
}

fn list(f: &mut fmt::Formatter<'_>, contenders: &[Contender]) -> fmt::Result {
    for (nth, contender) in contenders.iter().enumerate() {
        write!(f, "{}{contender}", if nth == 0 { "" } else { ", " })?;
    }
    Ok(())
}

impl fmt::Display for Contender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.pid == 0 {
            return f.write_str("a process hidden from us");
        }
        write!(f, "{}", self.pid)?;
        if !self.command.is_empty() {
            write!(f, " ({})", Printable(&self.command))?;
        }
        if let Some(for_so_long) = self.since.and_then(|since| since.elapsed().ok()) {
            write!(f, " for {for_so_long:.1?}")?;
        }
        match &self.note {
            Some(note) if !note.is_empty() => write!(f, ": {}", Printable(note)),
            _ => Ok(()),
        }
    }
}

/// What another process says of itself, which may be another user's, and come to a terminal or into
/// a log: one line, without anything that such a place would obey.
struct Printable<'a>(&'a str);

impl fmt::Display for Printable<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plain = |c: char| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c };
        self.0.chars().map(plain).try_for_each(|c| f.write_char(c))
    }
}
