//! Leases kept by etcd, 3.4 or later: by one server or by a cluster of them.
//!
//! A **session** is a lease of etcd's, kept alive by this process: it answers for liveness. A
//! **request** is a key that belongs to a session, and the order in which the keys of a lock were
//! created is the line for it. Who stands first holds the lock; with a [`Mode`] that leaves room,
//! so do those behind it who have room too. The recipe is that of etcd's own client for Go
//! (`concurrency.Session` and `Mutex`), with what is said below.
//!
//! | key | value | |
//! |---|---|---|
//! | `lockset/lock/NAME/ID/MODE` | who, what for, since when | one for each request |
//! | `lockset/session/LEASE` | none | where attempts had to be recalled |
//!
//! NAME has `%2F` for a slash and `%25` for a percent sign, ID is the request's, and MODE is
//! `exclusive`, `shared`, or `2-of-5` for permits. All keys belong to a session, so nothing is left
//! behind. A user needs to read and write `lockset/` and its keys, no more.
//!
//! # Round trips
//!
//! To take the lock and to give it back is one transaction each. The acquiring one is sent together
//! with a keep-alive, since the lease counts from then; the answers come together. All locks of
//! one [`Etcd`] with the same TTL share a session, which is one transaction more when it begins,
//! and it ends when nothing has been held or waited for during a TTL. A hand-over is the release,
//! which etcd tells the next in line: that one asks no more.
//!
//! # Fences
//!
//! A fence is the revision at which the request's key was created. A store's revision rises with
//! each change, for ever, also across restarts and elections. Only if a cluster is made anew from
//! a backup does it go back: `etcdutl snapshot restore --bump-revision` (3.6) is against that.
//!
//! [`while_held`] puts the fence into a transaction of yours: etcd then writes only if the lock is
//! still held, by a comparison that no pause can outdate.
//!
//! # Waiting
//!
//! A waiter is told by a watch, and sends nothing while it waits but the keep-alives of its
//! session, one for all. Who waits for the lock alone watches the key before its own, and the one
//! before that: so a release wakes two and not all. `etcd/watching.rs` says how none is missed.
//!
//! # What bounds the safety
//!
//! - **The TTL.** A lease lasts from before the latest keep-alive that counts. One counts if it was
//!   answered under the same leader as an exchange that a majority confirmed, not sent before it;
//!   a leader that was replaced, and has not noticed, may say what it wants.
//! - **The server's clock**, as to how fast it goes; nobody can set it, since it is the monotonic
//!   one of the leader's machine. A new leader counts all leases from the start.
//! - **The session.** If it is lost, so is everything that it had: each of its leases says so at
//!   its next renewal at the latest, and who waits gets a new place at the end of the line.
//! - Whoever deletes a key by hand takes the lock from its holder, who hears of it at its next
//!   renewal.
//!
//! # How long a dead holder keeps the lock
//!
//! Longer than its TTL. etcd counts in whole seconds, rounds up, and takes no less than one and a
//! half election timeouts, which is 2 s as it comes; it looks for what has ended twice a second. So
//! with a TTL of 10 s it is 10.5 s at most, and with one of 300 ms 2.5 s. If a leader is elected
//! in that time, it begins again, and an election timeout (1 s) is added. What a living process
//! has lost or stopped renewing does not take that long: its key is removed when its TTL is over.
//!
//! # Faults
//!
//! One server is spoken to at a time. If the connection breaks, or the server says nothing for a
//! second while there are others, the next one is asked. An attempt may be repeated, since its key
//! has the request's id in it. One without an answer may come to be done at any later time, also
//! after it was undone; `etcd/take.rs` says what keeps it from taking the lock then.

mod claims;
mod connection;
mod endpoint;
mod fault;
mod flag;
mod held;
mod kept;
mod key;
mod line;
mod session;
mod status;
mod take;
mod url;
mod watching;

use core::fmt;
use std::sync::Arc;
use std::time::Duration;

use etcd_client::{Compare, CompareOp};
use lockset_api::{Error, ErrorKind, Lease as _, Name};

use crate::store::{Attempt, LeaseStore, Op, Renewed, Status, Wake, Withdrawn};
use crate::{Mode, RemoteLease, Request};
use connection::Connection;
use kept::Kept;

pub use etcd_client;

/// The leases of one etcd, of however many servers.
///
/// Its locks share a connection, and a session for each TTL.
pub struct Etcd {
    label: String,
    #[cfg(feature = "etcd-tls")]
    servers: url::Servers,
    #[cfg(feature = "etcd-tls")]
    tls: endpoint::Tls,
    kept: Arc<Kept>,
}

