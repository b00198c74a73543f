//! The wrapper, and what can be said of the lock in it.

use core::fmt;
use std::borrow::Cow;
use std::panic::Location;
use std::sync::{Arc, OnceLock};

use crate::CheckedGuard;
use crate::ask::ask;
use crate::claim::{Claim, Rules};
use crate::context::Waiter;
use crate::in_hand::InHand;
use crate::mark::{Mark, Said, Site};

/// Any lock of the family, watched for deadlocks: a request that may wait for ever is reported,
/// with the places in the source, **before** it waits.
///
/// It has the traits that the lock inside has: [`Lock`](lockset_api::Lock),
/// [`SharedLock`](lockset_api::SharedLock), [`Permits`](lockset_api::Permits), their async
/// counterparts, and [`LeaseLock`](lockset_api::LeaseLock). One graph covers them all, so a circle
/// through a mutex and a lease is found like one through two mutexes.
///
/// ```
/// use lockset_checked::Checked;
/// use lockset_mutex::Mutex;
///
/// static JOURNAL: Checked<Mutex<Vec<i64>>> = Checked::new(Mutex::new(Vec::new()));
/// let balance = Checked::new(Mutex::new(100)).named("balance");
///
/// let mut journal = JOURNAL.lock();
/// *balance.lock() += 10;
/// journal.push(10);
/// ```
///
/// One thread that takes the two the other way round is enough, whether or not it meets another:
///
/// ```should_panic
/// # use lockset_checked::Checked;
/// # use lockset_mutex::Mutex;
/// let (a, b) = (Checked::new(Mutex::new(1)), Checked::new(Mutex::new(2)));
/// {
///     let a = a.lock();
///     assert_eq!(*a + *b.lock(), 3);
/// }
/// let b = b.lock();
/// assert_eq!(*b - *a.lock(), 1); // panics, and names all four places
/// ```
///
/// # What is reported
///
/// - A lock that its holder asks for again.
/// - A request that closes a circle of orders: somebody was seen to hold A and ask for B, and now
///   somebody holds B and asks for A. Neither needs to have waited, and they may be one thread:
///   what it does first and last today, two may do at once tomorrow.
///
/// To report is to panic, unless [`on_cycle`](crate::on_cycle) says otherwise. The request that is
/// reported has not touched the lock.
///
/// # What is not
///
/// In doubt, nothing: a detector that cries wolf is switched off.
///
/// - **Gates**: A then B, and B then A, but each only under a third lock that both hold alone.
/// - **`try_` verbs and waits with a deadline**: they end by themselves, and that is a known way
///   out of a deadlock. What they were granted counts as held, for whatever is asked for next. A
///   wait until [`Deadline::NEVER`](lockset_api::Deadline::NEVER) is one without a deadline.
/// - **Readers** do not keep each other out, unless [`writers_first`](Self::writers_first) says
///   that a waiting writer may stand between them.
/// - **Permits** of which it is not known how many there are; say so with
///   [`permits`](Self::permits). Then whoever alone holds too many for another's request keeps that
///   out. Several holders who only together use up all of them are missed. The verbs of `Lock`, on
///   a lock of which nothing was said, mean what `Lock` says: one at a time.
/// - **Orders within a [`class`](Self::class)**.
/// - **Other processes and machines**: their orders are not seen. But an order is wrong on both
///   sides, and each is seen where it is.
///
/// # Whose a guard is
///
/// - Acquired by a thread, the thread's. Acquired inside [`task`](crate::task), the task's,
///   whichever thread polls it. A blocking verb inside a task blocks its thread as well, so all
///   that the thread and its tasks hold counts.
/// - Acquired by an async verb outside of any `task`, nobody's: nothing tells one task from
///   another there, and nothing is reported.
/// - **Sent**, it has to be [detached](CheckedGuard::detach) first, since a move cannot be seen. If
///   it was not, it stays in the hands of its first holder until it is dropped elsewhere: in that
///   time, its first holder may be reported for asking again, or the other way round. From then
///   on the lock is known as one whose guards are sent: what was learnt from this guard is
///   forgotten, and later ones are nobody's. Where all guards of a lock are sent, say it
///   beforehand, with [`guards_are_sent`](Self::guards_are_sent).
///
/// # Which lock it is
///
/// Each wrapper is a lock of its own, and its clones are the same lock. Two handles on one file or
/// one server's lock, opened apart, are two locks until [`again`](Self::again) says that they are
/// one. A lock's place in the graph goes with the last of its handles and guards; numbers are never
/// used twice.
///
/// A lease is held until it is given back, here: that time will end it one day is no reason to
/// wait for it.
///
/// # What it costs
///
/// With nothing else in hand, a look at the thread's own held set on the way in, and an entry in
/// it. With something in hand, a lookup of "this, held, and that, wanted" in a table of the
/// thread. Only a request that the thread has not made before goes to the graph, behind one mutex
/// of the process.
///
/// By `benches/checked.rs`, an uncontended pair of a checked mutex takes some ten times as long as
/// a bare one and four times as long as one in tracing-mutex, whose guards cannot be sent; with
/// another lock in hand, twice as long as in tracing-mutex. Where a wait, a file or a server comes
/// into it, none of this is seen. Memory is bounded by the locks that were held together.
pub struct Checked<L> {
    lock: L,
    said: Said,
    /// Made at the first use, so that a checked lock can be a `static`.
    mark: OnceLock<Arc<Mark>>,
}

