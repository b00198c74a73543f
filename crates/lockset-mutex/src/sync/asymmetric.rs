//! Two fences for two sides, one of which is all but free: membarrier(2).
//!
//! After [`heavy_fence`] every other thread of the process is as if it had made a fence of its own
//! at some moment during the call, wherever it was. So a [`light_fence`] need only keep the
//! compiler from moving anything across it. Both sides must agree on this, so it is settled once
//! for the process; while it is not, or where the kernel refuses, both are ordinary fences.

use core::sync::atomic::Ordering::SeqCst;
use core::sync::atomic::{AtomicU8, Ordering, compiler_fence, fence};

/// Nobody has asked the kernel yet.
const UNKNOWN: u8 = 0;
/// The kernel refuses, or there is no such call: both sides make a real fence.
const SYMMETRIC: u8 = 1;
/// The process is registered: the heavy side calls the kernel, always.
const EXPEDITED: u8 = 2;

/// Goes from `UNKNOWN` to one of the others, and stays. While some threads know and others do not,
/// the latter make a real fence, which does on either side.
static MEANS: AtomicU8 = AtomicU8::new(UNKNOWN);

/// The heavy side had no fence: nothing is ordered.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Refused;

/// The side that is run often.
#[inline]
pub(crate) fn light_fence() {
    // Relaxed: what it says is true for the process before it is stored.
    if MEANS.load(Ordering::Relaxed) == EXPEDITED {
        // SeqCst: for the compiler alone, that no load moves before a store above.
        compiler_fence(SeqCst);
    } else {
        light_fence_unsettled();
    }
}

#[cold]
fn light_fence_unsettled() {
    settle();
    // SeqCst: the real thing; a heavy side that calls the kernel is content with it, too.
    fence(SeqCst);
}

/// The side that is run seldom.
///
/// # Errors
///
/// [`Refused`] if the kernel takes its promise back, as it may when a filter of system calls is put
/// on a running process. Light sides rely on the call, so there is nothing else that would do.
pub(crate) fn heavy_fence() -> Result<(), Refused> {
    if settle() == EXPEDITED {
        return kernel::barrier().map_err(|_| Refused);
    }
    // SeqCst: with the other side's, which is real, since `EXPEDITED` is never stored here.
    fence(SeqCst);
    Ok(())
}

/// Which of the two it is, from now on.
fn settle() -> u8 {
    // Relaxed, and below: it carries no data. One of several that ask the kernel at once wins, and
    // registering twice does no harm; only one that is registered stores `EXPEDITED`.
    match MEANS.load(Ordering::Relaxed) {
        UNKNOWN => {
            // Relaxed: as above.
            let means = if kernel::register().is_ok() { EXPEDITED } else { SYMMETRIC };
            let first =
                MEANS.compare_exchange(UNKNOWN, means, Ordering::Relaxed, Ordering::Relaxed);
            first.map_or_else(|settled| settled, |_| means)
        }
        settled => settled,
    }
}

#[cfg(all(target_os = "linux", not(lockset_portable)))]
mod kernel {
    use rustix::io::Errno;
    use rustix::thread::{MembarrierCommand, membarrier};

    pub(super) fn register() -> Result<(), Errno> {
        membarrier(MembarrierCommand::RegisterPrivateExpedited)
    }

    pub(super) fn barrier() -> Result<(), Errno> {
        membarrier(MembarrierCommand::PrivateExpedited)
    }
}

#[cfg(any(not(target_os = "linux"), lockset_portable))]
mod kernel {
    use super::Refused;

    pub(super) fn register() -> Result<(), Refused> {
        Err(Refused)
    }

    pub(super) fn barrier() -> Result<(), Refused> {
        Err(Refused)
    }
}
