//! Those to be woken once the queue's lock has been let go.

use crate::node::Wake;

/// How many are woken between two visits to the queue: a release seldom serves more.
const ROOM: usize = 16;

/// A waker is somebody else's code: it may come back to this very semaphore. So it is called, and
/// dropped, with the queue free, and the queue is visited again if there are more than have room
/// here. It is on the stack, because nothing here allocates.
#[derive(Debug)]
#[must_use = "those in here sleep until they are woken"]
pub(crate) struct Wakes {
    wakes: [Option<Wake>; ROOM],
    len: usize,
}

/// There is no room for more.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Full;

impl Wakes {
    pub(crate) const fn new() -> Self {
        Self { wakes: [const { None }; ROOM], len: 0 }
    }

    /// Whether there is room for one more.
    pub(crate) const fn room(&self) -> Result<(), Full> {
        if self.len < ROOM { Ok(()) } else { Err(Full) }
    }

    /// Keeps one, for whom there is room. Who is awake already has none.
    pub(crate) fn extend(&mut self, wake: Option<Wake>) {
        if wake.is_some() {
            self.wakes[self.len] = wake;
            self.len += 1;
        }
    }

    pub(crate) fn run(self) {
        self.wakes.into_iter().take(self.len).flatten().for_each(Wake::wake);
    }
}