impl<L> Checked<L> {
    /// Watches this lock. In reports it is called by the place of this call, unless it is
    /// [`named`](Self::named).
    #[track_caller]
    pub const fn new(lock: L) -> Self {
        let rules = Rules { permits: None, writers_first: false, guards_are_sent: false };
        let said = Said { name: None, class: None, rules, made: Location::caller() };
        Self { lock, said, mark: OnceLock::new() }
    }

    /// What the lock is called in reports.
    #[must_use]
    pub fn named(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.said.name = Some(name.into());
        self
    }

    /// Makes one node in the graph of all locks of this class, for locks that come and go, like one
    /// for each account: so an order that one account has shown binds all of them.
    ///
    /// Between two locks of a class there is no order, hence no report.
    #[must_use]
    pub fn class(mut self, class: &'static str) -> Self {
        self.said.class = Some(class);
        self
    }

    /// Says how many permits there are in all.
    #[must_use]
    pub fn permits(mut self, permits: usize) -> Self {
        self.said.rules.permits = Some(permits);
        self
    }

    /// Says that a waiting writer keeps new readers out, as parking_lot's `RwLock` does: then who
    /// reads twice may wait for a writer that waits for the first read to end.
    #[must_use]
    pub fn writers_first(mut self) -> Self {
        self.said.rules.writers_first = true;
        self
    }

    /// Says that the guards of this lock are sent to others: they are in nobody's held set.
    #[must_use]
    pub fn guards_are_sent(mut self) -> Self {
        self.said.rules.guards_are_sent = true;
        self
    }

    /// Another handle on this same lock: a file opened once more, one more connection.
    pub fn again<M>(&self, handle: M) -> Checked<M> {
        let mark = OnceLock::from(Arc::clone(self.mark()));
        Checked { lock: handle, said: self.said.clone(), mark }
    }

    /// The lock inside. What is acquired through it is not checked.
    pub const fn inner(&self) -> &L {
        &self.lock
    }

    /// The lock inside, alone.
    pub fn into_inner(self) -> L {
        self.lock
    }

    /// Reports a wait that may never end, before it begins.
    pub(crate) fn before(&self, claim: Claim, site: Site, waiter: Waiter) {
        ask(self.mark(), claim, site, waiter);
    }

    /// The guard of what was granted.
    pub(crate) fn granted<G>(&self, guard: G, how: (Claim, Site, Waiter)) -> CheckedGuard<G> {
        let (claim, site, waiter) = how;
        CheckedGuard::new(guard, InHand::take(self.mark(), claim, site, waiter))
    }

    pub(crate) fn mark(&self) -> &Arc<Mark> {
        self.mark.get_or_init(|| Arc::new(Mark::new(self.said.clone())))
    }
}

/// A clone is another handle on the same lock, as a clone of the lock inside is.
impl<L: Clone> Clone for Checked<L> {
    fn clone(&self) -> Self {
        self.again(self.lock.clone())
    }
}

impl<L: fmt::Debug> fmt::Debug for Checked<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Checked").field("lock", &self.lock).finish_non_exhaustive()
    }
}
