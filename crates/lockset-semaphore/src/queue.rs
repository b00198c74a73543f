//! Who waits, and who is served next. The semaphore keeps it behind a lock; the permits themselves
//! are in the word, which others change meanwhile.

use core::pin::Pin;
use core::ptr::NonNull;
use core::sync::atomic::Ordering::{Acquire, Relaxed};

use crate::list::List;
use crate::node::{Fate, Node, Wake};
use crate::policy::Rules;
use crate::sync::Word;
use crate::word::{WAITERS, has, is_closed, permits};

/// The queue.
///
/// Invariants, true whenever its lock is free and nobody is about to [`tend`](Queue::tend) to it:
/// 1. [`WAITERS`] is set in the word exactly if somebody is in the queue and none of them is
///    called. So whoever adds permits to a word that has it must tend to the queue afterwards, and
///    whoever adds them to a word without it need not: either nobody waits, or somebody is awake
///    who will look at the word.
/// 2. If it is set, whoever would be next by the policy wants more than was free when it was set,
///    or when somebody tended last.
/// 3. If the semaphore is closed, the queue is empty. Nobody in it wants more than the limit.
///
/// The flag and the permits are in one word, so its changes have one order. That is the whole proof
/// that no wake-up is lost: permits are added before the flag was set, and then the change that set
/// it saw them, or afterwards, and then whoever added them saw the flag.
#[derive(Debug)]
pub(crate) struct Queue {
    list: List,
    /// Who is called, if anybody is.
    called: Option<NonNull<Node>>,
    /// Whether somebody in it may want more than the limit.
    is_limit_lowered: bool,
}

// SAFETY: the nodes are `Sync`, and their entries go with the queue.
unsafe impl Send for Queue {}

/// What a queue belongs to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Context<'a> {
    pub(crate) word: &'a Word,
    /// The most that may be asked for.
    pub(crate) most: usize,
    pub(crate) rules: Rules,
}

/// Somebody has to be woken before the queue is tended to any further.
///
/// A waker is somebody else's code, which may come back to this very semaphore: it is called with
/// the queue free. So there is one at a time, and no list of them that would have to be allocated.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Unfinished;

/// What joining the queue has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Joined {
    Queued(Place),
    /// There was no need to.
    Granted,
    Closed,
    TooMany,
}

/// Where in the queue somebody is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// Nobody is before it.
    First,
    Behind,
}

impl Queue {
    pub(crate) const fn new() -> Self {
        Self { list: List::new(), called: None, is_limit_lowered: false }
    }

    pub(crate) const fn len(&self) -> usize {
        self.list.len()
    }

    /// Takes the permits if they may be taken now, and else queues up for them.
    ///
    /// # Safety
    ///
    /// As [`List::push`], if it returns [`Joined::Queued`].
    pub(crate) unsafe fn join(
        &mut self,
        context: Context<'_>,
        node: Pin<&Node>,
        wake: &mut Option<Wake>,
    ) -> Joined {
        let Context { word, rules, .. } = context;
        if node.wants > context.most {
            return Joined::TooMany;
        }
        let place = if self.list.is_empty() { Place::First } else { Place::Behind };
        // Relaxed: it has the flags as the last one left them who had the queue locked, and the
        // exchanges below find out if there are more permits meanwhile.
        let mut seen = word.load(Relaxed);
        let joined = loop {
            if is_closed(seen) {
                return Joined::Closed;
            }
            let change = if has(seen, node.wants) && self.lets_pass(rules, seen) {
                Some((seen - permits(node.wants), Joined::Granted))
            } else if seen & WAITERS == 0 && self.called.is_none() {
                Some((seen | WAITERS, Joined::Queued(place)))
            } else {
                None
            };
            let Some((next, outcome)) = change else { break Joined::Queued(place) };
            // Acquire: if it takes permits, to see what was done before they were given back.
            match word.compare_exchange_weak(seen, next, Acquire, Relaxed) {
                Ok(_) => break outcome,
                Err(newer) => seen = newer,
            }
        };
        if joined == Joined::Granted {
            self.count_pass();
        } else {
            // SAFETY: the caller's promise.
            unsafe { self.list.push(node) };
            let node = NonNull::from(node.get_ref());
            // SAFETY: it is in the list now.
            unsafe { self.list.entry(node, |entry| entry.wake = wake.take()) };
        }
        joined
    }

    /// Whether somebody who came later may be served with what is free in `word`. Not if the first
    /// fits: it is about to be served, by whoever tends to the queue next.
    fn lets_pass(&mut self, rules: Rules, word: usize) -> bool {
        self.list.first().is_none_or(|first| {
            // SAFETY: the first of the list is in it.
            let (wants, passed) =
                unsafe { (self.list.wants(first), self.list.entry(first, |entry| entry.passed)) };
            rules.is_open || !has(word, wants) && passed < rules.passes
        })
    }

    fn count_pass(&mut self) {
        if let Some(first) = self.list.first() {
            // SAFETY: as above. Newcomers of an open semaphore may be many: the count may wrap, and
            // nobody reads it there.
            unsafe { self.list.entry(first, |entry| entry.passed = entry.passed.wrapping_add(1)) };
        }
    }

