//! A value that each process has for itself.

use std::sync::OnceLock;

use crate::sys::Process;

/// The value of one process, and those of the children that were forked from it, as each sees it.
///
/// A forked child has its parent's memory, but neither its threads nor, properly, its locks. It
/// gets a value of its own, behind its parent's, which it never looks at: a thread that it does not
/// have may have had that one locked when the child was made.
#[derive(Debug)]
pub(crate) struct PerProcess<T> {
    process: Process,
    value: T,
    next: OnceLock<Box<Self>>,
}

impl<T: Default> PerProcess<T> {
    pub(crate) fn new() -> Self {
        Self { process: Process::current(), value: T::default(), next: OnceLock::new() }
    }

    /// The value of the process that runs now.
    pub(crate) fn get(&self) -> &T {
        let mut own = self;
        while own.process.is_gone() {
            own = own.next.get_or_init(|| Box::new(Self::new()));
        }
        &own.value
    }
}