impl Etcd {
    /// The server or servers at `url`. Nothing is sent yet.
    ///
    /// It is `etcd://USER:PASSWORD@HOST:PORT,HOST:PORT`, where all but one host may be missing;
    /// user and password have `%40` for an `@`, and so on. With `etcds`, TLS is spoken (feature
    /// `etcd-tls`), and whom the system trusts is trusted, unless it is told
    /// otherwise by `with_root_certificates`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] if that is not such a URL, [`ErrorKind::Unsupported`] for TLS where it
    /// is not built in.
    ///
    /// # Examples
    ///
    /// ```
    /// use lockset_api::{Lease, Lock, Released};
    /// use lockset_remote::{Locks, etcd::Etcd};
    ///
    /// # let server = testbed::Etcd::start().unwrap();
    /// # let url = server.url();
    /// let locks = Locks::new(Etcd::new(&url)?);
    /// let lease = locks.lock("billing/nightly")?.lock()?;
    /// assert!(lease.fence().value() > 0);
    /// assert_eq!(lease.release()?, Released::InTime);
    /// # Ok::<(), lockset_api::Error>(())
    /// ```
    pub fn new(url: &str) -> Result<Self, Error> {
        let servers = url::parse(url)?;
        let connection = Connection::new(servers.clone(), &endpoint::Tls::default())?;
        Ok(Self {
            label: servers.to_string(),
            kept: Arc::new(Kept::new(connection)),
            #[cfg(feature = "etcd-tls")]
            servers,
            #[cfg(feature = "etcd-tls")]
            tls: endpoint::Tls::default(),
        })
    }

    /// Trusts servers whose certificate one of these has signed (PEM, one or more), and no others.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] if there is no TLS in the URL, or if these are no certificates.
    #[cfg(feature = "etcd-tls")]
    pub fn with_root_certificates(self, roots: &[u8]) -> Result<Self, Error> {
        crate::tls::roots(roots)?;
        let tls = endpoint::Tls { roots: Some(roots.to_owned()), ..self.tls.clone() };
        self.with_tls(tls)
    }

    /// Shows this certificate to servers that ask for one; both are PEM.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] if there is no TLS in the URL, or if these are not a certificate and
    /// its key.
    #[cfg(feature = "etcd-tls")]
    pub fn with_client_certificate(self, certificate: &[u8], key: &[u8]) -> Result<Self, Error> {
        crate::tls::certificates(certificate)?;
        let identity = Some((certificate.to_owned(), key.to_owned()));
        let tls = endpoint::Tls { identity, ..self.tls.clone() };
        self.with_tls(tls)
    }

    #[cfg(feature = "etcd-tls")]
    fn with_tls(self, tls: endpoint::Tls) -> Result<Self, Error> {
        if !self.servers.is_tls {
            let why = "certificates are for TLS, which a URL asks for by etcds://";
            return Err(Error::new(ErrorKind::Config, why));
        }
        let connection = Connection::new(self.servers.clone(), &tls)?;
        Ok(Self { tls, kept: Arc::new(Kept::new(connection)), ..self })
    }
}

/// What is true of etcd's store as long as the lock is held, for a transaction of yours: the write
/// is then made by etcd only if nobody else can hold the lock by then.
///
/// It is the strongest way to use a lock kept by etcd, since no pause and no delay can come between
/// the check and the write. The data must be in the same etcd, and for a lease of another store it
/// is never true.
///
/// # Examples
///
/// ```
/// use etcd_client::{Client, Txn, TxnOp};
/// use lockset_api::{AsyncLock, Lease};
/// use lockset_remote::{Locks, etcd::{Etcd, etcd_client, while_held}};
///
/// # let server = testbed::Etcd::start().unwrap();
/// # let (url, address) = (server.url(), server.addr().to_string());
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// let lease = Locks::new(Etcd::new(&url)?).lock("billing")?.lock_async().await?;
/// let mut data = Client::connect([address], None).await?;
///
/// let write = Txn::new().when([while_held(&lease)]).and_then([TxnOp::put("total", "7", None)]);
/// assert!(data.txn(write.clone()).await?.succeeded());
///
/// lease.release_async().await?;
/// assert!(!data.txn(write).await?.succeeded());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
#[must_use]
pub fn while_held(lease: &RemoteLease) -> Compare {
    let created = lease.fence().value().cast_signed();
    Compare::create_revision(key::of(lease.request()), CompareOp::Equal, created)
}

impl fmt::Debug for Etcd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the servers: they know the password.
        f.debug_struct("Etcd").field("label", &self.label).finish_non_exhaustive()
    }
}

impl LeaseStore for Etcd {
    fn label(&self) -> &str {
        &self.label
    }

    fn check(&self, names: &[Name], _: Mode) -> Result<(), Error> {
        match names {
            [_] => Ok(()),
            _ => Err(Error::new(ErrorKind::Unsupported, "a lock kept by etcd has one name")),
        }
    }

    fn attempt<'a>(&'a self, request: &'a Request, patience: Duration) -> Op<'a, Attempt> {
        Box::pin(self.kept.attempt(request, patience))
    }

    fn wait<'a>(&'a self, request: &'a Request, round: u32, _: Duration) -> Op<'a, Wake> {
        Box::pin(self.kept.wait(request, round))
    }

    fn renew<'a>(&'a self, request: &'a Request) -> Op<'a, Renewed> {
        Box::pin(self.kept.renew(request))
    }

    fn release<'a>(&'a self, request: &'a Request) -> Op<'a, Withdrawn> {
        Box::pin(self.kept.release(request))
    }

    fn inspect<'a>(&'a self, name: &'a Name) -> Op<'a, Status> {
        Box::pin(self.kept.inspect(name))
    }
}