    /// Serves whoever can be served, and makes the invariants true again; who is to be woken
    /// afterwards is left in `wake`, which is empty before.
    pub(crate) fn tend(
        &mut self,
        context: Context<'_>,
        wake: &mut Option<Wake>,
    ) -> Result<(), Unfinished> {
        let Context { word, rules, .. } = context;
        self.send_away(context, wake)?;
        // Relaxed: as in `join`.
        let mut seen = word.load(Relaxed);
        loop {
            let chosen = self.choose(rules, seen);
            let next = match chosen {
                Some(_) if rules.is_open => seen & !WAITERS,
                Some(node) => {
                    // SAFETY: it was chosen from the list.
                    let left = seen - permits(unsafe { self.list.wants(node) });
                    if self.list.len() == 1 { left & !WAITERS } else { left }
                }
                None if self.list.is_empty() || self.called.is_some() => seen & !WAITERS,
                None => seen | WAITERS,
            };
            if chosen.is_some() {
                require_room(wake)?;
            }
            if next != seen {
                // Acquire: as in `join`; it is handed on by the node's fate.
                if let Err(newer) = word.compare_exchange_weak(seen, next, Acquire, Relaxed) {
                    seen = newer;
                    continue;
                }
                seen = next;
            }
            let Some(node) = chosen else { return Ok(()) };
            if rules.is_open {
                self.call(node, wake);
                return Ok(());
            }
            if self.list.first() != Some(node) {
                self.count_pass();
            }
            self.dismiss(node, Fate::Granted, wake);
        }
    }

    /// Who is to be served with what is free in `word`.
    fn choose(&mut self, rules: Rules, word: usize) -> Option<NonNull<Node>> {
        let first = self.list.first()?;
        // Who wants nothing does not queue: without a look at a node, which may be far away.
        if self.called.is_some() || !has(word, 1) {
            return None;
        }
        // SAFETY: what the list gives is in it; so also below.
        let wants = unsafe { self.list.wants(first) };
        if has(word, wants) {
            return Some(first);
        }
        if !self.lets_pass(rules, word) {
            return None;
        }
        let mut node = first;
        for _ in 0..rules.passes {
            // SAFETY: as above.
            node = unsafe { self.list.behind(node) }?;
            // SAFETY: as above.
            let wants = unsafe { self.list.wants(node) };
            if has(word, wants) {
                return Some(node);
            }
        }
        None
    }

    /// Sends away whom the semaphore cannot serve any more.
    fn send_away(
        &mut self,
        context: Context<'_>,
        wake: &mut Option<Wake>,
    ) -> Result<(), Unfinished> {
        // Relaxed: it was closed with the queue locked, and the queue is.
        if is_closed(context.word.load(Relaxed)) {
            while let Some(first) = self.list.first() {
                require_room(wake)?;
                self.dismiss(first, Fate::Closed, wake);
            }
        }
        if self.is_limit_lowered {
            let mut next = self.list.first();
            while let Some(node) = next {
                // SAFETY: what the list gives is in it.
                let (behind, wants) = unsafe { (self.list.behind(node), self.list.wants(node)) };
                if wants > context.most {
                    require_room(wake)?;
                    self.dismiss(node, Fate::Refused, wake);
                }
                next = behind;
            }
            self.is_limit_lowered = false;
        }
        Ok(())
    }

    /// Takes `node`, which is in the list, out of it, and tells its owner why.
    fn dismiss(&mut self, node: NonNull<Node>, fate: Fate, wake: &mut Option<Wake>) {
        // SAFETY: it is in the list, and alive for as long as it is.
        *wake = unsafe { self.list.entry(node, |entry| entry.wake.take()) };
        // SAFETY: as above.
        unsafe { self.remove(node) };
        // SAFETY: its owner does not let it go before it has seen its fate.
        unsafe { Node::decide(node, fate) };
    }

    /// Wakes `node`, which is in the list, to take its permits for itself.
    fn call(&mut self, node: NonNull<Node>, wake: &mut Option<Wake>) {
        self.called = Some(node);
        // SAFETY: it is in the list, and stays.
        *wake = unsafe { self.list.entry(node, |entry| entry.wake.take()) };
        // SAFETY: as above.
        unsafe { Node::decide(node, Fate::Called) };
    }

    /// The one who was called goes back to sleep: its permits had been taken by somebody else.
    ///
    /// # Safety
    ///
    /// `node` is in this queue, and called.
    pub(crate) unsafe fn call_off(&mut self, node: &Node, wake: &mut Option<Wake>) {
        self.called = None;
        let node = NonNull::from(node);
        // SAFETY: the caller's promise; and its owner, who calls this, does not let it go.
        unsafe {
            Node::decide(node, Fate::Waits);
            self.list.entry(node, |entry| entry.wake = wake.take());
        }
    }

    /// Another waker for one who waits; the old one as the result.
    ///
    /// # Safety
    ///
    /// `node` is in this queue.
    pub(crate) unsafe fn renew(&mut self, node: &Node, wake: Option<Wake>) -> Option<Wake> {
        let node = NonNull::from(node);
        // SAFETY: the caller's promise.
        unsafe { self.list.entry(node, |entry| core::mem::replace(&mut entry.wake, wake)) }
    }

    /// Takes out one who has got its permits for itself, or gives up.
    ///
    /// # Safety
    ///
    /// `node` is in this queue.
    pub(crate) unsafe fn leave(&mut self, node: &Node) -> Option<Wake> {
        let mut wake = None;
        // The fate is for the owner itself, should it come to look once more.
        self.dismiss(NonNull::from(node), Fate::Left, &mut wake);
        wake
    }

    /// # Safety
    ///
    /// `node` is in the list.
    unsafe fn remove(&mut self, node: NonNull<Node>) {
        if self.called == Some(node) {
            self.called = None;
        }
        // SAFETY: the caller's promise.
        unsafe { self.list.remove(node) };
    }

    /// To be called when the limit has been lowered: some may want more than it now.
    pub(crate) const fn limit_is_lowered(&mut self) {
        self.is_limit_lowered = true;
    }
}

const fn require_room(wake: &Option<Wake>) -> Result<(), Unfinished> {
    if wake.is_none() { Ok(()) } else { Err(Unfinished) }
}
