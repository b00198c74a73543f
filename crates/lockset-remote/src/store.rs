//! The seam between the engine and a server: what one backend has to know.

mod answer;
mod error;
mod status;

use core::pin::Pin;
use std::time::Duration;

use lockset_api::{Error, ErrorKind, Fence, Name};

use crate::pauses::Pauses;
use crate::{Mode, Request};

pub use crate::engine::LossNotice;

pub use answer::{Attempt, Enrolled, Grant, Memory, Raised, Renewed, Wake, Withdrawn};
pub use error::StoreError;
pub use status::{Party, Status};

/// One exchange with a server, under way.
///
/// Boxed, so that a store can be chosen at run time; the allocation is nothing beside a round trip.
pub type Op<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// A server that keeps leases: the port that a backend implements.
///
/// The engine does everything else: deadlines, renewals, retries, cleaning up, telling of losses.
/// So a store keeps no state about leases of its own, and each method is one exchange with the
/// server. They are called on the engine's driver, inside a tokio runtime with time enabled. One
/// that cannot queue, share or say who holds a lock leaves the methods alone that have a body here.
///
/// What a store promises:
/// 1. What unexpired request ids hold of a name never exceeds what there is of it ([`Mode`]), and
///    only the server's clock decides what has expired.
/// 2. Every grant of a name carries a fence greater than all before it.
/// 3. [`renew`](Self::renew) and [`release`](Self::release) act on the id that they are given and
///    on nothing else, however late they come.
/// 4. Several names are granted together or not at all.
pub trait LeaseStore: Send + Sync + 'static {
    /// What this server is called in messages: its URL, without secrets.
    fn label(&self) -> &str;

    /// Refuses what this server cannot do, before anything is sent. Unless a store says otherwise
    /// it can lock one name at a time, any [`Name`], exclusively.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unsupported`] for the mode or the number of names, [`ErrorKind::InvalidName`]
    /// for a name, with the reason.
    fn check(&self, names: &[Name], mode: Mode) -> Result<(), Error> {
        let refuse = |what| Err(Error::new(ErrorKind::Unsupported, format!("no {what} there")));
        match (names, mode) {
            ([_], Mode::Exclusive) => Ok(()),
            (_, Mode::Exclusive) => refuse("lock on several names at once"),
            (_, Mode::Shared) => refuse("lock that readers share"),
            (_, Mode::Permits { .. }) => refuse("permits"),
        }
    }

    /// Takes the lock if it can be had, in one atomic step on the server.
    ///
    /// If it cannot, a server that queues puts the request in line for `patience` at most, unless
    /// that is zero. An attempt that is repeated, because its answer was lost or because it is time
    /// to look again, keeps its place; what it has been granted meanwhile it has from now on, as by
    /// a renewal, since the engine counts the lease from this attempt.
    fn attempt<'a>(&'a self, request: &'a Request, patience: Duration) -> Op<'a, Attempt>;

    /// Waits for news from the server: the lock itself, or a reason to attempt again. Where none is
    /// to be had, that is a pause.
    ///
    /// `round` counts the attempts that failed, from 1; `held` is what the last of them was told.
    /// Nobody else bounds the wait: it has to end by itself when no news can come any more.
    fn wait<'a>(&'a self, request: &'a Request, round: u32, held: Duration) -> Op<'a, Wake> {
        let _ = request;
        Pauses::COMMON.wait(round, held)
    }

    /// Lets the lease last for [`Request::ttl`] from now, if it is still this request's.
    fn renew<'a>(&'a self, request: &'a Request) -> Op<'a, Renewed>;

    /// Gives back whatever this request has come to own, its place in line included. May be called
    /// at any time, and again.
    fn release<'a>(&'a self, request: &'a Request) -> Op<'a, Withdrawn>;

    /// Is given what [tells](LossNotice::tell) the holder of this request's lease that the server
    /// has ended it before its time, when that is noticed unasked: for a server that ends a lease
    /// together with the connection that it was made on. Called once a lease, after its grant. A
    /// store that is never told so leaves it alone.
    fn watch(&self, request: &Request, notice: LossNotice) {
        let _ = (request, notice);
    }

    /// Who holds a lock and who waits for it.
    fn inspect<'a>(&'a self, name: &'a Name) -> Op<'a, Status> {
        let _ = name;
        Box::pin(async { Err(StoreError::refused("it keeps no record of that")) })
    }

    /// In a quorum: if the request still holds all its names, and the fence of none is greater than
    /// `fence`, makes it their fence.
    ///
    /// Both conditions and the change are one step. A server without this can be no part of a
    /// quorum, nor can one that leaves [`Request::floor`] out of account.
    fn raise<'a>(&'a self, request: &'a Request, fence: Fence) -> Op<'a, Raised> {
        let _ = (request, fence);
        no_part_of_a_quorum()
    }

    /// In a quorum: what the server remembers of it; nothing if it is a
    /// [stranger](Attempt::Stranger). Only for servers that can forget.
    fn recall(&self) -> Op<'_, Option<Memory>> {
        no_part_of_a_quorum()
    }

    /// In a quorum: makes a stranger a part of it, `abstinence` after it was first asked, and with
    /// that to remember. It counts that time itself, and forgets that it does when it restarts.
    fn enroll(&self, abstinence: Duration, memory: Memory) -> Op<'_, Enrolled> {
        let _ = (abstinence, memory);
        no_part_of_a_quorum()
    }
}

fn no_part_of_a_quorum<'a, T>() -> Op<'a, T> {
    Box::pin(async { Err(StoreError::refused("it can be no part of a quorum")) })
}
