//! Leases kept by MySQL or MariaDB: a row says who has the lock, and `GET_LOCK` is the line.
//!
//! A named lock of the server's, `GET_LOCK`, queues and wakes like no table can: whoever releases
//! it hands it to the next in line, at once and unasked. But it belongs to a database session, and
//! ends when the server takes that for ended: a connection that a firewall cuts, a restart, a
//! failover give the lock to somebody else while its holder still works. So it is not the lease
//! here. The lease is a row, with a time; and the named lock decides whose turn it is to look at
//! the row.
//!
//! One row a lock, kept for ever, in the table `lockset_lease` of the database in the URL. It is
//! made when it is missing.
//!
//! | column | |
//! |---|---|
//! | `name` | the lock, byte by byte |
//! | `fence` | the fence of the latest grant, 0 before the first |
//! | `request` | the id that was granted it, or NULL when it was given back |
//! | `holder`, `note` | who that is and what for, for people to read |
//! | `granted`, `expires` | since when, and until when unless renewed; the server's UTC |
//!
//! Each step is one exchange, some statements in one text, on a session of the request's own:
//!
//! - **Acquire**: `GET_LOCK` with a timeout of the server's; then, only if that was got, an update
//!   that takes the row if it is free and counts up the fence. A lock that has no row is given one
//!   by two more exchanges.
//! - **Renew**: an update of the row if it still is this request's and in time. It needs no certain
//!   session, so a lease outlives its connection, and a restart of the server.
//! - **Release**: the row is cleared, and `RELEASE_LOCK` after that.
//!
//! # Waiting
//!
//! A waiter's exchange lasts as long as it waits, ten minutes at a time; then it goes to the end of
//! the line. Every ten seconds it is looked for in the server's list of sessions, in case its
//! connection has died without a word. A server that has no connection to spare for that is there
//! at least; one that cannot be asked for another reason, twice, is taken for gone.
//!
//! Once a waiter has the named lock and still finds the row taken - the holder died, or lost its
//! session and works on - it keeps its turn, and looks again when the lease would run out, or after
//! a quarter of a second. Whoever gives up has its statement ended (`KILL QUERY` by another
//! session, which needs no privilege for one's own), and releases what it may have got before that.
//!
//! # Sessions
//!
//! Each lease and each waiter has a connection of its own; `max_connections` bounds how many there
//! are. One that has been given back clean is kept for a minute for the next attempt, 16 at most.
//! One whose answer was lost, that was ended, or that said anything unexpected is closed.
//!
//! # What bounds its safety
//!
//! The server's wall clock, and only where sessions end: a clock that is set forward by a TTL ends
//! the lease of a holder whose connection is broken at that time. As long as its session lives,
//! nobody else has a turn. A failover to a replica that lags may lose the latest grants.
//! `innodb_flush_log_at_trx_commit` below 1 gives up the last second before a power cut.
//!
//! A fence is the greater of the last one plus one and the server's time in microseconds. So it
//! rises across all of these too, as long as clocks are not set back by more than was lost.
//!
//! Nothing stays locked on nobody's behalf for longer than:
//!
//! - a holder that died or was killed: its TTL;
//! - one that is paused or cut off, so that its connection stays: its TTL rounded up to whole
//!   seconds, when the server ends its session (`wait_timeout`), and what a server takes for that,
//!   a second at most;
//! - a waiter that died: nothing, or a TTL. The server looks every few seconds whether a waiter's
//!   connection is still there; one that vanished without a word is granted the lock in its turn;
//! - a lease that went to another process by a ticket and is given back there: until the session
//!   that got it ends, as for a paused one.
//!
//! # Names
//!
//! A lock's name is compared byte by byte, in the row. `GET_LOCK` is coarser: MySQL takes names of
//! 64 characters and lets their case be, MariaDB of 192 bytes and minds it. So there it is called
//! `lockset/DB/NAME` if that has 64 characters at most, of lower-case ASCII letters, digits and
//! `/_.-:`, and otherwise `lockset#` and the SHA-224 of that. Two names that should ever meet there
//! would wait for each other, and not be taken for one another.
//!
//! # Limits
//!
//! One name at a time, exclusively: `GET_LOCK` knows no readers and no permits, and a session that
//! waits for one name cannot wait for another. It is no part of a quorum.
//!
//! Each acquire and each release commits, which waits for the server's disk. Several servers that
//! write (Galera, group replication) keep their named locks apart: use one of them.
//!
//! `inspect` tells who holds the lock from the row, and who waits from the list of sessions:
//! its own user's only, unless the user has the privilege `PROCESS`, and in the order of how long
//! they wait, which MySQL tells in seconds.
//!
//! The tests run against MariaDB. MySQL is in no stable release of Debian, so they have been run
//! against it by hand (9.7): the conformance suite with its faults passed, and so did the tests of
//! this backend, but for those whose own statements only MariaDB knows.
//!
//! # Permissions
//!
//! `SELECT` and `UPDATE` on the table, and `INSERT` for a lock that has no row yet; to make the
//! table, `CREATE` in the database, once.

