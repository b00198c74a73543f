//! What the tour is at, on stderr: a line a part, and on a terminal a live counter.

use std::io::{self, IsTerminal, Write};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::words::count;

/// As often as the eye can follow.
const REDRAW_EVERY: Duration = Duration::from_millis(100);

/// Where the tour is; shared by all that work for it.
pub(crate) struct Progress {
    live: bool,
    state: Mutex<State>,
}

struct State {
    label: String,
    done: usize,
    expected: usize,
    drawn: Instant,
}

impl Progress {
    pub(crate) fn new() -> Self {
        let state = State { label: String::new(), done: 0, expected: 0, drawn: Instant::now() };
        Self { live: io::stderr().is_terminal(), state: Mutex::new(state) }
    }

    /// A part begins, with so much to do.
    pub(crate) fn begin(&self, label: String, expected: usize) {
        let mut state = self.state();
        *state = State { label, done: 0, expected, drawn: Instant::now() };
        match self.live {
            true => state.draw(),
            false => tell(&format!("step {} ...\n", state.label)),
        }
    }

    /// There is another number of things to do than was thought at the beginning.
    pub(crate) fn expect(&self, expected: usize) {
        self.state().expected = expected;
    }

    /// So much more is done.
    pub(crate) fn add(&self, more: usize) {
        let mut state = self.state();
        state.done += more;
        if self.live && state.drawn.elapsed() >= REDRAW_EVERY {
            state.draw();
        }
    }

    /// The part has ended: its line makes room.
    pub(crate) fn end(&self) {
        if self.live {
            tell("\r\x1b[K");
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn draw(&mut self) {
        let Self { label, done, expected, .. } = self;
        tell(&format!("\r\x1b[Kstep {label} ... {} of {}", count(*done), count(*expected)));
        self.drawn = Instant::now();
    }
}

/// Progress that nobody reads is no reason to stop.
fn tell(text: &str) {
    let mut stderr = io::stderr();
    let _ = stderr.write_all(text.as_bytes()).and_then(|()| stderr.flush());
}
