//! How often a lock called the kernel: counted by the kernel itself, on all threads of a race.

use std::time::Duration;

use perf_event::Builder;
use perf_event::events::Tracepoint;

use crate::cell::Cell;
use crate::locks::Lock;
use crate::race::Waits;

/// System calls for each section.
///
/// # Errors
///
/// Where the kernel has no tracepoints, or does not let this process use them.
pub(crate) fn per_section(lock: &Lock, cell: Cell, span: Duration) -> Result<f64, std::io::Error> {
    let entered = Tracepoint::with_name("raw_syscalls/sys_enter")?;
    // Threads that start later are counted along, and are in the sum once they have ended.
    let mut counter = Builder::new(entered).inherit(true).include_kernel().build()?;
    counter.enable()?;
    let outcome = (lock.race)(cell, span, Waits::Untimed);
    counter.disable()?;
    // What starting and ending the threads costs, by a race of no length.
    let mut idle = Builder::new(entered).inherit(true).include_kernel().build()?;
    idle.enable()?;
    (lock.race)(cell, Duration::ZERO, Waits::Untimed);
    idle.disable()?;
    let calls = counter.read()?.saturating_sub(idle.read()?);
    Ok(calls as f64 / outcome.sections.max(1) as f64)
}
