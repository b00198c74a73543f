//! The two fences as the model checker sees them: it knows only real ones, so both are.

use core::sync::atomic::Ordering::SeqCst;

use lockset_sync::fence;

/// Never, in a model.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Refused;

pub(crate) fn light_fence() {
    // SeqCst: in one order with those of the other side.
    fence(SeqCst);
}

pub(crate) fn heavy_fence() -> Result<(), Refused> {
    // SeqCst: as above.
    fence(SeqCst);
    Ok(())
}
