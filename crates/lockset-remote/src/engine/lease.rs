//! The lease: what its holder has in hand.

use core::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use lockset_api::{Error, ErrorKind, Fence, Lost, Name, Released, Term, block_on};
use tokio::runtime::Handle;
use tokio::sync::oneshot;

use super::keeper::{Keeper, Outcome};
use super::terms::Terms;
use crate::Request;
use crate::store::LeaseStore;

/// A lock that a server has granted for a time, renewed in the background while this value lives.
///
/// Its owner is the value, not a thread: it can be sent anywhere. Dropping it gives the lock back
/// in the background, without blocking and without a runtime; a process that is about to exit
/// should [`release`](lockset_api::Lease::release) instead, which waits until the server has heard.
#[must_use = "a lease that is dropped is given back at once"]
pub struct RemoteLease {
    name: Name,
    fence: Fence,
    term: Term,
    /// Taken by the one release, or dropped with the lease, which is an order as well.
    orders: Option<oneshot::Sender<Option<Outcome>>>,
}

impl RemoteLease {
    /// Starts to keep what was granted to `request`, which was sent at `asked`. Runs on the driver.
    pub(crate) fn start(
        store: Arc<dyn LeaseStore>,
        request: Request,
        terms: Terms,
        fence: Fence,
        asked: Instant,
    ) -> Self {
        let term = Term::until(terms.deadline(asked));
        let name = request.name.clone();
        let (orders, receiver) = oneshot::channel();
        let keeper = Keeper { store, request, terms, term: term.clone(), asked };
        Handle::current().spawn(keeper.run(receiver));
        Self { name, fence, term, orders: Some(orders) }
    }

    /// The lock's name.
    #[must_use]
    pub fn name(&self) -> &Name {
        &self.name
    }

    /// Gives the lock back as a task would: see [`release`](lockset_api::Lease::release).
    ///
    /// Cancel-safe: once called, the lock is given back, whether or not the future is awaited.
    ///
    /// # Errors
    ///
    /// When the server could not be told. The driver goes on trying until the lease has run out.
    pub fn release_async(
        mut self,
    ) -> impl Future<Output = Result<Released, Error>> + Send + 'static {
        let (outcome, answer) = oneshot::channel();
        if let Some(orders) = self.orders.take() {
            // The keeper listens until it has its order, so this cannot fail while the driver runs.
            drop(orders.send(Some(outcome)));
        }
        async move {
            let gone = |_| Err(Error::new(ErrorKind::Other, "the driver is gone"));
            answer.await.unwrap_or_else(gone)
        }
    }
}

impl lockset_api::Lease for RemoteLease {
    type Error = Error;

    fn fence(&self) -> Fence {
        self.fence
    }

    fn remaining(&self) -> Duration {
        self.term.remaining()
    }

    fn lost(&self) -> Lost {
        self.term.lost()
    }

    fn release(self) -> Result<Released, Error> {
        block_on(self.release_async())
    }
}

impl fmt::Debug for RemoteLease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut lease = f.debug_struct("RemoteLease");
        lease.field("name", &self.name.as_str()).field("fence", &self.fence.value());
        lease.field("remaining", &self.term.remaining()).finish()
    }
}