mod fault;
mod flight;
mod idle;
mod seat;
mod seats;
mod server;
mod session;
mod sql;
mod status;
mod taken;
mod transaction;
mod url;

use core::fmt;
use std::sync::Arc;
use std::time::Duration;

use lockset_api::{Error, ErrorKind, Name};

use crate::pauses::Pauses;
use crate::store::{Attempt, LeaseStore, Op, Renewed, Status, Wake, Withdrawn};
use crate::{Mode, Request};
use seats::Seats;
use server::Server;

/// The leases of a database on a MySQL or MariaDB server.
pub struct Mysql {
    label: String,
    server: Arc<Server>,
    seats: Seats,
}

impl Mysql {
    /// The database at `url`: `mysql://USER:PASSWORD@HOST:PORT/DB`, or `mariadb:`. Nothing is sent
    /// yet.
    ///
    /// With `?require_ssl=true` behind that, TLS is spoken (feature `mysql-tls`), and a server is
    /// believed whose certificate one of the public authorities has signed that Mozilla trusts,
    /// unless it is told otherwise by `with_root_certificates`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] if that is not such a URL, [`ErrorKind::Unsupported`] for TLS where it
    /// is not built in.
    pub fn new(url: &str) -> Result<Self, Error> {
        let (opts, label) = url::parse(url)?;
        Ok(Self { label, server: Arc::new(Server::new(opts)), seats: Seats::default() })
    }

    /// Trusts a server whose certificate one of these has signed (PEM, one or more), and no other.
    /// With `verify_identity=false` in the URL it may be of any name.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] if there is no TLS in the URL, if by `verify_ca=false` it trusts
    /// anybody, or if these are no certificates.
    #[cfg(feature = "mysql-tls")]
    pub fn with_root_certificates(self, roots: &[u8]) -> Result<Self, Error> {
        Ok(Self { server: Arc::new(self.server.trusting(roots)?), ..self })
    }
}

impl fmt::Debug for Mysql {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the server: it knows the password.
        f.debug_struct("Mysql").field("label", &self.label).finish_non_exhaustive()
    }
}

impl LeaseStore for Mysql {
    fn label(&self) -> &str {
        &self.label
    }

    fn check(&self, names: &[Name], mode: Mode) -> Result<(), Error> {
        let refuse = |why| Err(Error::new(ErrorKind::Unsupported, why));
        match (names, mode) {
            ([_], Mode::Exclusive) => Ok(()),
            (_, Mode::Exclusive) => refuse(
                "a lock kept by MySQL has one name: its sessions wait for one GET_LOCK at a time",
            ),
            (_, Mode::Shared) => refuse("MySQL's GET_LOCK cannot be shared by readers"),
            (_, Mode::Permits { .. }) => refuse("MySQL's GET_LOCK does not count permits"),
        }
    }

    fn attempt<'a>(&'a self, request: &'a Request, patience: Duration) -> Op<'a, Attempt> {
        Box::pin(async move {
            let seat = self.seats.enter(request);
            let mut seat = seat.lock().await;
            let attempt = seat.attempt(&self.server, request, patience).await;
            // What it still has is for the next attempt, or for its release.
            if seat.is_empty() {
                self.seats.leave(request.id);
            }
            attempt
        })
    }

    fn wait<'a>(&'a self, request: &'a Request, round: u32, held: Duration) -> Op<'a, Wake> {
        Box::pin(async move {
            let seat = self.seats.enter(request);
            let mut seat = seat.lock().await;
            if seat.waits() {
                return seat.wait(&self.server, request).await;
            }
            Pauses::COMMON.wait(round, held).await
        })
    }

    fn renew<'a>(&'a self, request: &'a Request) -> Op<'a, Renewed> {
        Box::pin(async move {
            let seat = self.seats.enter(request);
            let mut seat = seat.lock().await;
            seat.renew(&self.server, request).await
        })
    }

    fn release<'a>(&'a self, request: &'a Request) -> Op<'a, Withdrawn> {
        Box::pin(async move {
            let seat = self.seats.enter(request);
            let withdrawn = seat.lock().await.release(&self.server, request).await?;
            self.seats.leave(request.id);
            Ok(withdrawn)
        })
    }

    fn inspect<'a>(&'a self, name: &'a Name) -> Op<'a, Status> {
        Box::pin(async move {
            let (row, _) = self.server.ask(&sql::row(name)).await?;
            let (waiting, _) = self.server.ask(&sql::waiters(name)).await?;
            Ok(status::status(row.first(), &waiting))
        })
    }
}
