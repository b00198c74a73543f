//! The queue's order: a list whose links are in the waiters themselves.

use core::pin::Pin;
use core::ptr::NonNull;

use crate::node::{Entry, Fate, Node};

/// Waiters in the order of their coming.
///
/// Invariants, which the unsafe code here and nowhere else relies on:
/// 1. Who is in the list is pinned, and is taken out of it before its memory is reused: its owner's
///    destructor sees to that, and `Pin` to the destructor.
/// 2. A node whose owner has joined it to the queue is in the list exactly while its fate is
///    [`Fate::Waits`] or [`Fate::Called`]. Both change together, with the queue locked, before
///    anything of somebody else's is called.
/// 3. The entry of a node is used by whoever has `&mut List`, that is, the queue locked.
#[derive(Debug, Default)]
pub(crate) struct List {
    first: Option<NonNull<Node>>,
    last: Option<NonNull<Node>>,
    len: usize,
}

impl List {
    pub(crate) const fn new() -> Self {
        Self { first: None, last: None, len: 0 }
    }

    pub(crate) const fn len(&self) -> usize {
        self.len
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.len == 0
    }

    pub(crate) fn first(&self) -> Option<NonNull<Node>> {
        self.first
    }

    /// # Safety
    ///
    /// `node` is in this list.
    pub(crate) unsafe fn behind(&mut self, node: NonNull<Node>) -> Option<NonNull<Node>> {
        // SAFETY: the caller's promise.
        unsafe { self.entry(node, |entry| entry.behind) }
    }

    /// # Safety
    ///
    /// `node` is in this list.
    pub(crate) unsafe fn wants(&self, node: NonNull<Node>) -> usize {
        // SAFETY: it is in the list, so it is alive (1).
        unsafe { node.as_ref() }.wants
    }

    /// # Safety
    ///
    /// `node` is in this list.
    pub(crate) unsafe fn entry<R>(
        &mut self,
        node: NonNull<Node>,
        f: impl FnOnce(&mut Entry) -> R,
    ) -> R {
        // SAFETY: it is in the list, so it is alive (1), and we have the list (3).
        unsafe { node.as_ref().with_entry(f) }
    }

    /// Puts `node` at the end.
    ///
    /// # Safety
    ///
    /// It is in no list, and will be taken out of this one before it is gone.
    pub(crate) unsafe fn push(&mut self, node: Pin<&Node>) {
        let node = NonNull::from(node.get_ref());
        let before = self.last.replace(node);
        match before {
            // SAFETY: the last of the list was in it.
            Some(last) => unsafe { self.entry(last, |entry| entry.behind = Some(node)) },
            None => self.first = Some(node),
        }
        // SAFETY: from here on it is in the list.
        unsafe { self.entry(node, |entry| (entry.before, entry.behind) = (before, None)) };
        self.len += 1;
    }

    /// Takes `node` out.
    ///
    /// # Safety
    ///
    /// It is in this list.
    pub(crate) unsafe fn remove(&mut self, node: NonNull<Node>) {
        // SAFETY: the caller's promise.
        let (before, behind) = unsafe { self.entry(node, |entry| (entry.before, entry.behind)) };
        match before {
            // SAFETY: neighbours are in the list.
            Some(before) => unsafe { self.entry(before, |entry| entry.behind = behind) },
            None => self.first = behind,
        }
        match behind {
            // SAFETY: as above.
            Some(behind) => unsafe { self.entry(behind, |entry| entry.before = before) },
            None => self.last = before,
        }
        self.len -= 1;
    }
}

/// Whether a node whose owner has joined it is in the list, by the second invariant.
pub(crate) const fn is_in_queue(fate: Fate) -> bool {
    matches!(fate, Fate::Waits | Fate::Called)
}
