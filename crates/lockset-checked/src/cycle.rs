//! What was found: locks that are taken in a circle.

use core::fmt;
use std::panic::Location;
use std::sync::Arc;

/// Locks that are taken in a circle: each step's wanted lock is the next step's held one, and the
/// last step closes the circle.
///
/// When every step is taken at once, each by another thread or task, all of them wait for ever. A
/// cycle of one step is somebody who asks again for a lock in hand.
///
/// `Display` is a paragraph that names every lock and both sites of every step.
#[derive(Clone, Debug)]
pub struct Cycle {
    steps: Vec<Step>,
}

/// One step of a [`Cycle`]: somebody held a lock and asked for another.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Step {
    /// Who it was: a thread by its name, a task by where it was made.
    pub holder: Arc<str>,
    /// The lock in hand: its name, its class, or where it was made.
    pub held: Arc<str>,
    /// Where that was acquired.
    pub held_at: &'static Location<'static>,
    /// The lock that was asked for.
    pub wanted: Arc<str>,
    /// Where that was asked for.
    pub wanted_at: &'static Location<'static>,
}

impl Cycle {
    /// A circle that the first step closes.
    pub(crate) fn new(steps: Vec<Step>) -> Self {
        Self { steps }
    }

    /// The steps; the first is the one that closes the circle now, the others were seen before.
    #[must_use]
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }
}

impl fmt::Display for Cycle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some((now, before)) = self.steps.split_first() else { return Ok(()) };
        if before.is_empty() {
            write!(f, "a lock asked for by its own holder: {now}")?;
            return f.write_str("; it would wait for itself for ever");
        }
        write!(f, "locks taken in a circle: {now}")?;
        before.iter().try_for_each(|step| write!(f, "; before that, {step}"))?;
        f.write_str("; should these meet, all of them wait for ever")
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { holder, held, held_at, wanted, wanted_at } = self;
        write!(f, "{holder} asked for {wanted} at {wanted_at} while it held {held}")?;
        write!(f, ", acquired at {held_at}")
    }
}
