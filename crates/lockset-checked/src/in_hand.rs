//! A hold, as its guard knows it.

use core::fmt;
use std::sync::Arc;

use crate::claim::Claim;
use crate::context::{Context, Waiter};
use crate::graph;
use crate::mark::{Mark, Site};

/// Dropping it takes the lock out of the held set, on whatever thread that happens.
pub(crate) struct InHand {
    context: Arc<Context>,
    ticket: u64,
}

impl InHand {
    /// Puts a lock that was granted into the hands of whoever runs now; into nobody's, if its
    /// guards are known to be sent around.
    pub(crate) fn take(mark: &Arc<Mark>, claim: Claim, site: Site, waiter: Waiter) -> Option<Self> {
        if mark.sends_guards() {
            return None;
        }
        Context::current(waiter, |context| {
            let ticket = context.add(Arc::clone(mark), claim, site);
            Self { context: Arc::clone(context), ticket }
        })
    }

    /// Takes the lock out of the held set, for a guard that is about to be sent: what was learnt
    /// from it until now is right.
    pub(crate) fn detach(self) {
        drop(self.context.remove(self.ticket));
    }

    /// Moves the hold to whoever runs now.
    pub(crate) fn adopt(&mut self) {
        let Some(context) = Context::current(Waiter::Thread, Arc::clone) else { return };
        if let Some(hold) = self.context.remove(self.ticket) {
            if !Arc::ptr_eq(&self.context, &context) {
                graph::forget_ways(&hold.ways);
            }
            let ticket = context.add(Arc::clone(&hold.mark), hold.claim, hold.site);
            (self.context, self.ticket) = (context, ticket);
        }
    }
}

impl Drop for InHand {
    fn drop(&mut self) {
        let Some(hold) = self.context.remove(self.ticket) else { return };
        if !self.context.is_current() {
            // It was sent here, nobody knows when. So nothing that was learnt from it is certain,
            // and where one guard of a lock is sent, the next one will be, too.
            hold.mark.has_sent_a_guard();
            graph::forget_ways(&hold.ways);
        }
    }
}

impl fmt::Debug for InHand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("InHand").field(&self.context.label()).finish()
    }
}
