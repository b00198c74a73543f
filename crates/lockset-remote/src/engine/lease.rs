//! The lease: what its holder has in hand.

use core::fmt;
use core::future::poll_fn;
use core::pin::{Pin, pin};
use core::task::Poll;
use std::sync::Arc;
use std::time::Duration;

use lockset_api::{End, Error, Fence, Loss, Lost, Name, Released};

use super::claim::answered;
use super::keeper::Held;
use super::ticket::Ticket;
use super::work::{Outcome, Work, answer};
use crate::Request;

/// A lock that a server has granted for a time, renewed in the background while this value lives.
///
/// Its owner is the value, not a thread: it can be sent anywhere, and to another process as a
/// [`Ticket`]. Dropping it gives the lock back in the background, without blocking and without a
/// runtime; a process that is about to exit should [`release`](lockset_api::Lease::release)
/// instead, which waits until the server has heard.
#[must_use = "a lease that is dropped is given back at once"]
pub struct RemoteLease {
    held: Arc<Held>,
}

impl RemoteLease {
    /// What is kept, in the hands of whoever holds it.
    pub(crate) fn of(held: Arc<Held>) -> Self {
        Self { held }
    }

    /// The request that was granted.
    #[cfg(feature = "etcd")]
    pub(crate) fn request(&self) -> &Request {
        &self.held.request
    }

    /// The lock's name, the first if it has several.
    #[must_use]
    pub fn name(&self) -> &Name {
        &self.held.request.names[0]
    }

    /// Renews the lease now: what [`Renewal::Never`](crate::Renewal) leaves to its holder. It then
    /// lasts for its TTL from here.
    ///
    /// # Errors
    ///
    /// [`Lost`](lockset_api::ErrorKind::Lost) if it is not ours any more. With any other error it
    /// still is, for as long as [`remaining`](lockset_api::Lease::remaining) says: a renewal that
    /// fails takes nothing away.
    pub fn renew(&self) -> Result<(), Error> {
        self.held.port.driver.block_on(self.renew_async())
    }

    /// The same for a task. Cancel-safe: once called, the renewal is made.
    ///
    /// # Errors
    ///
    /// As [`renew`](Self::renew).
    pub fn renew_async(&self) -> impl Future<Output = Result<(), Error>> + Send + 'static {
        let (reply, answer) = answer();
        let held = Arc::clone(&self.held);
        spawn(&self.held, async move { drop(reply.send(held.renew().await)) });
        async move { answered(answer.await) }
    }

    /// Runs `work` as long as the lease lasts: if it is lost, the work is dropped where it is.
    ///
    /// A pause of the whole process is not covered, and neither is what the work has already asked
    /// of others: that is what the fence is for. Cancel-safe if the work is.
    ///
    /// # Errors
    ///
    /// The [`Loss`], if that came first.
    pub async fn run<T>(&self, work: impl Future<Output = T>) -> Result<T, Loss> {
        let (mut work, mut lost) = (pin!(work), pin!(self.held.term.lost()));
        poll_fn(|context| match lost.as_mut().poll(context) {
            Poll::Ready(End::Lost(loss)) => Poll::Ready(Err(loss)),
            // Nobody can release what is borrowed here.
            _ => work.as_mut().poll(context).map(Ok),
        })
        .await
    }

    /// Calls `told` if the lease is lost, on the thread that keeps leases: it must not block.
    pub fn on_lost(&self, told: impl FnOnce(Loss) + Send + 'static) {
        let lost = self.held.term.lost();
        spawn(&self.held, async move {
            if let End::Lost(loss) = lost.await {
                told(loss);
            }
        });
    }

    /// Stops keeping the lease, without giving it back, so that another process can
    /// [resume](crate::Locks::resume) it: within what [`remaining`](lockset_api::Lease::remaining)
    /// says, since nobody renews it meanwhile.
    #[must_use = "a ticket that is lost is a lock that stays taken for its TTL"]
    pub fn into_ticket(self) -> Ticket {
        self.held.settle();
        // Whoever watches this lease is told that it has ended here.
        self.held.term.end(End::Released);
        let Request { id, names, mode, ttl, .. } = self.held.request.clone();
        Ticket { id, names, mode, ttl, fence: self.held.fence }
    }

    /// Gives the lock back as a task would: see [`release`](lockset_api::Lease::release).
    ///
    /// Cancel-safe: once called, the lock is given back, whether or not the future is awaited.
    ///
    /// # Errors
    ///
    /// When the server could not be told. The driver goes on trying until the lease has run out.
    pub fn release_async(self) -> impl Future<Output = Result<Released, Error>> + Send + 'static {
        let (reply, answer) = answer();
        let work = self.give_back(move |outcome| drop(reply.send(outcome)));
        let mut outcome = Outcome::of(work, answer);
        poll_fn(move |context| Pin::new(&mut outcome).poll(context).map(answered))
    }

    fn give_back(&self, told: impl FnOnce(Result<Released, Error>) + Send + 'static) -> Work {
        self.held.settle();
        let held = Arc::clone(&self.held);
        let release = Box::pin(async move { held.release(told).await });
        // The driver runs: it has started this lease.
        self.held.port.driver.start(release).unwrap_or(Work::DONE)
    }
}

/// On the driver, which runs: it has started this lease.
fn spawn(held: &Held, task: impl Future<Output = ()> + Send + 'static) {
    if let Ok(driver) = held.port.driver.handle() {
        driver.spawn(task);
    }
}

impl Drop for RemoteLease {
    fn drop(&mut self) {
        // It may have been given back by hand, or be in a ticket.
        if !self.held.is_settled() {
            // Dropped, it is left to the driver.
            drop(self.give_back(drop));
        }
    }
}

impl lockset_api::Lease for RemoteLease {
    type Error = Error;

    fn fence(&self) -> Fence {
        self.held.fence
    }

    fn remaining(&self) -> Duration {
        self.held.term.remaining()
    }

    fn lost(&self) -> Lost {
        self.held.term.lost()
    }

    fn release(self) -> Result<Released, Error> {
        let driver = self.held.port.driver.clone();
        driver.block_on(self.release_async())
    }
}

impl fmt::Debug for RemoteLease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut lease = f.debug_struct("RemoteLease");
        lease.field("name", &self.name().as_str()).field("fence", &self.held.fence.value());
        lease.field("remaining", &self.held.term.remaining()).finish()
    }
}
